//! The node's copy of the registry: it follows `ndxp.registry`, and decides commands on it.

use std::sync::{Arc, PoisonError, RwLock};

use ndxp_log::{AppendError, Log, Partition, ReadError, ReadLimits, Record};
use ndxp_model::{HubTopic, Timestamp, Topic};
use ndxp_registry::{
    Applied, ApplyError, Outcome, RecordError, Refused, RegistryRecord, Request, State, decide,
};
use thiserror::Error;
use tokio::sync::{Mutex, watch};

/// How often a command that lost a race is decided again.
const TRIES: u32 = 8;
const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

/// Why the node's copy cannot go on. The node stops.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The log cannot be read.
    #[error("the registry cannot be read")]
    Read(#[from] ReadError),
    /// A record cannot be read: a newer format, an unknown kind, or damage.
    #[error("registry record {offset} stops this node")]
    Record {
        /// Its offset.
        offset: u64,
        /// Why.
        source: RecordError,
    },
    /// A record raises the format above what this version reads.
    #[error("registry record {offset} stops this node")]
    Apply {
        /// Its offset.
        offset: u64,
        /// Why.
        source: ApplyError,
    },
}

/// Why a command did not take place.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("eight other changes came first")]
    Contended,
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Follow(#[from] FollowError),
}

/// A shared handle of the node's copy.
#[derive(Debug, Clone)]
pub(crate) struct Registry(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: Arc<dyn Log>,
    state: RwLock<State>,
    /// The offset to read next. Whoever holds it applies.
    next: Mutex<u64>,
    position: watch::Sender<u64>,
}

fn partition() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 }
}

impl Registry {
    /// Folds the log up to its end.
    pub(crate) async fn open(log: Arc<dyn Log>) -> Result<Self, FollowError> {
        let shared = Shared {
            log,
            state: RwLock::new(State::default()),
            next: Mutex::new(0),
            position: watch::Sender::new(0),
        };
        let registry = Self(Arc::new(shared));
        registry.catch_up().await?;
        Ok(registry)
    }

    /// Reads the state. The closure must be short: changes wait for it.
    pub(crate) fn read<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the position: the number of applied records. Streams decide again when it moves.
    pub(crate) fn position(&self) -> watch::Receiver<u64> {
        self.0.position.subscribe()
    }

    /// Applies records as they come, until one cannot be read.
    pub(crate) async fn follow(&self) -> FollowError {
        let mut end = match self.0.log.follow(&partition()) {
            Ok(end) => end,
            Err(error) => return error.into(),
        };
        loop {
            end.mark_unchanged();
            if let Err(error) = self.catch_up().await {
                return error;
            }
            if end.changed().await.is_err() {
                return ReadError::Unavailable("the log was closed".into()).into();
            }
        }
    }

    /// Decides a command, writes it, and returns its position once it is applied; the position of
    /// the first time if it took place earlier. Calls of one node come one after another, so that
    /// they do not race each other.
    pub(crate) async fn command(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<u64, CommandError> {
        for _ in 0..TRIES {
            self.catch_up().await?;
            let record = match self.read(|state| decide(state, request, now))? {
                Outcome::Done { position } => return Ok(position),
                Outcome::Append(record) => record,
            };
            let stored =
                Record { value: record.encode().into(), timestamp: now, ..Record::default() };
            let offset = self.0.log.append(HubTopic::Registry, 0, vec![stored]).await?;
            if self.catch_up_to(offset).await? == Some(Applied::Accepted) {
                return Ok(record.base);
            }
        }
        Err(CommandError::Contended)
    }

    async fn catch_up(&self) -> Result<(), FollowError> {
        self.catch_up_to(u64::MAX).await.map(|_| ())
    }

    /// Applies all that is there and returns what became of the record at `offset`. A record that
    /// somebody else applied in the meantime is judged by its position: its base was unique.
    async fn catch_up_to(&self, offset: u64) -> Result<Option<Applied>, FollowError> {
        let mut next = self.0.next.lock().await;
        let mut found = (*next > offset).then_some(offset);
        let mut outcome = None;
        loop {
            let page = self.0.log.read(&partition(), *next, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                let applied = self.apply(stored.offset, &stored.record.value)?;
                *next = stored.offset + 1;
                if stored.offset == offset {
                    outcome = Some(applied);
                }
            }
        }
        if let Some(offset) = found.take() {
            outcome = Some(self.outcome_of(offset).await?);
        }
        Ok(outcome)
    }

    fn apply(&self, offset: u64, bytes: &[u8]) -> Result<Applied, FollowError> {
        let record = RegistryRecord::decode(bytes)
            .map_err(|source| FollowError::Record { offset, source })?;
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let applied =
            state.apply(&record).map_err(|source| FollowError::Apply { offset, source })?;
        self.0.position.send_replace(state.count);
        Ok(applied)
    }

    /// The follower was faster: the record took place if the state remembers its request at its base.
    async fn outcome_of(&self, offset: u64) -> Result<Applied, FollowError> {
        let page = self.0.log.read(&partition(), offset, ReadLimits { records: 1, ..PAGE }).await?;
        let Some(stored) = page.first() else { return Ok(Applied::Ignored) };
        let record = RegistryRecord::decode(&stored.record.value)
            .map_err(|source| FollowError::Record { offset, source })?;
        let seen = self.read(|state| state.requests.get(&record.request_id).cloned());
        let accepted =
            seen.is_some_and(|seen| seen.position == record.base && seen.body == record.body);
        Ok(if accepted { Applied::Accepted } else { Applied::Ignored })
    }
}
