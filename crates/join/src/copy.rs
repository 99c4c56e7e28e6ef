//! A copy of a log directory: opening a store changes it.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use tempfile::TempDir;

use crate::JoinError;

/// Copies `ends` and the store of a log directory, or of the `log` in a hub's data directory.
pub(crate) fn of(dir: &Path) -> Result<TempDir, JoinError> {
    let inner = dir.join("log");
    let log = if inner.join("store").is_dir() { inner.as_path() } else { dir };
    if !log.join("store").is_dir() {
        return Err(JoinError::NoLog(dir.to_owned()));
    }
    let copy = tempfile::tempdir().map_err(JoinError::read(std::env::temp_dir()))?;
    if log.join("ends").is_file() {
        let (from, to) = (log.join("ends"), copy.path().join("ends"));
        fs::copy(&from, to).map_err(JoinError::read(from))?;
    }
    tree(&log.join("store"), &copy.path().join("store")).map_err(JoinError::read(log))?;
    Ok(copy)
}

fn tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &to)?;
        } else {
            file(&entry.path(), &to)?;
        }
    }
    Ok(())
}

/// Copies a file, leaving holes for zeros: a journal is 64 MiB from its first byte on.
fn file(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let zeros = vec![0; 256 * 1024];
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
    to.set_len(length)
}
