//! The thread that looks after the directory once a second: it writes the file `ends` and asks
//! whether the store's own threads still live. The writer does neither: its next sync would wait.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::sync::watch;

use super::{dir::Dir, ends::Ends, partitions::Partitions, store::Store, writer::report};

const RHYTHM: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    pub(super) dir: Dir,
    pub(super) store: Arc<Store>,
    pub(super) partitions: Arc<Partitions>,
    pub(super) fatal: watch::Sender<Option<String>>,
    /// What the file says.
    pub(super) written: Ends,
}

impl Keeper {
    /// Works until the other side of `stop` is gone, then writes the file once more.
    pub(super) fn run(mut self, stop: &mpsc::Receiver<()>) {
        while stop.recv_timeout(RHYTHM) == Err(mpsc::RecvTimeoutError::Timeout) {
            self.write_ends();
            if self.store.probe().is_err() {
                report(&self.fatal, "the store failed in the background".to_owned());
            }
        }
        self.write_ends();
    }

    fn write_ends(&mut self) {
        let ends = self.partitions.ends();
        if ends == self.written {
            return;
        }
        match ends.write(&self.dir) {
            Ok(()) => self.written = ends,
            // The old file is still a lower bound; the next tick tries again.
            Err(error) => tracing::warn!(%error, "file of durable ends was not written"),
        }
    }
}
