//! The embedded engine, opened and closed off the runtime.

use std::{path::PathBuf, sync::Arc};

use ndxp_hub::LogSize;
use ndxp_log::{
    Log,
    embedded::{Config, Embedded, OpenError},
};
use thiserror::Error;
use tokio::sync::watch;

use super::HubDirectory;
use crate::config::LogConfig;

/// Why the log does not open.
#[derive(Debug, Error)]
pub(crate) enum OpenFailed {
    /// Nobody has begun a hub there.
    #[error("{} holds no hub: begin one with ndxp init, or ndxp dev", data.display())]
    NoHub {
        /// The hub's directory.
        data: PathBuf,
    },
    /// The engine says why.
    #[error(transparent)]
    Engine(#[from] OpenError),
    /// Opening panicked.
    #[error("opening the log panicked")]
    Panicked,
}

/// The open engine.
#[derive(Debug)]
pub(crate) struct Engine {
    log: Arc<Embedded>,
    path: PathBuf,
}

impl Engine {
    /// Opens the log of a hub that has begun.
    pub(crate) async fn open(data: &HubDirectory, log: &LogConfig) -> Result<Self, OpenFailed> {
        if !data.is_begun() {
            return Err(OpenFailed::NoHub { data: data.path().to_owned() });
        }
        Self::create(data, log).await
    }

    /// Opens the log, or makes it.
    pub(crate) async fn create(data: &HubDirectory, log: &LogConfig) -> Result<Self, OpenFailed> {
        let path = data.log();
        let config = Config { min_free: log.min_free.0, ..Config::new(&path) };
        let opening = tokio::task::spawn_blocking(move || Embedded::open(config));
        let log = opening.await.map_err(|_| OpenFailed::Panicked)??;
        Ok(Self { log: Arc::new(log), path })
    }

    pub(crate) fn log(&self) -> Arc<dyn Log> {
        Arc::<Embedded>::clone(&self.log)
    }

    pub(crate) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.log.fatal()
    }

    /// Tells the size of all files of the log.
    pub(crate) fn size(&self) -> LogSize {
        let path = self.path.clone();
        Arc::new(move || size_of(&path))
    }

    /// Finishes what is queued and releases the directory.
    pub(crate) async fn close(self) {
        self.log.close().await;
    }
}

fn size_of(path: &std::path::Path) -> u64 {
    // A file that goes away while the sizes are added up has no size.
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
