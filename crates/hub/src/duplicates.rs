//! Which records were taken in the last 24 hours: a retried publish is seen once.
//!
//! A window a dataset, filled from the log when it is first asked for and kept by the calls of this
//! node, so it is exact on one node. Where other nodes write too it is read on (`course`), and a
//! record says how far that was: what came between is sorted out by whoever reads the partition. The
//! last hour or so is in memory; what is older stands in files with a filter each (`segment`), which
//! spare a start the reading of a whole day. What a call is still writing is reserved; after an
//! append of unknown outcome the log itself is asked, before anything else is taken.

mod course;
mod identity;
mod load;
mod seal;
mod segment;
#[cfg(test)]
mod tests;
mod window;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use ndxp_log::{Log, Partition, ReadError};
use ndxp_model::{DatasetName, Timestamp, Topic};
use tokio::{sync::Mutex, time::Instant};

use course::Course;
use identity::{Hash, Seen};
use seal::Sealing;
use segment::Segment;
use window::Window;

pub(crate) use {
    identity::Identity,
    window::{Finding, Reserved},
};

/// How long a record id is remembered: 24 hours.
const WINDOW_MS: i64 = 86_400_000;

/// One dataset's window. The lock is held while the log is read, which happens at the first call
/// and after an unknown outcome only.
#[derive(Debug)]
pub(crate) struct Dataset {
    name: DatasetName,
    partitions: u32,
    /// Where its files are and which log they are of; nothing if all stays in memory.
    files: Option<Files>,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Files {
    dir: PathBuf,
    incarnation: String,
}

#[derive(Debug, Default)]
struct Held {
    loaded: bool,
    window: Window,
    /// Oldest first.
    segments: Vec<Arc<Segment>>,
    /// The offsets below which records stand in segments, one a partition.
    covered: Vec<u64>,
    /// How far each partition stands in the window, where other nodes write too.
    courses: BTreeMap<u32, Course>,
    /// When a call last came, where other nodes write too.
    used: Option<Instant>,
    sealing: Sealing,
}

/// The windows of all datasets.
#[derive(Debug)]
pub(crate) struct Duplicates {
    /// A directory of the node's own, and the log's incarnation.
    files: Option<(PathBuf, String)>,
    windows: StdMutex<HashMap<DatasetName, Arc<Dataset>>>,
}

impl Duplicates {
    /// Keeps its files in `dir`: projections of the log of this incarnation.
    pub(crate) fn new(dir: Option<PathBuf>, incarnation: &str) -> Self {
        let files = dir.map(|dir| (dir.join("duplicates"), incarnation.to_owned()));
        Self { files, windows: StdMutex::default() }
    }

    pub(crate) fn of(&self, name: &DatasetName, partitions: u32) -> Arc<Dataset> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let files = self.files.as_ref().map(|(dir, incarnation)| Files {
                dir: dir.join(format!("{}.{}", name.agency, name.dataset)),
                incarnation: incarnation.clone(),
            });
            Dataset { name: name.clone(), partitions, files, held: Mutex::default() }
        };
        Arc::clone(windows.entry(name.clone()).or_insert_with(|| Arc::new(new())))
    }
}

