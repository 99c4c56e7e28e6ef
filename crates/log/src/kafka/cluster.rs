//! The state of the cluster as this node sees it: whether brokers answer, which partitions lack
//! replicas, and which topics other nodes made.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use ndxp_model::Topic;
use tokio::time::{Instant, MissedTickBehavior};

use super::{
    context::Alarm,
    names,
    partitions::{Partitions, Slot, lock},
    questions::{Questions, Told},
};
use crate::{AppendError, Partition, embedded::TailLimits};

/// How often it is looked at without an alarm.
const LOOK: Duration = Duration::from_secs(2);
/// How long a look may take; longer means that no broker answers.
const PATIENCE: Duration = Duration::from_secs(3);
/// What lies between two looks at least, however often it rings.
const PAUSE: Duration = Duration::from_millis(100);

/// What is known of the cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) partitions: Arc<Partitions>,
    questions: Arc<Questions>,
    prefix: String,
    tail: TailLimits,
    min_in_sync: usize,
    /// Why no broker can be reached, while that is so.
    gone: Mutex<Option<String>>,
}

impl Cluster {
    pub(super) fn new(
        questions: Arc<Questions>,
        prefix: String,
        tail: TailLimits,
        min_in_sync: u32,
    ) -> Self {
        Self {
            partitions: Arc::default(),
            questions,
            prefix,
            tail,
            min_in_sync: min_in_sync as usize,
            gone: Mutex::new(None),
        }
    }

    /// Refuses while no broker answers.
    pub(super) fn check(&self) -> Result<(), String> {
        match &*lock(&self.gone) {
            Some(said) => Err(format!("no broker answers: {said}")),
            None => Ok(()),
        }
    }

    /// Refuses while the brokers would not take an append to this partition.
    pub(super) fn check_slot(&self, slot: &Slot) -> Result<(), AppendError> {
        match &*lock(&slot.trouble) {
            Some(trouble) => Err(AppendError::Unavailable(trouble.clone())),
            None => Ok(()),
        }
    }

    /// Looks at the cluster time and again, and at once when the alarm rings.
    pub(super) async fn watch(self: Arc<Self>, alarm: Arc<Alarm>) {
        let mut rhythm = tokio::time::interval(LOOK);
        rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let started = Instant::now();
            let cluster = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || cluster.look());
            if looked.await.is_err() {
                tracing::error!("looking at the cluster panicked");
            }
            tokio::time::sleep_until(started + PAUSE).await;
            tokio::select! {
                _ = rhythm.tick() => {}
                () = alarm.rung() => {}
            }
        }
    }

    fn look(&self) {
        let topics = match self.questions.topics(PATIENCE) {
            Ok(topics) => topics,
            Err(error) => return self.note_gone(error.to_string()),
        };
        if lock(&self.gone).take().is_some() {
            tracing::info!("the brokers answer again");
        }
        self.judge(&topics);
        for (name, told) in &topics {
            if let Some(topic) = names::topic(&self.prefix, name)
                && let Err(error) = self.learn(&topic, name, told)
            {
                tracing::warn!(%error, %topic, "a topic's ends cannot be asked for");
            }
        }
    }

    fn note_gone(&self, said: String) {
        let mut gone = lock(&self.gone);
        if gone.is_none() {
            tracing::warn!("no broker answers: {said}");
        }
        *gone = Some(said);
    }

    /// Notes which partitions have too few replicas. One without a leader is not refused: it
    /// gets one within seconds, or its appends time out.
    fn judge(&self, topics: &HashMap<String, Vec<Told>>) {
        for slot in self.partitions.all() {
            let told = topics.get(&slot.topic).and_then(|told| told.get(slot.at.number as usize));
            let trouble = told.and_then(|told| self.trouble_of(&slot, told));
            let mut known = lock(&slot.trouble);
            if known.is_some() != trouble.is_some() {
                tracing::warn!(at = %slot.at, ?trouble, "whether a partition takes appends changed");
            }
            *known = trouble;
        }
    }

    fn trouble_of(&self, slot: &Slot, told: &Told) -> Option<String> {
        let Told { in_sync, replicas, .. } = *told;
        let lacks = in_sync < self.min_in_sync;
        let least = self.min_in_sync;
        lacks.then(|| {
            format!("{} has {in_sync} of {replicas} replicas in sync, {least} are needed", slot.at)
        })
    }

    /// Takes a topic in with its ends, if it is not known.
    pub(super) fn learn(&self, topic: &Topic, name: &str, told: &[Told]) -> Result<(), String> {
        if told.is_empty() || !self.partitions.of(topic).is_empty() {
            return Ok(());
        }
        if told.iter().any(|told| !told.has_leader) {
            return Ok(()); // the next look sees it with its leaders
        }
        let of: Vec<_> = told.iter().map(|told| (name, told.number)).collect();
        let ends = self.questions.ends(&of).map_err(|error| error.to_string())?;
        let slots = (0..).zip(ends).map(|(number, end)| {
            let at = Partition { topic: topic.clone(), number };
            Slot::new(at, name.to_owned(), end, self.tail)
        });
        self.partitions.insert(topic.clone(), slots.collect());
        Ok(())
    }
}
