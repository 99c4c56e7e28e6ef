//! The hub's own key for pseudonyms: record keys and record ids as consumers see them.
//!
//! Holder: every node of one hub, file `keys/pseudonym.key`, mode 0600. Loss: ids and pseudonymous
//! keys that consumers hold no longer match what follows. It is never derived from anything else.

use std::{fmt, fs, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use ndxp_model::{AgencyId, DatasetName};
use sha2::Sha256;

const FILE: &str = "pseudonym.key";

/// The pseudonym key.
#[derive(Clone)]
pub struct Keys(Hmac<Sha256>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

impl Keys {
    /// Makes a key from 32 random bytes and stores it in `dir`, readable by its owner alone.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn create(dir: &Path, random: &[u8; 32]) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(dir.join(FILE))?;
        file.write_all(hex::encode(random).as_bytes())?;
        file.sync_all()
    }

    /// Reads the key of `dir`.
    ///
    /// # Errors
    /// The file is missing, unreadable, or not 64 hexadecimal digits.
    pub fn load(dir: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(dir.join(FILE))?;
        let bytes = hex::decode(text.trim())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not 64 hexadecimal digits"))?;
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not 64 hexadecimal digits"))?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Wraps key bytes.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length"))
    }

    /// Returns the pseudonym of a record's key for one consumer of one dataset: stable, so that
    /// order by key and folding still work, and useless to any other consumer.
    pub(crate) fn key(&self, consumer: &AgencyId, dataset: &DatasetName, key: &[u8]) -> String {
        self.tag("key", consumer, dataset, &[key])
    }

    /// Returns a record's id for one consumer, the same at every redelivery.
    pub(crate) fn record_id(
        &self,
        consumer: &AgencyId,
        dataset: &DatasetName,
        source: &[u8],
        id: &[u8],
    ) -> String {
        self.tag("record-id", consumer, dataset, &[source, id])
    }

    /// The first 16 bytes of an HMAC over length-prefixed parts, in hexadecimal.
    fn tag(&self, of: &str, consumer: &AgencyId, dataset: &DatasetName, parts: &[&[u8]]) -> String {
        let mut mac = self.0.clone();
        let dataset = dataset.to_string();
        let fixed = [of.as_bytes(), consumer.as_str().as_bytes(), dataset.as_bytes()];
        for part in fixed.iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.finalize().into_bytes();
        hex::encode(tag.get(..16).unwrap_or_default())
    }
}
