//! Why a directory does not open.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why the engine did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("log directory {} is in use by another process, which holds its file `lock`", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// What is stored is less, or other, than what was acknowledged. Nothing is repaired silently.
    #[error(
        "log directory {} is damaged: {damage}{}; restore a backup, or accept the loss by \
         removing its file `ends`", dir.display(), kept_text(kept.as_ref())
    )]
    Corrupt {
        /// The directory.
        dir: PathBuf,
        /// What is wrong.
        damage: Damage,
        /// Where the journal is kept as it was before opening, if it was touched.
        kept: Option<PathBuf>,
    },
    /// The store was written by a version of the hub that this one does not know.
    #[error("log directory {} has format {format}, which this version does not know", dir.display())]
    Format {
        /// The directory.
        dir: PathBuf,
        /// What it says.
        format: String,
    },
    /// The file system refused something.
    #[error("log directory {} cannot be used while {doing}", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// What is wrong with a directory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Damage {
    /// Acknowledged records are gone.
    #[error("{partition} ends at {stored}, but {acknowledged} records of it were acknowledged")]
    EndBehind {
        /// The partition.
        partition: String,
        /// The end in the store.
        stored: u64,
        /// The end in the file `ends`, itself at most a second behind.
        acknowledged: u64,
    },
    /// A record between two others is gone.
    #[error("{partition} has no record at {missing}, but one behind it")]
    Gap {
        /// The partition.
        partition: String,
        /// The first offset that is gone.
        missing: u64,
    },
    /// A stored item cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What it is.
        what: String,
        /// Why not.
        why: String,
    },
    /// The file `ends` is there, but not what was written.
    #[error("the file `ends` is not as it was written")]
    Ends,
    /// The file `ends` is there, the store is not.
    #[error("the folder `store` is missing")]
    NoStore,
}

fn kept_text(kept: Option<&PathBuf>) -> String {
    kept.map_or_else(String::new, |path| {
        format!("; its journal as it was before this opening is in {}", path.display())
    })
}
