//! The bare store, for measuring: one batch, one sync, and nothing of a log around it.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{
    dir::{Dir, Lock},
    keys::{FIRST_DATA_TOPIC, PartitionId},
    store::{Store, StoreError},
};
use crate::AppendError;

/// Bytes of the store's cache of blocks: nothing is read.
const CACHE: u64 = 1 << 20;

/// The store with the engine's settings, without its thread, its frames and its readers. What it
/// holds is no log: use a directory of its own.
#[derive(Debug)]
pub struct Baseline {
    store: Store,
    next: u64,
}

impl Baseline {
    /// Makes a store in an empty directory. Blocks.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] with what the file system said.
    pub fn create(dir: &Path) -> Result<Self, AppendError> {
        let (path, lock) = locked(dir)?;
        let store = Store::open(&path, CACHE, lock).map_err(said)?;
        Ok(Self { store, next: 0 })
    }

    /// Appends values as one batch, durable when it returns, as the engine's are. Blocks.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] with what the store said.
    pub fn append(&mut self, values: &[Bytes]) -> Result<(), AppendError> {
        let at = PartitionId { topic: FIRST_DATA_TOPIC, number: 0 };
        let mut batch = self.store.batch();
        for value in values {
            batch.put(at, self.next, value.clone());
            self.next += 1;
        }
        batch.commit().map_err(said)
    }
}

fn locked(dir: &Path) -> Result<(PathBuf, Lock), AppendError> {
    let dir = Dir::new(dir.to_owned());
    let lock = dir.lock().map_err(|error| AppendError::Unavailable(error.to_string()))?;
    let taken = || AppendError::Unavailable("the directory is in use".to_owned());
    Ok((dir.store(), lock.ok_or_else(taken)?))
}

fn said(error: StoreError) -> AppendError {
    AppendError::Unavailable(format!("{error:?}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_there_after_opening_again() {
        let dir = tempfile::tempdir().unwrap();
        let values = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
        let mut baseline = Baseline::create(dir.path()).unwrap();
        baseline.append(&values).unwrap();
        baseline.append(&values).unwrap();
        drop(baseline);
        let (path, lock) = locked(dir.path()).unwrap();
        let store = Store::open(&path, CACHE, lock).unwrap();
        let at = PartitionId { topic: FIRST_DATA_TOPIC, number: 0 };
        assert_eq!(store.last(at).unwrap(), Some((3, Bytes::from_static(b"b"))));
    }
}
