//! The log under a hub of a test.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ndxp_hub::NodeTls;
use ndxp_log::{
    Log,
    embedded::{Config, Embedded, FreeSpace},
    memory::{Faults, Memory},
};
use tempfile::TempDir;
use tokio::sync::watch;

/// What must stay free on the pretended disk.
const MIN_FREE: u64 = 1 << 30;

/// Which engine a hub of a test runs on.
#[derive(Debug)]
pub enum Engine {
    /// In memory, with faults.
    Memory(Arc<Memory>),
    /// In memory, with other nodes beside it.
    Node {
        /// The node's view of the log.
        log: Arc<Memory>,
        /// By what the nodes know each other.
        beside: NodeTls,
    },
    /// fjall in a directory of its own, on a disk whose free space the test says.
    Embedded {
        /// The engine.
        log: Arc<Embedded>,
        /// Its directory, gone with it.
        dir: Arc<TempDir>,
        /// Bytes that are free.
        free: Arc<AtomicU64>,
    },
}

impl Engine {
    /// Makes an empty engine in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(Arc::new(Memory::new()))
    }

    /// Makes an empty engine in a temporary directory.
    #[must_use]
    pub fn embedded() -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a temporary directory can be made"));
        let free = Arc::new(AtomicU64::new(u64::MAX));
        Self::open(dir, free)
    }

    fn open(dir: Arc<TempDir>, free: Arc<AtomicU64>) -> Self {
        let disk = Arc::clone(&free);
        let free_space = FreeSpace::measured(move |_| Ok(disk.load(Ordering::SeqCst)));
        let config = Config { min_free: MIN_FREE, free_space, ..Config::new(dir.path()) };
        let log = Arc::new(Embedded::open(config).expect("the engine opens"));
        Self::Embedded { log, dir, free }
    }

    /// Returns the log.
    #[must_use]
    pub fn log(&self) -> Arc<dyn Log> {
        match self {
            Self::Memory(log) | Self::Node { log, .. } => Arc::clone(log) as Arc<dyn Log>,
            Self::Embedded { log, .. } => Arc::clone(log) as Arc<dyn Log>,
        }
    }

    /// Returns the handle that injects faults.
    ///
    /// # Panics
    /// On the embedded engine, which has none.
    #[must_use]
    pub fn faults(&self) -> Faults {
        match self {
            Self::Memory(log) | Self::Node { log, .. } => log.faults(),
            Self::Embedded { .. } => panic!("only the engine in memory has faults"),
        }
    }

    /// Says how many bytes are free on the disk.
    ///
    /// # Panics
    /// On the engine in memory, which has no disk.
    pub fn set_free(&self, bytes: u64) {
        match self {
            Self::Memory(_) | Self::Node { .. } => panic!("the engine in memory has no disk"),
            Self::Embedded { free, .. } => free.store(bytes, Ordering::SeqCst),
        }
    }

    pub(crate) fn failed(&self) -> watch::Receiver<Option<String>> {
        match self {
            Self::Memory(_) | Self::Node { .. } => watch::Sender::new(None).subscribe(),
            Self::Embedded { log, .. } => log.fatal(),
        }
    }

    /// Opens the log again after `kill -9`: what the ended process still does reaches it no more.
    pub(crate) async fn killed(self) -> Self {
        match self {
            Self::Memory(log) => Self::Memory(Arc::new(log.faults().kill())),
            other @ (Self::Embedded { .. } | Self::Node { .. }) => other.reopen().await,
        }
    }

    /// Opens the same log again, as after the end of a process.
    pub(crate) async fn reopen(self) -> Self {
        match self {
            kept @ (Self::Memory(_) | Self::Node { .. }) => kept,
            Self::Embedded { log, dir, free } => {
                log.close().await;
                drop(log);
                Self::open(dir, free)
            }
        }
    }
}
