//! How far a partition stands in the window, where several nodes write: a task reads on what others
//! write, and what this node wrote it need not read.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use ndxp_log::{Log, Partition, ReadError, Stored};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Dataset, Held,
    load::{named, seen},
};
use crate::fold::PAGE;

/// So long a call waits for what the log is known to hold. It need not: its records say how far this
/// node had read, and readers sort out the rest.
const MOMENT: Duration = Duration::from_millis(20);
/// Of more than this a reader would have to look at too much.
const LONG: u64 = 5_000;
/// So long a call waits for that much.
const PATIENCE: Duration = Duration::from_secs(10);
/// What comes within this is read together, and calls of this node note their own records first.
const PAUSE: Duration = Duration::from_millis(2);
/// Without a call for so long nobody reads on.
const IDLE: Duration = Duration::from_secs(600);
/// After an error.
const RETRY: Duration = Duration::from_secs(1);

/// One partition. Dropping it ends its task.
#[derive(Debug)]
pub(super) struct Course {
    /// Below this offset every record's id stands in the window.
    learned: watch::Sender<u64>,
    /// Records behind it that this node wrote.
    ahead: BTreeSet<u64>,
    reading: Option<AbortHandle>,
}

impl Drop for Course {
    fn drop(&mut self) {
        if let Some(reading) = &self.reading {
            reading.abort();
        }
    }
}

impl Course {
    pub(super) fn new(learned: u64) -> Self {
        let (learned, ahead) = (watch::Sender::new(learned), BTreeSet::new());
        Self { learned, ahead, reading: None }
    }

    pub(super) fn learned(&self) -> u64 {
        *self.learned.borrow()
    }

    /// Notes a record that this node wrote.
    pub(super) fn wrote(&mut self, offset: u64) {
        match offset.cmp(&self.learned()) {
            Ordering::Less => {}
            Ordering::Equal => self.advance(offset + 1),
            Ordering::Greater => _ = self.ahead.insert(offset),
        }
    }

    /// Notes that all below this was read.
    fn advance(&mut self, mut to: u64) {
        while let Some(first) = self.ahead.first().copied().filter(|first| *first <= to) {
            to = to.max(first + 1);
            self.ahead.remove(&first);
        }
        self.learned.send_if_modified(|learned| {
            let moves = *learned < to;
            *learned = to.max(*learned);
            moves
        });
    }

    fn is_read(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| !reading.is_finished())
    }
}

impl Dataset {
    /// Lets partitions be read on, and returns where to see how far they are.
    pub(super) fn courses<'a>(
        self: &Arc<Self>,
        log: &Arc<dyn Log>,
        held: &mut Held,
        ends: &'a BTreeMap<u32, u64>,
    ) -> Vec<(watch::Receiver<u64>, &'a u64)> {
        held.used = Some(Instant::now());
        let mut courses = Vec::with_capacity(ends.len());
        for (number, end) in ends {
            let Some(course) = held.courses.get_mut(number) else { continue };
            let learned = course.learned.subscribe();
            if !course.is_read() {
                let reading =
                    read_on(Arc::downgrade(self), Arc::clone(log), *number, learned.clone());
                course.reading = Some(tokio::spawn(reading).abort_handle());
            }
            courses.push((learned, end));
        }
        courses
    }

    /// Takes what was read of a partition; returns whether to go on.
    async fn take(&self, number: u32, page: &[Stored]) -> bool {
        let read: Vec<_> =
            page.iter().filter_map(|stored| Some((stored, named(stored)?))).collect();
        let mut held = self.held.lock().await;
        for (stored, (id, facts)) in read {
            // This node's own are there, most of all: no hash of theirs is needed.
            if !held.window.seen.contains_key(&id) {
                held.window.note([(id, seen(stored, &facts))]);
            }
        }
        if let (Some(course), Some(last)) = (held.courses.get_mut(&number), page.last()) {
            course.advance(last.offset + 1);
        }
        held.used.is_some_and(|used| used.elapsed() < IDLE)
    }

    async fn skip(&self, number: u32, earliest: u64) {
        if let Some(course) = self.held.lock().await.courses.get_mut(&number) {
            course.advance(earliest);
        }
    }
}

/// Waits until the window has what the log is known to hold: a moment, unless that is much.
pub(super) async fn caught_up(courses: Vec<(watch::Receiver<u64>, &u64)>) -> Result<(), ReadError> {
    let started = Instant::now();
    for (mut learned, end) in courses {
        let behind = |learned: &watch::Receiver<u64>| end.saturating_sub(*learned.borrow());
        let patience = if behind(&learned) < LONG { MOMENT } else { PATIENCE };
        let reached = learned.wait_for(|learned| learned >= end);
        let reached = timeout_at(started + patience, reached).await.is_ok_and(|kept| kept.is_ok());
        if !reached && behind(&learned) >= LONG {
            let text = "what other nodes have written to the dataset cannot be read";
            return Err(ReadError::Unavailable(text.into()));
        }
    }
    Ok(())
}

/// Reads a partition on until nobody asks for it any more.
async fn read_on(
    dataset: Weak<Dataset>,
    log: Arc<dyn Log>,
    number: u32,
    learned: watch::Receiver<u64>,
) {
    let Some(at) = dataset.upgrade().map(|dataset| dataset.partition(number)) else { return };
    let Ok(mut end) = log.follow(&at) else { return };
    loop {
        let more = end.wait_for(|end| *end > *learned.borrow());
        if !matches!(timeout(IDLE, more).await, Ok(Ok(_))) {
            return;
        }
        sleep(PAUSE).await;
        let from = *learned.borrow();
        if !read_page(&dataset, &log, &at, from).await {
            return;
        }
    }
}

async fn read_page(dataset: &Weak<Dataset>, log: &Arc<dyn Log>, at: &Partition, from: u64) -> bool {
    let end = log.follow(at).map_or(0, |end| *end.borrow());
    if end <= from {
        return true; // this node's own, all of it
    }
    let page = log.read(at, from, PAGE).await;
    let Some(dataset) = dataset.upgrade() else { return false };
    match page {
        Ok(page) if !page.is_empty() => return dataset.take(at.number, &page).await,
        Err(ReadError::Expired { earliest, .. }) => dataset.skip(at.number, earliest).await,
        Ok(_) => sleep(RETRY).await,
        Err(error) => {
            tracing::debug!(%error, %at, "what others wrote is not read yet");
            sleep(RETRY).await;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_records_count_once_nothing_lies_between() {
        let mut course = Course::new(10);
        for (offset, learned) in [(12, 10), (13, 10), (10, 11), (9, 11), (11, 14)] {
            course.wrote(offset);
            assert_eq!(course.learned(), learned, "after {offset}");
        }
        course.wrote(20);
        course.advance(17);
        assert_eq!((course.learned(), course.ahead.len()), (17, 1));
        course.advance(20);
        assert_eq!((course.learned(), course.ahead.len()), (21, 0));
    }
}
