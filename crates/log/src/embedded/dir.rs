//! The directory: its names, its lock, and the journal set aside while opening.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// How often a damaged journal is kept: a restart loop must not fill the disk.
const MOST_KEPT: u32 = 9;

/// The layout of a log directory.
#[derive(Debug, Clone)]
pub(super) struct Dir {
    root: PathBuf,
}

/// The lock of a directory: given back when the last clone is dropped, and when the process ends.
#[derive(Debug, Clone)]
pub(super) struct Lock(
    #[cfg_attr(not(test), expect(dead_code, reason = "held for its drop"))] Arc<Locked>,
);

#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    /// Closing the file is not enough: a child process that is being started has it open, too, for
    /// the moment between fork and exec.
    fn drop(&mut self) {
        // The close that follows is all that is left to do.
        let _ = self.0.unlock();
    }
}

impl Dir {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Says whether a store was ever made here.
    pub(super) fn has_store(&self) -> io::Result<bool> {
        self.store().join("version").try_exists()
    }

    pub(super) fn ends(&self) -> PathBuf {
        self.root.join("ends")
    }

    fn aside(&self) -> PathBuf {
        self.root.join("journal-before-opening")
    }

    /// Makes the directory and takes its lock; `None` if another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<Lock>> {
        fs::create_dir_all(&self.root)?;
        let path = self.root.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(Arc::new(Locked(file))))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Copies the journal before the store opens it: opening cuts it at the first damage. A copy
    /// that an opening left behind when it was killed is older and stays.
    pub(super) fn set_journal_aside(&self) -> io::Result<()> {
        if !self.has_store()? || self.aside().try_exists()? {
            return Ok(());
        }
        let part = self.root.join("journal-before-opening.part");
        if part.try_exists()? {
            fs::remove_dir_all(&part)?;
        }
        fs::create_dir(&part)?;
        for file in fs::read_dir(self.store())? {
            let from = file?.path();
            if let (Some("jnl"), Some(name)) =
                (from.extension().and_then(|ext| ext.to_str()), from.file_name())
            {
                copy_sparse(&from, &part.join(name))?;
            }
        }
        fs::rename(part, self.aside())
    }

    /// Removes the copy: the opened store holds what it must.
    pub(super) fn drop_journal_copy(&self) -> io::Result<()> {
        if self.aside().try_exists()? {
            fs::remove_dir_all(self.aside())?;
        }
        Ok(())
    }

    /// Keeps the copy for whoever repairs the directory, and says where.
    pub(super) fn keep_journal_copy(&self) -> io::Result<Option<PathBuf>> {
        if !self.aside().try_exists()? {
            return Ok(None);
        }
        for number in 1..=MOST_KEPT {
            let kept = self.root.join(format!("journal-damaged-{number}"));
            if !kept.try_exists()? {
                fs::rename(self.aside(), &kept)?;
                sync_dir(&self.root)?;
                return Ok(Some(kept));
            }
        }
        self.drop_journal_copy()?;
        Ok(Some(self.root.join("journal-damaged-1")))
    }
}

/// Makes names in a directory durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Copies a file, leaving holes for zeros: a journal is 64 MiB from its first byte on.
fn copy_sparse(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = File::create(to)?;
    let zeros = vec![0; 64 * 1024];
    let mut chunk = zeros.clone();
    let mut length = 0;
    loop {
        let count = from.read(&mut chunk)?;
        let Some(filled) = chunk.get(..count).filter(|filled| !filled.is_empty()) else { break };
        length += count as u64;
        if zeros.starts_with(filled) {
            to.seek(SeekFrom::Start(length))?;
        } else {
            to.write_all(filled)?;
        }
    }
    to.set_len(length)?;
    to.sync_all()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn lock_is_free_again_although_a_child_process_still_has_its_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Dir::new(dir.path().to_owned());
        let lock = dir.lock().unwrap().unwrap();
        assert!(dir.lock().unwrap().is_none(), "it is taken");
        let inherited = lock.0.0.try_clone().unwrap();
        drop(lock);
        assert!(dir.lock().unwrap().is_some());
        drop(inherited);
    }
}
