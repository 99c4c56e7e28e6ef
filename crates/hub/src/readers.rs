//! Shared readers: a partition is read once, and a record projected once per plan, however many
//! subscriptions follow.
//!
//! What was read lately is held in a [`Window`] within the node's budget. Subscriptions that follow
//! the end meet there: fifty that wake for the same record cost one read and, if their agreements
//! are of equal text, one projection. One that lags reads for itself, displaces nothing of what the
//! others need, and meets them when it has caught up.
//!
//! Invariants: a view belongs to one plan of one dataset, and what a plan shows of a record does not
//! depend on who asked first; what is held never exceeds the budget, whatever the number of streams;
//! a stream that does not read holds nothing here.

mod chunk;
#[cfg(feature = "measure")]
pub mod measure;
mod projector;
mod repeats;
mod shown;
#[cfg(test)]
mod tests;
mod window;

use std::{fmt, sync::Arc};

use ndxp_log::{Log, Partition, ReadError, ReadLimits};
use tokio::sync::Semaphore;

pub(crate) use {
    projector::Projector,
    shown::{Handed, Judged, Shown, key_hash},
};

use crate::metrics::{Metrics, SourceLabels};
use chunk::{Chunk, Shows};
use window::{Distance, Flight, Found, Window};

/// The memory that a node gives to what it holds for its subscriptions.
const BUDGET: usize = 512 << 20;
/// How much is read at once: what fits into one delivered frame.
const PAGE: ReadLimits = ReadLimits { records: 500, bytes: 3 << 20 };
/// Up to how many records before the durable end a reader counts as one that follows it.
const NEAR: u64 = 4_096;
/// Who asks for so few records far from the end fetches them one by one, to hand them out again.
const FEW: usize = 8;
/// How many reads of laggards are under way at once: bounds what they take beside the window.
const FAR_READS: usize = 8;

/// The one way from the log to the subscriptions.
pub(crate) struct Readers {
    log: Arc<dyn Log>,
    metrics: Arc<Metrics>,
    window: Window,
    far_reads: Semaphore,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}

/// What one read returned.
#[derive(Debug)]
pub(crate) struct Page {
    /// Every record that was read, in the order of the log, withheld and unreadable ones too.
    pub records: Vec<Arc<Shown>>,
    /// Where to go on. It may lie beyond the last record: holes are passed.
    pub next: u64,
}

impl Readers {
    pub(crate) fn new(log: Arc<dyn Log>, metrics: Arc<Metrics>) -> Self {
        Self::within(BUDGET, log, metrics)
    }

    fn within(budget: usize, log: Arc<dyn Log>, metrics: Arc<Metrics>) -> Self {
        let far_reads = Semaphore::new(FAR_READS);
        // There from the start, so that a rate can be taken of the first ones.
        for source in ["shared", "own"] {
            let _ = metrics.reads.get_or_create(&SourceLabels { source });
        }
        Self { log, metrics, window: Window::new(budget), far_reads }
    }

    /// Reads what follows `from`, as a projector shows it: at most `limits`, of which the bytes are
    /// those of the records as stored, and at least one record if there is one. Without a record,
    /// there is none below `next`. Cancel-safe.
    ///
    /// # Errors
    /// Those of [`Log::read`].
    pub(crate) async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
        shown_by: &Projector,
    ) -> Result<Page, ReadError> {
        let mut page = Page { records: Vec::new(), next: from };
        let mut room = limits;
        while let Some(chunk) = self.chunk(at, &page, limits.records).await? {
            let shows = chunk.shown(shown_by, |bytes| self.window.grow(at, &chunk, bytes)).await;
            if !page.take(&chunk, &shows, &mut room) {
                break;
            }
        }
        self.metrics.window_bytes.set(self.window.bytes() as u64);
        Ok(page)
    }

    /// Lets go of what was held for too long. To be called now and then.
    pub(crate) fn sweep(&self) {
        self.window.sweep();
        self.metrics.window_bytes.set(self.window.bytes() as u64);
    }

    /// Returns the stretch that a page goes on with: from memory, or for an empty page from the log.
    async fn chunk(
        &self,
        at: &Partition,
        page: &Page,
        asked: usize,
    ) -> Result<Option<Arc<Chunk>>, ReadError> {
        if !page.records.is_empty() {
            return Ok(self.window.held(at, page.next));
        }
        loop {
            // Seen first: below it nothing will appear any more.
            let end = *self.log.follow(at)?.borrow();
            let is_single = asked <= FEW && end.saturating_sub(page.next) > NEAR;
            let most = if is_single { asked.max(1) } else { PAGE.records };
            let (from, records, flight) = match self.window.find(at, page.next, most) {
                Found::Held(chunk) => {
                    self.count("shared");
                    return Ok(Some(chunk));
                }
                Found::Awaited { from, records, flight } => (from, records, flight),
            };
            let chunk = self.fly(at, from, records, &flight).await?;
            let reaches = chunk.from <= page.next && page.next < chunk.next;
            if reaches {
                return Ok(Some(chunk));
            }
            // A read that began before the end moved found less than is there now: then again.
            if end <= page.next {
                return Ok(None);
            }
        }
    }

    /// Reads, or waits for who does. If that one goes away, this one reads.
    async fn fly(
        &self,
        at: &Partition,
        from: u64,
        records: usize,
        flight: &Flight,
    ) -> Result<Arc<Chunk>, ReadError> {
        let mut source = "shared";
        let chunk = flight.get_or_try_init(|| async {
            source = "own";
            self.load(at, from, ReadLimits { records, ..PAGE }).await
        });
        let chunk = Arc::clone(chunk.await?);
        self.count(source);
        Ok(chunk)
    }

    async fn load(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Arc<Chunk>, ReadError> {
        let end = *self.log.follow(at)?.borrow();
        let is_near = end.saturating_sub(from) <= NEAR;
        let distance = if is_near { Distance::Near } else { Distance::Far };
        let _turn = match distance {
            Distance::Near => None,
            // The semaphore is never closed.
            Distance::Far => self.far_reads.acquire().await.ok(),
        };
        let mut stored = self.log.read(at, from, limits).await?;
        let next = stored.last().map_or(from.max(end), |last| last.offset + 1);
        let repeated = repeats::among(&self.log, at, &stored).await?;
        self.metrics.repeats_dropped.inc_by(repeated.len() as u64);
        stored.retain(|one| !repeated.contains(&one.offset));
        let chunk = Arc::new(Chunk::new(from, next, stored));
        self.window.hold(at, &chunk, distance);
        Ok(chunk)
    }

    fn count(&self, source: &'static str) {
        self.metrics.reads.get_or_create(&SourceLabels { source }).inc();
    }
}

impl Page {
    /// Takes what there is room for, and says whether there is room for more.
    fn take(&mut self, chunk: &Chunk, shows: &Shows, room: &mut ReadLimits) -> bool {
        let start = shows.partition_point(|shown| shown.offset < self.next);
        for shown in shows.get(start..).unwrap_or_default() {
            let fits = room.records > 0 && shown.stored_bytes() <= room.bytes;
            if !fits && !self.records.is_empty() {
                return false;
            }
            room.records = room.records.saturating_sub(1);
            room.bytes = room.bytes.saturating_sub(shown.stored_bytes());
            self.next = shown.offset + 1;
            self.records.push(Arc::clone(shown));
        }
        self.next = chunk.next;
        room.records > 0
    }
}
