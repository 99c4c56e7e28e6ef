//! The one consumer that follows the ends of partitions: the brokers answer it as soon as there is
//! something new, and what it gets fills the windows.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    types::RDKafkaErrorCode,
};

use super::{
    context::Context,
    message,
    partitions::{Slot, lock},
    questions::Questions,
};
use crate::Stored;

/// How long a partition may wait until it is followed, and the engine until the thread ends.
const TURN: Duration = Duration::from_millis(50);
/// How often partitions that nobody follows any more are let go.
const SWEEP: Duration = Duration::from_secs(10);
/// So many records, or bytes, are handed on at once at most.
const PAGE: usize = 256;
const PAGE_BYTES: usize = 256 * 1024;

/// The handle of the thread.
#[derive(Debug)]
pub(super) struct Tail {
    follow: mpsc::Sender<Arc<Slot>>,
    has_ended: Arc<AtomicBool>,
}

impl Tail {
    pub(super) fn start(
        config: &ClientConfig,
        context: Context,
        questions: Arc<Questions>,
    ) -> Result<Self, StartError> {
        let mut config = config.clone();
        // One queue for all partitions; the thread empties it as fast as it fills.
        config.set("queued.max.messages.kbytes", "4096").set("queued.min.messages", "10000");
        // A partition that is followed anew waits for the answer to the fetch that is under way.
        config.set("fetch.wait.max.ms", "100");
        let consumer = BaseConsumer::from_config_and_context(&config, context)?;
        let (follow, asked) = mpsc::channel();
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        thread::Builder::new().name("kafka-tail".into()).spawn(move || {
            Follower { consumer, questions, slots: HashMap::new() }.run(&asked, &ended)
        })?;
        Ok(Self { follow, has_ended })
    }

    /// Lets the thread follow a partition from its known end on, if it does not already.
    pub(super) fn follow(&self, slot: &Arc<Slot>) {
        if !slot.is_followed.swap(true, Ordering::AcqRel) {
            // The thread is gone only when the engine is.
            let _ = self.follow.send(Arc::clone(slot));
        }
    }

    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why a thread with a consumer could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Client(#[from] KafkaError),
    #[error("no thread: {0}")]
    Thread(#[from] io::Error),
}

/// Records of one partition that have come together: who waits for them is woken once.
#[derive(Default)]
struct Page {
    slot: Option<Arc<Slot>>,
    records: Vec<Stored>,
    bytes: usize,
}

impl Page {
    fn add(&mut self, slot: &Arc<Slot>, stored: Stored) {
        if self.slot.as_ref().is_none_or(|mine| !Arc::ptr_eq(mine, slot)) {
            self.hand_on();
            self.slot = Some(Arc::clone(slot));
        }
        self.bytes += stored.record.size();
        self.records.push(stored);
        if self.records.len() >= PAGE || self.bytes >= PAGE_BYTES {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        if let Some(slot) = &self.slot {
            slot.arrive(std::mem::take(&mut self.records));
        }
        self.bytes = 0;
    }
}

struct Follower {
    consumer: BaseConsumer<Context>,
    questions: Arc<Questions>,
    slots: HashMap<String, HashMap<i32, Arc<Slot>>>,
}

impl Follower {
    fn run(mut self, asked: &mpsc::Receiver<Arc<Slot>>, has_ended: &AtomicBool) {
        let mut swept = Instant::now();
        while !has_ended.load(Ordering::Acquire) {
            let new: Vec<_> = asked.try_iter().collect();
            self.report(self.add(&new));
            for slot in new {
                self.slots.entry(slot.topic.clone()).or_default().insert(slot.number, slot);
            }
            self.take_for(TURN);
            if swept.elapsed() > SWEEP {
                swept = Instant::now();
                let result = self.sweep();
                self.report(result);
            }
        }
        let all = self.slots.values().flat_map(HashMap::values);
        all.for_each(|slot| lock(&slot.window).close());
    }

    fn take_for(&mut self, turn: Duration) {
        let until = Instant::now() + turn;
        let mut page = Page::default();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // Nothing in hand waits for what is to come.
            let wait = if page.records.is_empty() { left } else { Duration::ZERO };
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    if let Some(slot) = self.slot(message.topic(), message.partition()) {
                        page.add(slot, message::stored(&message));
                    }
                }
                Some(Err(error)) => {
                    let result = self.mend(&error);
                    self.report(result);
                }
                None => page.hand_on(),
            }
            if left.is_zero() {
                return page.hand_on();
            }
        }
    }

    fn slot(&self, topic: &str, number: i32) -> Option<&Arc<Slot>> {
        self.slots.get(topic)?.get(&number)
    }

    /// Follows partitions from their known ends on.
    fn add(&self, slots: &[Arc<Slot>]) -> KafkaResult<()> {
        if slots.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for slot in slots {
            let end = *slot.end.borrow();
            lock(&slot.window).open(end);
            let offset = Offset::Offset(message::raw(end));
            list.add_partition_offset(&slot.topic, slot.number, offset)?;
        }
        self.consumer.incremental_assign(&list)
    }

    /// Lets go what nobody follows: its reads go to the brokers again.
    fn sweep(&mut self) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for slots in self.slots.values_mut() {
            slots.retain(|_, slot| {
                let is_wanted = || slot.end.receiver_count() > 0;
                if is_wanted() {
                    return true;
                }
                slot.is_followed.store(false, Ordering::Release);
                // Somebody may have come between: then either of us follows it again.
                if is_wanted() && !slot.is_followed.swap(true, Ordering::AcqRel) {
                    return true;
                }
                lock(&slot.window).close();
                list.add_partition(&slot.topic, slot.number);
                false
            });
        }
        if list.count() == 0 { Ok(()) } else { self.consumer.incremental_unassign(&list) }
    }

    /// Looks after an error: librdkafka mends most of them by itself.
    fn mend(&self, error: &KafkaError) -> KafkaResult<()> {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AutoOffsetReset) {
            tracing::debug!(%error, "the follower of the ends met an error");
            return Ok(());
        }
        // Some partition's end moved from under it, by retention, say. The error does not say
        // which, and it is rare: all of them start again.
        tracing::warn!(%error, "the followed ends are looked up anew");
        self.consumer.unassign()?;
        let slots: Vec<_> = self.slots.values().flat_map(HashMap::values).cloned().collect();
        let of: Vec<_> = slots.iter().map(|slot| (slot.topic.as_str(), slot.number)).collect();
        for (slot, end) in slots.iter().zip(self.questions.ends(&of)?) {
            slot.reach(end);
        }
        self.add(&slots)
    }

    fn report(&self, result: KafkaResult<()>) {
        if let Err(error) = result {
            tracing::error!(%error, "the ends of partitions cannot be followed");
        }
    }
}
