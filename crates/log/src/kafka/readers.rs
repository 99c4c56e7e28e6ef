//! A pool of consumers that read pages: each stands in one partition at a time, and a read that
//! goes on where one stands costs no round trip.

use std::{
    io,
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    context::Context,
    message,
    partitions::{Slot, lock},
    questions::Questions,
    tail::StartError,
};
use crate::{ReadError, ReadLimits, Stored, budget::Budget};

/// After this a consumer without work lets its partition go, and with it what it fetched ahead.
const IDLE: Duration = Duration::from_secs(10);

/// What is to be read: a page of `from..end`.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) slot: Arc<Slot>,
    pub(super) from: u64,
    pub(super) end: u64,
    pub(super) limits: ReadLimits,
}

struct Job {
    wanted: Wanted,
    deadline: Instant,
    reply: oneshot::Sender<Result<Vec<Stored>, ReadError>>,
    permit: OwnedSemaphorePermit,
}

/// Where a consumer without work stands.
#[derive(Debug)]
struct Idle {
    reader: usize,
    stands: Option<(Arc<Slot>, u64)>,
}

/// The pool.
#[derive(Debug)]
pub(super) struct Readers {
    jobs: Vec<mpsc::Sender<Job>>,
    /// The one that waits longest stands first.
    idle: Arc<Mutex<Vec<Idle>>>,
    places: Arc<Semaphore>,
    timeout: Duration,
}

impl Readers {
    pub(super) fn start(
        config: &ClientConfig,
        context: &Context,
        questions: &Arc<Questions>,
        count: usize,
        timeout: Duration,
    ) -> Result<Self, StartError> {
        let count = count.clamp(1, 256);
        let idle = Arc::new(Mutex::new(Vec::new()));
        let mut jobs = Vec::new();
        for number in 0..count {
            let (job, todo) = mpsc::channel();
            let reader = Reader {
                number,
                consumer: BaseConsumer::from_config_and_context(config, context.clone())?,
                questions: Arc::clone(questions),
                idle: Arc::clone(&idle),
                stands: None,
                ahead: None,
            };
            let name = format!("kafka-reader-{number}");
            thread::Builder::new().name(name).spawn(move || reader.run(&todo))?;
            lock(&idle).push(Idle { reader: number, stands: None });
            jobs.push(job);
        }
        Ok(Self { jobs, idle, places: Arc::new(Semaphore::new(count)), timeout })
    }

    /// Reads a page. A cancelled read ends by itself and gives its consumer back.
    pub(super) async fn read(&self, wanted: Wanted) -> Result<Vec<Stored>, ReadError> {
        let deadline = Instant::now() + self.timeout;
        let closed = || ReadError::Unavailable("the log is closed".into());
        let place = Arc::clone(&self.places).acquire_owned();
        let permit = match tokio::time::timeout(self.timeout, place).await {
            Ok(permit) => permit.map_err(|_| closed())?,
            Err(_) => return Err(ReadError::Unavailable("all readers are busy".into())),
        };
        let reader = self.pick(&wanted).ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { wanted, deadline, reply, permit };
        self.jobs.get(reader).and_then(|jobs| jobs.send(job).ok()).ok_or_else(closed)?;
        answer.await.map_err(|_| closed())?
    }

    /// Picks the reader that stands where the page begins, else the one that waits longest.
    fn pick(&self, wanted: &Wanted) -> Option<usize> {
        let mut idle = lock(&self.idle);
        let stands_there = |idle: &Idle| {
            idle.stands
                .as_ref()
                .is_some_and(|(slot, next)| Arc::ptr_eq(slot, &wanted.slot) && *next == wanted.from)
        };
        if idle.is_empty() {
            return None;
        }
        let found = idle.iter().position(stands_there).unwrap_or_default();
        Some(idle.remove(found).reader)
    }

    pub(super) fn close(&self) {
        self.places.close();
    }
}

struct Reader {
    number: usize,
    consumer: BaseConsumer<Context>,
    questions: Arc<Questions>,
    idle: Arc<Mutex<Vec<Idle>>>,
    /// The partition that it has, and the offset behind the last record that it gave out.
    stands: Option<(Arc<Slot>, u64)>,
    /// The next record, which the last page had no room for.
    ahead: Option<Stored>,
}

