//! Whole files: read, or written beside their place and renamed into it.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::DirectoryError;

pub(crate) fn read(path: &Path) -> Result<String, DirectoryError> {
    fs::read_to_string(path)
        .map_err(|source| DirectoryError::Read { path: path.to_owned(), source })
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), DirectoryError> {
    replace(path, text, Readers::All)
        .map_err(|source| DirectoryError::Write { path: path.to_owned(), source })
}

pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), DirectoryError> {
    replace(path, text, Readers::Owner)
        .map_err(|source| DirectoryError::Write { path: path.to_owned(), source })
}

#[derive(Clone, Copy)]
enum Readers {
    All,
    Owner,
}

fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let beside = beside(path);
    // What an interrupted run left behind may have other rights than the ones asked for here.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Readers::Owner = readers {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(&beside)?.write_all(text.as_bytes())?;
    fs::rename(&beside, path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
