//! A stretch of a partition in memory, with what plans show of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_log::Stored;
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{
    projector::{Projector, ViewId},
    shown::{Facts, Shown},
};

/// What a stretch or a view holds beside its records: maps, queues, cells.
const OVERHEAD: usize = 512;
/// Above so many bytes a stretch is projected on a thread that may block: about a millisecond's work.
const LARGE: usize = 512 << 10;

/// Records that follow each other, from `from` up to `next`; holes among them are known as such.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) from: u64,
    pub(super) next: u64,
    pub(super) bytes: usize,
    records: Vec<Arc<Facts>>,
    views: Mutex<HashMap<ViewId, View>>,
}

/// What one plan shows of a stretch, made by the first who asks.
type View = Arc<OnceCell<Shows>>;

/// What one plan shows of a stretch, record by record.
pub(super) type Shows = Arc<[Arc<Shown>]>;

impl Chunk {
    pub(super) fn new(from: u64, next: u64, stored: Vec<Stored>) -> Self {
        let records: Vec<_> = stored.into_iter().map(|one| Arc::new(Facts::read(one))).collect();
        let bytes = OVERHEAD + records.iter().map(|facts| facts.bytes()).sum::<usize>();
        Self { from, next, bytes, records, views: Mutex::default() }
    }

    /// Returns what a plan shows, projecting only if nobody has yet; `made` hears how many bytes a
    /// new view takes. Cancel-safe: who goes away leaves the work to the next.
    pub(super) async fn shown(self: &Arc<Self>, by: &Projector, made: impl FnOnce(usize)) -> Shows {
        let view = {
            let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
            match views.get(by.id()) {
                Some(view) => Arc::clone(view),
                None => Arc::clone(views.entry(by.id().clone()).or_default()),
            }
        };
        let shows = view.get_or_init(|| async {
            let shows = self.project(by).await;
            made(OVERHEAD + shows.iter().map(|shown| shown.bytes()).sum::<usize>());
            shows
        });
        Arc::clone(shows.await)
    }

    #[cfg(feature = "measure")]
    pub(super) fn project_now(&self, by: &Projector) -> Shows {
        by.show_all(&self.records)
    }

    async fn project(self: &Arc<Self>, by: &Projector) -> Shows {
        if self.bytes > LARGE {
            let (chunk, by) = (Arc::clone(self), by.clone());
            // A panic of the projection is met again, where it can be seen.
            if let Ok(shows) = spawn_blocking(move || by.show_all(&chunk.records)).await {
                return shows;
            }
        }
        by.show_all(&self.records)
    }
}