impl Reader {
    fn run(mut self, todo: &mpsc::Receiver<Job>) {
        loop {
            match todo.recv_timeout(IDLE) {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => self.rest(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn work(&mut self, job: Job) {
        let Job { wanted, deadline, reply, permit } = job;
        let answer = self.read(&wanted, deadline);
        if answer.is_err() {
            self.let_go();
        }
        lock(&self.idle).push(Idle { reader: self.number, stands: self.stands.clone() });
        // In this order: whoever gets the permit finds this reader.
        drop(permit);
        // A caller that has gone away has nothing to learn.
        let _ = reply.send(answer);
    }

    fn rest(&mut self) {
        if self.stands.is_some() {
            self.let_go();
        }
        // Serves the client's log and errors.
        drop(self.consumer.poll(Duration::ZERO));
    }

    fn let_go(&mut self) {
        self.stands = None;
        self.ahead = None;
        if let Err(error) = self.consumer.unassign() {
            tracing::debug!(%error, "a reader could not let its partition go");
        }
    }

    fn read(&mut self, wanted: &Wanted, deadline: Instant) -> Result<Vec<Stored>, ReadError> {
        self.stand(wanted).map_err(unavailable)?;
        let mut budget = Budget::new(wanted.limits);
        let mut page = Vec::new();
        let mut next = wanted.from;
        while next < wanted.end {
            let Some(stored) = self.next(wanted, next, deadline)? else { break };
            if !budget.admit(stored.record.size()) {
                self.ahead = Some(stored);
                break;
            }
            next = stored.offset + 1;
            page.push(stored);
        }
        if page.is_empty() {
            return Err(ReadError::Unavailable("the brokers sent nothing in time".into()));
        }
        self.stands = Some((Arc::clone(&wanted.slot), next));
        if next >= wanted.end {
            // Nothing is fetched ahead where all was read: the next partition would wait for it.
            self.let_go();
        }
        Ok(page)
    }

    /// Takes the place where the page begins, unless it stands there.
    fn stand(&mut self, wanted: &Wanted) -> KafkaResult<()> {
        let Wanted { slot, from, .. } = wanted;
        if self.stands.as_ref().is_some_and(|(mine, next)| Arc::ptr_eq(mine, slot) && next == from)
        {
            return Ok(());
        }
        self.ahead = None;
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(message::raw(*from));
        list.add_partition_offset(&slot.topic, slot.number, offset)?;
        self.consumer.assign(&list)
    }

    /// Returns the next record, or `None` if there was none until the deadline.
    fn next(
        &mut self,
        wanted: &Wanted,
        next: u64,
        deadline: Instant,
    ) -> Result<Option<Stored>, ReadError> {
        if let Some(stored) = self.ahead.take() {
            return Ok(Some(stored));
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.consumer.poll(left) {
                Some(Ok(message)) if is_of(&message, wanted, next) => {
                    return Ok(Some(message::stored(&message)));
                }
                Some(Ok(_)) => {} // of the partition where this reader stood before
                Some(Err(error)) => self.judge(&error, wanted)?,
                None => {}
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }

    /// Tells errors that end a read from those that librdkafka mends by itself.
    fn judge(&self, error: &KafkaError, wanted: &Wanted) -> Result<(), ReadError> {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                Err(self.out_of_range(wanted))
            }
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition,
            ) => Err(ReadError::NoSuchPartition(wanted.slot.at.to_string())),
            Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::Authentication) => {
                Err(ReadError::Unavailable(error.to_string()))
            }
            _ => {
                tracing::debug!(%error, at = %wanted.slot.at, "a reader met an error");
                Ok(())
            }
        }
    }

    fn out_of_range(&self, wanted: &Wanted) -> ReadError {
        let Wanted { slot, from, .. } = wanted;
        match self.questions.range(&slot.topic, slot.number) {
            Ok((earliest, _)) if *from < earliest => ReadError::Expired { asked: *from, earliest },
            Ok((_, end)) => {
                ReadError::Unavailable(format!("offset {from} is not there: the end is {end}"))
            }
            Err(error) => unavailable(error),
        }
    }
}

fn is_of(message: &BorrowedMessage<'_>, wanted: &Wanted, next: u64) -> bool {
    message.partition() == wanted.slot.number
        && message.topic() == wanted.slot.topic
        && message::offset(message.offset()).is_some_and(|offset| offset >= next)
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
pub(super) fn unavailable(error: KafkaError) -> ReadError {
    ReadError::Unavailable(error.to_string())
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        Self::other(error.to_string())
    }
}
