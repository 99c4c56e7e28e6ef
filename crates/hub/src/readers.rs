//! Shared readers: a partition is read once, and a record projected once per plan, however many
//! subscriptions follow.

mod projector;
mod shown;

use std::{fmt, sync::Arc};

use ndxp_log::{Log, Partition, ReadError, ReadLimits};

#[expect(unused_imports, reason = "the delivery of subscriptions is being moved onto it")]
pub(crate) use {
    projector::Projector,
    shown::{Handed, Judged, Shown},
};

use shown::Facts;

/// The one way from the log to the subscriptions.
pub(crate) struct Readers {
    log: Arc<dyn Log>,
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
    pub(crate) fn new(log: Arc<dyn Log>) -> Self {
        Self { log }
    }

    /// Reads what follows `from`, as a projector shows it: at most `limits`, of which the bytes are
    /// those of the records as stored, and at least one record if there is one. At the durable end
    /// the page is empty and `next` is `from`. Cancel-safe.
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
        // Seen before the read: below it nothing will appear any more.
        let end = *self.log.follow(at)?.borrow();
        let stored = self.log.read(at, from, limits).await?;
        let next = stored.last().map_or(from.max(end), |last| last.offset + 1);
        let facts = stored.into_iter().map(|stored| Arc::new(Facts::read(stored)));
        let records = facts.map(|facts| Arc::new(shown_by.show(&facts))).collect();
        Ok(Page { records, next })
    }
}
