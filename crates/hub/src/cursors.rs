//! Places in a dataset as clients hold them: encrypted and authenticated, so that nobody learns from
//! one how many records there are, and nobody makes one up.
//!
//! A cursor is `1 ‖ key id (4) ‖ salt (16) ‖ counter (8) ‖ AES-256-GCM of the positions`, each 8 bytes,
//! big-endian: with 64 partitions 557 bytes. The subscription's name and the log's incarnation are
//! authenticated with it, so it is good for nothing else. Whoever seals takes a random salt, derives
//! a key of its own from it and counts: no nonce comes twice under one key, and a cursor shows no
//! count but that of its own stream.
//!
//! Holder: every node of one hub, file `keys/cursor.key`, mode 0600. Loss: cursors that clients hold
//! are `CURSOR_INVALID`; what the hub itself remembers of each subscription is not touched.

use std::{fmt, fs, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use ndxp_model::SubscriptionName;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

const FILE: &str = "cursor.key";
const VERSION: u8 = 1;
const ID: usize = 4;
const SALT: usize = 16;
const COUNTER: usize = 8;
const HEAD: usize = 1 + ID + SALT + COUNTER;

/// The key of cursors.
#[derive(Clone)]
pub struct CursorKey {
    id: [u8; ID],
    mac: Hmac<Sha256>,
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(hidden)")
    }
}

impl CursorKey {
    /// Reads the key of `dir`, or makes it from 32 random bytes if it is not there: a hub that was
    /// begun by an older version has none.
    ///
    /// # Errors
    /// The file is unreadable, cannot be written, or is not 64 hexadecimal digits.
    pub fn load_or_create(dir: &Path, random: &[u8; 32]) -> io::Result<Self> {
        let path = dir.join(FILE);
        let mut options = fs::OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                file.write_all(hex::encode(random).as_bytes())?;
                file.sync_all()?;
                Ok(Self::from_bytes(random))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(&path),
            Err(error) => Err(error),
        }
    }

    fn load(path: &Path) -> io::Result<Self> {
        let mut bytes = [0; 32];
        let text = fs::read_to_string(path)?;
        hex::decode_to_slice(text.trim(), &mut bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not 64 hexadecimal digits"))?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Wraps key bytes.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mac = Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length");
        let digest = Sha256::digest([b"ndxp cursor key id".as_slice(), bytes].concat());
        Self { id: *digest.first_chunk().unwrap_or(&[0; ID]), mac }
    }

    /// Prepares to seal cursors of one subscription: a stream does so once. `salt` is random.
    pub(crate) fn sealer(&self, salt: [u8; SALT], subject: Subject<'_>) -> Sealer {
        let mut head = vec![VERSION];
        head.extend_from_slice(&self.id);
        head.extend_from_slice(&salt);
        Sealer { head, key: self.derived(&salt), subject: subject.bytes(), count: 0 }
    }

    /// Reads a cursor; nothing if it was not sealed by this hub for this subject.
    pub(crate) fn open(&self, cursor: &[u8], subject: Subject<'_>) -> Option<Vec<u64>> {
        let (head, sealed) = cursor.split_at_checked(HEAD)?;
        let (id, rest) = head.strip_prefix(&[VERSION])?.split_at_checked(ID)?;
        let (salt, counter) = rest.split_at_checked(SALT)?;
        if id != self.id {
            return None;
        }
        let key = self.derived(salt);
        let mut bytes = sealed.to_vec();
        let nonce = nonce(u64::from_be_bytes(counter.try_into().ok()?));
        let opened = key.open_in_place(nonce, Aad::from(subject.bytes()), &mut bytes).ok()?;
        let (positions, rest) = opened.as_chunks();
        rest.is_empty().then(|| positions.iter().map(|at| u64::from_be_bytes(*at)).collect())
    }

    #[expect(clippy::expect_used, reason = "a digest of 32 bytes is a key of 32 bytes")]
    fn derived(&self, salt: &[u8]) -> LessSafeKey {
        let mut mac = self.mac.clone();
        mac.update(b"ndxp cursor");
        mac.update(salt);
        let derived = mac.finalize().into_bytes();
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived).expect("it has 32 bytes"))
    }
}

/// What a cursor is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) subscription: &'a SubscriptionName,
    pub(crate) incarnation: &'a str,
}

impl Subject<'_> {
    fn bytes(self) -> Vec<u8> {
        // Neither has a line break.
        format!("{}\n{}", self.subscription, self.incarnation).into_bytes()
    }
}

/// Seals the cursors of one stream.
pub(crate) struct Sealer {
    head: Vec<u8>,
    key: LessSafeKey,
    subject: Vec<u8>,
    count: u64,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

impl Sealer {
    /// Seals positions, an offset a partition.
    #[expect(clippy::expect_used, reason = "AES-GCM takes more than 64 partitions' bytes")]
    pub(crate) fn seal(&mut self, positions: &[u64]) -> Bytes {
        // 2^64 cursors are never reached.
        self.count += 1;
        let mut bytes: Vec<u8> = positions.iter().flat_map(|at| at.to_be_bytes()).collect();
        let aad = Aad::from(&self.subject);
        let sealed = self.key.seal_in_place_append_tag(nonce(self.count), aad, &mut bytes);
        sealed.expect("so few bytes can be sealed");
        [self.head.as_slice(), &self.count.to_be_bytes(), &bytes].concat().into()
    }
}

fn nonce(count: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&count.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn subject(name: &SubscriptionName) -> Subject<'_> {
        Subject { subscription: name, incarnation: "i-1" }
    }

    #[test]
    fn cursor_reads_back_and_stays_small() {
        let (key, name) = (CursorKey::from_bytes(&[1; 32]), "land/all".parse().unwrap());
        let mut sealer = key.sealer([2; SALT], subject(&name));
        let positions: Vec<u64> = (0..64).map(|n| u64::MAX - n).collect();
        let cursor = sealer.seal(&positions);
        assert!(cursor.len() <= 1_024, "{}", cursor.len());
        assert_eq!(key.open(&cursor, subject(&name)), Some(positions));
        assert_eq!(key.open(&sealer.seal(&[]), subject(&name)), Some(vec![]));
    }

    #[test]
    fn equal_places_make_unlike_cursors() {
        let (key, name) = (CursorKey::from_bytes(&[1; 32]), "land/all".parse().unwrap());
        let mut sealer = key.sealer([2; SALT], subject(&name));
        let one = sealer.seal(&[7]);
        assert_ne!(one, sealer.seal(&[7]), "that nothing moved must not show");
        assert_ne!(one, key.sealer([3; SALT], subject(&name)).seal(&[7]));
    }

    #[test]
    fn foreign_or_damaged_cursor_is_none() {
        let (key, name) = (CursorKey::from_bytes(&[1; 32]), "land/all".parse().unwrap());
        let cursor = key.sealer([2; SALT], subject(&name)).seal(&[1, 2, 3]);
        let other: SubscriptionName = "land/some".parse().unwrap();
        assert_eq!(key.open(&cursor, subject(&other)), None, "another subscription's");
        let restored = Subject { subscription: &name, incarnation: "i-2" };
        assert_eq!(key.open(&cursor, restored), None, "another log's");
        assert_eq!(CursorKey::from_bytes(&[9; 32]).open(&cursor, subject(&name)), None);
        for at in 0..cursor.len() {
            let mut damaged = cursor.to_vec();
            damaged[at] ^= 1;
            assert_eq!(key.open(&damaged, subject(&name)), None, "byte {at}");
            assert_eq!(key.open(&cursor[..at], subject(&name)), None, "cut at {at}");
        }
    }
}
