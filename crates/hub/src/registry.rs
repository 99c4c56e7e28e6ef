//! The node's copy of the registry: it follows `ndxp.registry`, and decides commands on it.

mod sight;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ndxp_log::{AppendError, Log, Partition, ReadError, Record};
use ndxp_model::{HubTopic, RequestId, Timestamp, Topic};
use ndxp_registry::{
    ApplyError, Outcome, RecordError, Refused, RegistryRecord, Request, State, decide,
};
use thiserror::Error;
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, sleep},
};
use tracing::{info, warn};

use crate::{fold::PAGE, monotonic::Monotonic};

pub(crate) use sight::{Blind, Sight};

/// How often a command that lost a race is decided again.
const TRIES: u32 = 8;
/// How long the registry may be out of reach before the node stops: brokers come back, but nothing
/// is to be released for longer by a copy that may be old.
const BLIND: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(200);

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

impl CommandError {
    /// Says whether the command may have taken place all the same.
    pub(crate) fn may_have_written(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Contended => false,
            Self::Append(cause) => matches!(cause, AppendError::Unknown(_)),
            Self::Follow(_) => true,
        }
    }
}

/// A command that took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    pub position: u64,
    /// This call wrote it. (Another node may have written the same request at the same moment.)
    pub is_new: bool,
}

/// A shared handle of the node's copy.
#[derive(Debug, Clone)]
pub(crate) struct Registry(Arc<Shared>);

struct Shared {
    log: Arc<dyn Log>,
    state: RwLock<State>,
    /// The offset to read next. Whoever holds it applies.
    next: Mutex<u64>,
    position: watch::Sender<u64>,
    clock: Monotonic,
    /// When the copy was last known to be up to date, on that clock.
    confirmed: watch::Sender<u64>,
    sight: watch::Sender<Sight>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("position", &*self.position.borrow())
            .finish_non_exhaustive()
    }
}

fn partition() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 }
}

impl Registry {
    /// Folds the log up to its end.
    pub(crate) async fn open(log: Arc<dyn Log>, clock: Monotonic) -> Result<Self, FollowError> {
        let shared = Shared {
            log,
            state: RwLock::new(State::default()),
            next: Mutex::new(0),
            position: watch::Sender::new(0),
            confirmed: watch::Sender::new(clock()),
            clock,
            sight: watch::Sender::new(Sight::Clear),
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
            if let Err(error) = self.insist().await {
                return error;
            }
            if end.changed().await.is_err() {
                return ReadError::Unavailable("the log was closed".into()).into();
            }
        }
    }

    /// Decides a command, writes it, and returns its position once it is applied; the position of
    /// the first time if it took place earlier, with `is_new` false. Calls of one node come one after another, so that
    /// they do not race each other.
    ///
    /// That the record was accepted, and not beaten by another node's, is found out by deciding
    /// again: the state then remembers the request.
    pub(crate) async fn command(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Done, CommandError> {
        for lost in 0.. {
            self.catch_up().await?;
            let record = match self.read(|state| decide(state, request, now))? {
                Outcome::Done { position } => return Ok(Done { position, is_new: lost > 0 }),
                Outcome::Append(_) if lost == TRIES => break,
                Outcome::Append(record) => record,
            };
            let value = record.encode().into();
            let stored = Record { value, timestamp: now, ..Record::default() };
            self.0.log.append(HubTopic::Registry, 0, vec![stored]).await?;
        }
        Err(CommandError::Contended)
    }

    /// Raises the format to a goal if every node can read it.
    pub(crate) async fn raise(
        &self,
        goal: u32,
        readable: Vec<u32>,
        id: RequestId,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        if self.read(|state| state.format) >= goal {
            return Ok(());
        }
        self.catch_up().await?;
        let Some(record) = self.read(|state| state.raise(goal, readable, id, now)) else {
            return Ok(());
        };
        let value = record.encode().into();
        let stored = Record { value, timestamp: now, ..Record::default() };
        self.0.log.append(HubTopic::Registry, 0, vec![stored]).await?;
        info!(goal, "the registry's format is raised: every node reads it");
        Ok(())
    }

    /// Applies all that is there now.
    pub(crate) async fn refresh(&self) -> Result<(), CommandError> {
        Ok(self.catch_up().await?)
    }

    /// Applies all that is there, and asks again for a while where the log does not answer.
    async fn insist(&self) -> Result<(), FollowError> {
        let until = Instant::now() + BLIND;
        loop {
            match self.catch_up().await {
                Err(FollowError::Read(ReadError::Unavailable(cause))) if Instant::now() < until => {
                    warn!(cause, "the registry cannot be read; trying again");
                    sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Applies all that is there.
    async fn catch_up(&self) -> Result<(), FollowError> {
        let mut next = self.0.next.lock().await;
        loop {
            let page = self.0.log.read(&partition(), *next, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for stored in page {
                self.apply(stored.offset, &stored.record.value)?;
                *next = stored.offset + 1;
            }
        }
    }

    /// A record that lost a race changes nothing: the state itself ignores it.
    fn apply(&self, offset: u64, bytes: &[u8]) -> Result<(), FollowError> {
        let record = RegistryRecord::decode(bytes)
            .map_err(|source| FollowError::Record { offset, source })?;
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let applied = state.apply(&record);
        applied.map_err(|source| FollowError::Apply { offset, source })?;
        self.0.position.send_replace(state.count);
        Ok(())
    }
}
