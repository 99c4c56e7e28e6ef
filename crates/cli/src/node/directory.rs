//! A hub's directory.
//!
//! ```text
//! <data>/log/     the log, where its engine is the embedded one
//! <data>/kafka/   a lock, where the log is on Kafka
//! <data>/keys/    the hub's own keys, mode 0600
//! <data>/pki/     a development authority's files, where there is one
//! <data>/nation/  what `ndxp dev` has loaded
//! ```

use std::path::{Path, PathBuf};

/// Where things are in a hub's directory.
#[derive(Debug, Clone)]
pub(crate) struct HubDirectory(PathBuf);

impl HubDirectory {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(crate) fn kafka(&self) -> PathBuf {
        self.0.join("kafka")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    pub(crate) fn projections(&self) -> PathBuf {
        self.0.join("projections")
    }

    pub(crate) fn pki(&self) -> ndxp_pki::Directory {
        ndxp_pki::Directory::new(self.0.join("pki"))
    }

    pub(crate) fn nation(&self) -> PathBuf {
        self.0.join("nation")
    }
}
