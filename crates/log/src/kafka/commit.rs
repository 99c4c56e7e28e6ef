//! Group commit: while the entries of some calls are on their way, those of the next gather, and go
//! together. So the one partition of the audit takes as many calls at once as there are.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    call::{Outcome, Reply, Room, Written},
    partitions::Slot,
    producer::{Item, Producers},
    trial::Leave,
};
use crate::{AppendError, Record};

/// A call that may be written.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) audit: Arc<Slot>,
    pub(super) entry: Record,
    pub(super) items: Vec<Item>,
    /// The partitions of the items, each once.
    pub(super) slots: Vec<Arc<Slot>>,
    pub(super) leave: Leave,
    pub(super) room: Room,
    pub(super) done: oneshot::Sender<Outcome>,
}

/// Where calls are handed over; they are written in their order.
#[derive(Debug)]
pub(super) struct Commits(mpsc::UnboundedSender<Commit>);

impl Commits {
    /// Begins to write; ends once this is dropped and all are written. `patience` is longer than
    /// the brokers may take for one append.
    pub(super) fn start(producers: Arc<Producers>, patience: Duration) -> Self {
        let (hand_over, commits) = mpsc::unbounded_channel();
        tokio::spawn(write_all(producers, commits, patience));
        Self(hand_over)
    }

    /// Writes a call's entry and, once that is durable, its records.
    pub(super) fn add(&self, commit: Commit) {
        // Room in the queue to the brokers bounds how many there are.
        if let Err(gone) = self.0.send(commit) {
            gone.0.refuse("the log is closed");
        }
    }
}

async fn write_all(
    producers: Arc<Producers>,
    mut commits: mpsc::UnboundedReceiver<Commit>,
    patience: Duration,
) {
    let mut group = Vec::new();
    while commits.recv_many(&mut group, usize::MAX).await > 0 {
        let entries = write_entries(&producers, &mut group, patience).await;
        let group = std::mem::take(&mut group).into_iter();
        match entries {
            Ok(entries) => group.zip(entries).for_each(|(one, entry)| one.go_on(&producers, entry)),
            Err(error) => {
                group.for_each(|one| one.end(Err(error.clone())));
                // They were let in before the brokers fell silent.
                while let Ok(one) = commits.try_recv() {
                    one.refuse("the brokers did not take the audit entries before it");
                }
            }
        }
    }
}

async fn write_entries(
    producers: &Producers,
    group: &mut [Commit],
    patience: Duration,
) -> Result<Vec<u64>, AppendError> {
    let entry = |one: &mut Commit| (Arc::clone(&one.audit), std::mem::take(&mut one.entry));
    let items = group.iter_mut().map(entry).collect();
    let (done, answer) = oneshot::channel();
    if producers.send(items, Reply { entry: None, room: None, done }) {
        group.iter_mut().for_each(|one| one.leave.used(&[Arc::clone(&one.audit)]));
    }
    match timeout(patience, answer).await {
        Ok(Ok(outcome)) => outcome.map(|written| written.offsets),
        Ok(Err(_)) => Err(AppendError::Unknown("the producer ended".into())),
        Err(_) => Err(AppendError::Unknown("no delivery report came".into())),
    }
}

impl Commit {
    /// Nothing of it was written.
    fn refuse(self, why: &str) {
        self.end(Err(AppendError::Unavailable(why.to_owned())));
    }

    /// Its entry is there: from here on nothing may say that nothing was written.
    fn go_on(self, producers: &Producers, entry: u64) {
        if self.items.is_empty() {
            return self.end(Ok(Written { entry: Some(entry), offsets: Vec::new() }));
        }
        let Self { items, slots, mut leave, room, done, .. } = self;
        if producers.send(items, Reply { entry: Some(entry), room: Some(room), done }) {
            leave.used(&slots);
        }
    }

    fn end(self, outcome: Outcome) {
        // A caller that has gone away has nothing to learn.
        let _ = self.done.send(outcome);
    }
}
