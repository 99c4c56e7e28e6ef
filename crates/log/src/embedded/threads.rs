//! The engine's two threads.

use std::{
    io,
    sync::{Arc, mpsc as std_mpsc},
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, watch};

use super::{
    Config,
    dir::Dir,
    keeper::Keeper,
    partitions::Partitions,
    space::Gauge,
    store::Store,
    writer::{Job, Writer},
};

type Shared = (Arc<Store>, Arc<Partitions>, watch::Sender<Option<String>>);

/// The writer and the keeper.
#[derive(Debug)]
pub(super) struct Threads {
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    keeping: std_mpsc::Sender<()>,
}

impl Threads {
    pub(super) fn start(
        config: &Config,
        dir: Dir,
        (store, partitions, fatal): Shared,
        jobs: mpsc::Receiver<Job>,
    ) -> io::Result<Self> {
        let writer = Writer {
            store: Arc::clone(&store),
            partitions: Arc::clone(&partitions),
            tail: config.tail,
            gauge: Gauge::new(config.free_space.clone(), config.dir.clone(), config.min_free),
            fatal: fatal.clone(),
        };
        // From here on the file says what is acknowledged.
        let written = partitions.ends();
        written.write(&dir)?;
        let keeper = Keeper { dir, store, partitions, fatal, written };
        let (keeping, stop) = std_mpsc::channel();
        let keeper = thread::Builder::new()
            .name("ndxp-log-keeper".into())
            .spawn(move || keeper.run(&stop))?;
        let writer = thread::Builder::new()
            .name("ndxp-log-writer".into())
            .spawn(move || writer.run(jobs))?;
        Ok(Self { writer, keeper, keeping })
    }

    /// Waits for the writer to finish its queue, whose senders must be gone, then for the keeper.
    /// After a failure it does not wait: the store may hold the writer back for ever, and the
    /// process is about to end.
    pub(super) fn join(self, has_failed: bool) {
        if has_failed {
            return;
        }
        // A panic of the writer was reported as fatal; there is nothing else to do about it here.
        let _ = self.writer.join();
        drop(self.keeping);
        let _ = self.keeper.join();
    }
}
