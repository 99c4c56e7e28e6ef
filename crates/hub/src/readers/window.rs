//! What is held in memory of the partitions: stretches that were read lately, within a budget.

mod queue;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use ndxp_log::Partition;
use tokio::{sync::OnceCell, time::Instant};

use super::chunk::Chunk;
use queue::Queue;

/// How long a stretch is held at most. Who is further behind reads on its own; and what retention
/// deletes does not live on in memory.
pub(super) const HELD_FOR: Duration = Duration::from_secs(120);

/// Where a stretch lies, seen from the durable end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distance {
    /// At the end, or close: where subscriptions meet.
    Near,
    /// Read by one that lags. It is held apart, in an eighth of the budget, so that it displaces
    /// nothing that the others need, and yet serves those who lag together.
    Far,
}

/// One read of the log, shared by all who wait for it.
pub(super) type Flight = Arc<OnceCell<Arc<Chunk>>>;

/// The same for whoever does not wait.
type Waited = Weak<OnceCell<Arc<Chunk>>>;

/// What there is at an offset.
#[derive(Debug)]
pub(super) enum Found {
    Held(Arc<Chunk>),
    /// Somebody reads from `from` on, which will probably reach the offset.
    Awaited {
        from: u64,
        records: usize,
        flight: Flight,
    },
}

/// All that is held. Locked for moments only.
#[derive(Debug)]
pub(super) struct Window(Mutex<State>);

#[derive(Debug)]
struct State {
    partitions: HashMap<Partition, Held>,
    near: Queue,
    far: Queue,
}

#[derive(Debug, Default)]
struct Held {
    /// By their first offset; they never overlap.
    chunks: BTreeMap<u64, Entry>,
    /// By the offset they read from. One that nobody waits for any more is dead.
    flights: BTreeMap<u64, (usize, Waited)>,
}

#[derive(Debug)]
struct Entry {
    chunk: Arc<Chunk>,
    distance: Distance,
    bytes: usize,
}

impl Window {
    pub(super) fn new(budget: usize) -> Self {
        let far = budget / 8;
        let (near, far) = (Queue::new(budget - far), Queue::new(far));
        Self(Mutex::new(State { partitions: HashMap::new(), near, far }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is held is consistent between statements; after a panic it is at worst too little.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the stretch that holds `from`, if it is there.
    pub(super) fn held(&self, at: &Partition, from: u64) -> Option<Arc<Chunk>> {
        self.state().partitions.get(at)?.holding(from)
    }

    /// Returns the stretch that holds `from`, or the read to wait for: a new one reads at most
    /// `most` records and stops before what is held or awaited already.
    pub(super) fn find(&self, at: &Partition, from: u64, most: usize) -> Found {
        let mut state = self.state();
        let held = state.partitions.entry(at.clone()).or_default();
        if let Some(chunk) = held.holding(from) {
            return Found::Held(chunk);
        }
        held.flights.retain(|_, (_, flight)| flight.strong_count() > 0);
        if let Some((begun, records, flight)) = held.flying_to(from) {
            return Found::Awaited { from: begun, records, flight };
        }
        let records = held.room_behind(from).map_or(most, |room| room.min(most));
        let flight = Flight::default();
        held.flights.insert(from, (records, Arc::downgrade(&flight)));
        Found::Awaited { from, records, flight }
    }

    /// Holds a stretch that was read, and lets go of the oldest beyond the budget.
    pub(super) fn hold(&self, at: &Partition, chunk: &Arc<Chunk>, distance: Distance) {
        let mut state = self.state();
        let held = state.partitions.entry(at.clone()).or_default();
        held.flights.remove(&chunk.from);
        // A read from a compacted partition may have gone over a hole into what is held.
        if chunk.next > chunk.from && !held.overlaps(chunk) {
            let entry = Entry { chunk: Arc::clone(chunk), distance, bytes: chunk.bytes };
            held.chunks.insert(chunk.from, entry);
            state.queue(distance).push(at.clone(), chunk.from, chunk.bytes);
        }
        state.shrink();
        state.forget_if_empty(at);
    }

    /// Counts what a new view of a stretch takes, if the stretch is still held.
    pub(super) fn grow(&self, at: &Partition, chunk: &Arc<Chunk>, bytes: usize) {
        let mut state = self.state();
        let entry = state.partitions.get_mut(at).and_then(|held| held.chunks.get_mut(&chunk.from));
        let Some(entry) = entry.filter(|entry| Arc::ptr_eq(&entry.chunk, chunk)) else { return };
        entry.bytes += bytes;
        let distance = entry.distance;
        state.queue(distance).grow(bytes);
        state.shrink();
    }

    /// Lets go of what was held for too long, and of reads that nobody waits for any more.
    pub(super) fn sweep(&self) {
        let mut state = self.state();
        state.shrink();
        state.partitions.retain(|_, held| {
            held.flights.retain(|_, (_, flight)| flight.strong_count() > 0);
            !held.chunks.is_empty() || !held.flights.is_empty()
        });
    }

    /// Returns how many bytes are held.
    pub(super) fn bytes(&self) -> usize {
        let state = self.state();
        state.near.bytes() + state.far.bytes()
    }
}

impl State {
    fn queue(&mut self, distance: Distance) -> &mut Queue {
        match distance {
            Distance::Near => &mut self.near,
            Distance::Far => &mut self.far,
        }
    }

    fn shrink(&mut self) {
        let Some(since) = Instant::now().checked_sub(HELD_FOR) else { return };
        for distance in [Distance::Near, Distance::Far] {
            while let Some((at, from)) = self.queue(distance).oldest_due(since) {
                let entry = self.partitions.get_mut(&at).and_then(|held| held.chunks.remove(&from));
                let bytes = entry.map_or(0, |entry| entry.bytes);
                self.queue(distance).gone(bytes);
                self.forget_if_empty(&at);
            }
        }
    }

    /// A partition that nobody reads leaves nothing behind.
    fn forget_if_empty(&mut self, at: &Partition) {
        let is_empty = |held: &Held| held.chunks.is_empty() && held.flights.is_empty();
        if self.partitions.get(at).is_some_and(is_empty) {
            self.partitions.remove(at);
        }
    }
}

impl Held {
    fn holding(&self, from: u64) -> Option<Arc<Chunk>> {
        let (_, entry) = self.chunks.range(..=from).next_back()?;
        (from < entry.chunk.next).then(|| Arc::clone(&entry.chunk))
    }

    fn flying_to(&self, from: u64) -> Option<(u64, usize, Flight)> {
        let (begun, (records, flight)) = self.flights.range(..=from).next_back()?;
        let reaches = from < begun.saturating_add(*records as u64);
        reaches.then_some(())?;
        Some((*begun, *records, flight.upgrade()?))
    }

    /// Each record has an offset of its own, so as many records as offsets never reach too far.
    fn room_behind(&self, from: u64) -> Option<usize> {
        let chunk = self.chunks.range(from..).next().map(|(first, _)| *first);
        let flight = self.flights.range(from..).next().map(|(first, _)| *first);
        let next = chunk.into_iter().chain(flight).min()?;
        usize::try_from(next - from).ok()
    }

    fn overlaps(&self, chunk: &Chunk) -> bool {
        let before = self.chunks.range(..chunk.next).next_back();
        before.is_some_and(|(_, other)| other.chunk.next > chunk.from)
    }
}
