//! Why nothing could be judged.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a directory or a file of evidence could not be read at all.
#[derive(Debug, Error)]
pub enum JoinError {
    /// There is no store where one should be.
    #[error("{0} holds no log")]
    NoLog(PathBuf),
    /// A file could not be read or copied.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The store could not be opened or read.
    #[error("the store cannot be read")]
    Store(#[from] fjall::Error),
    /// The store has a layout that this reader does not know.
    #[error("the store has a layout that this reader does not know: {0}")]
    Layout(String),
    /// A line of evidence is not what `docs/storage.md` section 7 says.
    #[error("{path}:{line} is no line of evidence")]
    Evidence {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl JoinError {
    /// Names the file of an I/O error.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
