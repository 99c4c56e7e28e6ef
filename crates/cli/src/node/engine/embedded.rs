//! The embedded engine, opened off the runtime.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ndxp_hub::LogSize;
use ndxp_log::{
    Log,
    embedded::{Config, Embedded},
};
use tokio::sync::watch;

use super::OpenFailed;
use crate::{config::LogConfig, node::HubDirectory};

/// The open engine.
#[derive(Debug)]
pub(crate) struct Opened {
    log: Arc<Embedded>,
    path: PathBuf,
}

impl Opened {
    pub(super) async fn new(data: &HubDirectory, log: &LogConfig) -> Result<Self, OpenFailed> {
        let path = data.log();
        let config = Config { min_free: log.min_free.0, ..Config::new(&path) };
        let opening = tokio::task::spawn_blocking(move || Embedded::open(config));
        let log = opening.await.map_err(|_| OpenFailed::Panicked)??;
        Ok(Self { log: Arc::new(log), path })
    }

    pub(super) fn log(&self) -> Arc<dyn Log> {
        Arc::<Embedded>::clone(&self.log)
    }

    pub(super) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.log.fatal()
    }

    pub(super) fn size(&self) -> LogSize {
        let path = self.path.clone();
        Arc::new(move || size_of(&path))
    }

    pub(super) async fn close(self) {
        self.log.close().await;
    }
}

fn size_of(path: &Path) -> u64 {
    // A file that goes away while the sizes are added up has no size.
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