impl Dataset {
    /// Sorts a batch, reserving what is new, also where something of it clashes: who does not take
    /// all of it gives the rest back with [`Dataset::give_back`]. `ends` are the known ends of the
    /// partitions that the batch goes to: what others wrote before them counts.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        log: &Arc<dyn Log>,
        (batch, ends): (&[Identity], &BTreeMap<u32, u64>),
        now: Timestamp,
    ) -> Result<Reserved, ReadError> {
        let mut held = self.filled(log, now).await?;
        if log.is_shared() {
            let courses = self.courses(log, &mut held, ends);
            drop(held);
            course::caught_up(courses).await?;
            held = self.held.lock().await;
        }
        if !held.window.doubtful.is_empty() {
            let (found, _) = self.read(log, &held.window.doubtful, &BTreeMap::new()).await?;
            held.window.learn(found);
        }
        held.forget_before(Timestamp::from_millis(now.millis() - WINDOW_MS));
        self.seal(log, &mut held, now).await?;
        let older = held.older(batch).await.map_err(unreadable)?;
        let mut reserved = held.window.reserve(batch, now, &older);
        reserved.known =
            held.courses.iter().map(|(number, course)| (*number, course.learned())).collect();
        Ok(reserved)
    }

    /// Gives back what is reserved from an index on: the batch is cut there.
    pub(crate) async fn give_back(&self, reserved: &mut Reserved, from: usize) {
        let ids = reserved.cut(from);
        self.held.lock().await.release(&ids, reserved);
    }

    /// The new records are durable, at these places: what this node wrote it need not read.
    pub(crate) async fn written(
        &self,
        reserved: &Reserved,
        entry: u64,
        places: impl Iterator<Item = (u32, u64)>,
    ) {
        let mut held = self.held.lock().await;
        held.window.settle(reserved.ids(), entry);
        for (partition, offset) in places {
            if let Some(course) = held.courses.get_mut(&partition) {
                course.wrote(offset);
            }
        }
    }

    /// Nothing was written.
    pub(crate) async fn not_written(&self, reserved: &Reserved) {
        self.held.lock().await.release(reserved.ids(), reserved);
    }

    /// Nobody knows: `ends` are the partitions' durable ends from before the append.
    pub(crate) async fn unknown(&self, reserved: Reserved, mut ends: BTreeMap<u32, u64>) {
        let mut held = self.held.lock().await;
        for (partition, passed) in held.passed(&reserved) {
            ends.entry(partition).and_modify(|end| *end = passed.min(*end)).or_insert(passed);
        }
        held.window.doubt(reserved.ids(), ends);
    }

    fn partition(&self, number: u32) -> Partition {
        Partition { topic: Topic::Data(self.name.clone()), number }
    }
}

impl Held {
    /// Nothing was written of these ids. What was read past meanwhile is looked at again.
    fn release(&mut self, ids: &[Hash], reserved: &Reserved) {
        let passed = self.passed(reserved);
        if passed.is_empty() || ids.is_empty() {
            self.window.release(ids);
        } else {
            self.window.doubt(ids, passed);
        }
    }

    /// Returns the partitions that were read on since a reservation, each with the offset from which
    /// on: a record of another node, of an id that was reserved here, was passed over.
    fn passed(&self, reserved: &Reserved) -> BTreeMap<u32, u64> {
        let moved = |number: &u32, known: u64| {
            self.courses.get(number).is_some_and(|course| course.learned() > known)
        };
        let known = reserved.known.iter().map(|(number, known)| (*number, *known));
        known.filter(|(number, known)| moved(number, *known)).collect()
    }

    /// Returns what the segments know of a batch. The filters answer for nearly every new record;
    /// for the others a file is read, off the async threads.
    async fn older(&self, batch: &[Identity]) -> io::Result<HashMap<Hash, Seen>> {
        let maybe = batch.iter().filter(|record| !self.window.seen.contains_key(&record.id));
        let maybe = maybe.flat_map(|record| {
            let holding = self.segments.iter().filter(|segment| segment.may_hold(&record.id));
            holding.map(|segment| (record.id, Arc::clone(segment)))
        });
        let maybe: Vec<_> = maybe.collect();
        if maybe.is_empty() {
            return Ok(HashMap::new());
        }
        let search = move || {
            let found = maybe.iter().map(|(id, segment)| Ok(Some((*id, segment.find(id)?))));
            let found = found.filter_map(|found: io::Result<_>| match found {
                Ok(Some((id, seen))) => seen.map(|seen| Ok((id, seen))),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            });
            found.collect()
        };
        tokio::task::spawn_blocking(search).await.map_err(io::Error::other)?
    }

    fn forget_before(&mut self, oldest: Timestamp) {
        self.window.forget_before(oldest);
        while self.segments.first().is_some_and(|segment| segment.covers.newest < oldest) {
            self.segments.remove(0).remove();
        }
    }
}

fn unreadable(cause: io::Error) -> ReadError {
    ReadError::Unavailable(format!("the ids of older records cannot be read: {cause}"))
}
