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

    /// Prepares what one consumer of one dataset sees instead of keys and ids.
    pub(crate) fn of(&self, consumer: &AgencyId, dataset: &DatasetName) -> Pseudonyms {
        let dataset = dataset.to_string();
        let begun = |what: &str| {
            let mut mac = self.0.clone();
            for part in [what, consumer.as_str(), &dataset] {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part.as_bytes());
            }
            mac
        };
        Pseudonyms { key: begun("key"), record_id: begun("record-id") }
    }
}

/// What one consumer of one dataset sees instead of keys and ids, prepared: the tags of a record
/// cost what is its own.
///
/// A tag is the first 16 bytes of an HMAC-SHA-256 over length-prefixed parts, in hexadecimal.
/// Consumers store them, so the parts never change.
#[derive(Clone)]
pub(crate) struct Pseudonyms {
    key: Hmac<Sha256>,
    record_id: Hmac<Sha256>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(hidden)")
    }
}

impl Pseudonyms {
    /// Returns the pseudonym of a record's key: stable, so that order by key and folding still work,
    /// and useless to any other consumer.
    pub(crate) fn key(&self, key: &[u8]) -> String {
        tag(&self.key, &[key])
    }

    /// Returns a record's id, the same at every redelivery.
    pub(crate) fn record_id(&self, source: &[u8], id: &[u8]) -> String {
        tag(&self.record_id, &[source, id])
    }
}

fn tag(begun: &Hmac<Sha256>, parts: &[&[u8]]) -> String {
    let mut mac = begun.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let tag = mac.finalize().into_bytes();
    hex(tag.first_chunk().unwrap_or(&[0; 16]))
}

/// A table and one allocation: `hex::encode` goes through an iterator of characters.
fn hex(bytes: &[u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four & 0xf)]);
    let mut text = String::with_capacity(32);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Consumers hold these for years.
    #[test]
    fn pseudonyms_never_change() {
        let keys = Keys::from_bytes(&[7; 32]);
        let (consumer, dataset) = ("tax".parse().unwrap(), "moj/persons".parse().unwrap());
        let pseudonyms = keys.of(&consumer, &dataset);
        assert_eq!(pseudonyms.key(b"079123456789"), "abcafa78fdd43f9fc5a4fcba5eab1dce");
        assert_eq!(
            pseudonyms.record_id(b"/agency/moj/system/civil", b"r-1"),
            "ca6b2b49cfc9a9732215b60cdb9b7097"
        );
    }
}
