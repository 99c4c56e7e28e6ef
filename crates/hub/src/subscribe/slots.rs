//! The durable progress of every subscription, folded from the delivery topic, and who streams.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use ndxp_delivery::{Applied, DeliveryRecord, Progress, UnreadableRecord, lane};
use ndxp_log::{AppendError, Log, Partition, ReadError, ReadLimits, Record};
use ndxp_model::{HubTopic, LANES, SubscriptionName, Timestamp, Topic};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

/// Why the delivery state cannot be folded. The node does not start.
#[derive(Debug, Error)]
pub enum SlotError {
    /// The log cannot be read.
    #[error("the delivery state cannot be read")]
    Read(#[from] ReadError),
    /// A record is of an unknown kind or damaged.
    #[error("delivery record {offset} of lane {lane} stops this node")]
    Record {
        /// The lane.
        lane: u32,
        /// Its offset.
        offset: u64,
        /// Why.
        source: UnreadableRecord,
    },
}

/// One subscription on this node.
#[derive(Debug)]
struct Slot {
    /// Whoever streams holds it.
    known: Arc<Mutex<Known>>,
    /// Ends the stream that holds it.
    fence: StdMutex<CancellationToken>,
}

/// What the log holds of a subscription.
#[derive(Debug)]
struct Known {
    progress: Progress,
    /// An append is under way, or has an unknown outcome: the log may hold more.
    doubtful: bool,
}

/// All subscriptions with a history, or a stream.
#[derive(Debug)]
pub(crate) struct Slots(StdMutex<HashMap<SubscriptionName, Arc<Slot>>>);

/// The right to stream: held by one stream at a time.
#[derive(Debug)]
pub(crate) struct Turn {
    known: OwnedMutexGuard<Known>,
    /// Cancelled when a newer stream wants the turn.
    pub(crate) fenced: CancellationToken,
}

impl Slots {
    /// Folds all lanes.
    pub(crate) async fn open(log: &Arc<dyn Log>) -> Result<Self, SlotError> {
        let mut folded: HashMap<SubscriptionName, Progress> = HashMap::new();
        for lane in 0..LANES {
            fold(log, lane, &mut folded).await?;
        }
        let slots =
            folded.into_iter().map(|(name, progress)| (name, Arc::new(Slot::new(progress))));
        Ok(Self(StdMutex::new(slots.collect())))
    }

    /// Takes the turn of a subscription, ending the stream that has it.
    pub(crate) async fn turn(
        &self,
        log: &Arc<dyn Log>,
        name: &SubscriptionName,
    ) -> Result<Turn, SlotError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Slot::new(Progress::new(name.clone())));
            Arc::clone(slots.entry(name.clone()).or_insert_with(new))
        };
        let fenced = CancellationToken::new();
        let older = {
            let mut fence = slot.fence.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *fence, fenced.clone())
        };
        older.cancel();
        let mut known = Arc::clone(&slot.known).lock_owned().await;
        if known.doubtful {
            *known = Known { progress: reload(log, name).await?, doubtful: false };
        }
        Ok(Turn { known, fenced })
    }

    /// Says whether a stream of the subscription is open.
    pub(crate) fn is_connected(&self, name: &SubscriptionName) -> bool {
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(name).is_some_and(|slot| slot.known.try_lock().is_err())
    }

    /// Returns the folded state as bytes, in order of names: equal states give equal bytes.
    pub(crate) async fn to_bytes(&self) -> Vec<(SubscriptionName, Vec<u8>)> {
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut all = Vec::new();
        for (name, slot) in slots {
            all.push((name, slot.known.lock().await.progress.to_bytes()));
        }
        all.sort();
        all
    }
}

impl Slot {
    fn new(progress: Progress) -> Self {
        let known = Known { progress, doubtful: false };
        Self { known: Arc::new(Mutex::new(known)), fence: StdMutex::default() }
    }
}

impl Turn {
    pub(crate) fn progress(&self) -> &Progress {
        &self.known.progress
    }

    /// Says that a record is about to be appended. Until [`Turn::apply`] nobody knows whether it
    /// was, and the next turn asks the log.
    pub(crate) fn begin(&mut self) {
        self.known.doubtful = true;
    }

    /// Applies the record that is durable in the lane now.
    pub(crate) fn apply(&mut self, record: &DeliveryRecord) -> Applied {
        self.known.doubtful = false;
        self.known.progress.apply(record)
    }

    /// Appends a record to the lane, then applies it.
    pub(crate) async fn write(
        &mut self,
        log: &Arc<dyn Log>,
        record: DeliveryRecord,
        now: Timestamp,
    ) -> Result<Applied, AppendError> {
        let lane = lane(record.subscription());
        self.begin();
        log.append(HubTopic::Delivery, lane, vec![log_record(&record, now)]).await?;
        Ok(self.apply(&record))
    }
}

/// A delivery record as the log takes it.
pub(crate) fn log_record(record: &DeliveryRecord, now: Timestamp) -> Record {
    let (key, value) = (Some(record.key().into()), record.encode().into());
    Record { key, value, timestamp: now, headers: Vec::new() }
}

async fn fold(
    log: &Arc<dyn Log>,
    lane: u32,
    folded: &mut HashMap<SubscriptionName, Progress>,
) -> Result<(), SlotError> {
    each(log, lane, |record| {
        let name = record.subscription().clone();
        let progress = folded.entry(name.clone()).or_insert_with(|| Progress::new(name));
        // A record of a fenced stream changes nothing, which is what the fold is for.
        let _ = progress.apply(record);
    })
    .await
}

/// Folds one subscription again.
async fn reload(log: &Arc<dyn Log>, name: &SubscriptionName) -> Result<Progress, SlotError> {
    let mut progress = Progress::new(name.clone());
    each(log, lane(name), |record| {
        if record.subscription() == name {
            let _ = progress.apply(record);
        }
    })
    .await?;
    Ok(progress)
}

async fn each(
    log: &Arc<dyn Log>,
    lane: u32,
    mut take: impl FnMut(&DeliveryRecord),
) -> Result<(), SlotError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Delivery), number: lane };
    let mut next = 0;
    loop {
        let page = log.read(&at, next, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.offset + 1;
        // An empty value is a tombstone: what it forgets is in other records.
        for stored in page.iter().filter(|stored| !stored.record.value.is_empty()) {
            let record = DeliveryRecord::decode(&stored.record.value)
                .map_err(|source| SlotError::Record { lane, offset: stored.offset, source })?;
            take(&record);
        }
    }
}
