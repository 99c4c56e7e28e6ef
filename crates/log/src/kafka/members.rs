//! Which lanes this node owns: the assignment of a consumer group on the delivery topic. Kafka's
//! group protocol is the only membership that the hub's nodes have.
//!
//! An assignment does not fence: a node that was stopped for a while believes in its own until it
//! hears of the next one. Who owns a lane in truth is said by the lane itself; the assignment only
//! says who should take it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ndxp_model::{HubTopic, Topic};
use rdkafka::{
    ClientConfig, ClientContext, TopicPartitionList,
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::sync::watch;

use super::{Config, context::Context, names, partitions::lock, tail::StartError};
use crate::Lanes;

/// How long the thread may take to notice that the node gives its lanes up.
const TURN: Duration = Duration::from_millis(100);

/// The node's place in the group.
#[derive(Debug)]
pub(super) struct Members {
    lanes: watch::Sender<Lanes>,
    trouble: Trouble,
    has_left: Arc<AtomicBool>,
}

/// Why the group does not take this node in, while that is so.
type Trouble = Arc<Mutex<Option<String>>>;

/// Takes the group's word for the lanes.
struct Member {
    context: Context,
    group: String,
    lanes: watch::Sender<Lanes>,
    trouble: Trouble,
}

impl Members {
    /// Joins the group: lanes come as soon as the other members have made room.
    pub(super) fn join(config: &Config, context: Context) -> Result<Self, StartError> {
        let lanes = watch::Sender::new(Lanes::default());
        let trouble = Trouble::default();
        let member = Member {
            context,
            group: group_id(config),
            lanes: lanes.clone(),
            trouble: Arc::clone(&trouble),
        };
        let consumer = BaseConsumer::from_config_and_context(&group(config), member)?;
        let topic = names::name(&config.prefix, &Topic::Hub(HubTopic::Delivery));
        consumer.subscribe(&[&topic])?;
        let has_left = Arc::new(AtomicBool::new(false));
        let left = Arc::clone(&has_left);
        thread::Builder::new().name("kafka-lanes".into()).spawn(move || run(&consumer, &left))?;
        Ok(Self { lanes, trouble, has_left })
    }

    pub(super) fn lanes(&self) -> watch::Receiver<Lanes> {
        self.lanes.subscribe()
    }

    /// Returns why the group does not take this node in, if it said so.
    pub(super) fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// Lets the others have the lanes at once.
    pub(super) fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        self.leave();
    }
}

fn run(consumer: &BaseConsumer<Member>, has_left: &AtomicBool) {
    while !has_left.load(Ordering::Acquire) {
        // Nobody reads by this consumer: its partitions are paused as soon as it has them.
        if let Some(Err(error)) = consumer.poll(TURN) {
            consumer.context().note(&error);
        }
    }
    consumer.context().lanes.send_replace(Lanes::default());
    consumer.unsubscribe();
    // Dropping the consumer leaves the group, and waits until that is done.
}

/// librdkafka's own heartbeats keep the place; six seconds without one and it is another's. They also tell
/// that the group changes, so they are what a lane waits for whose owner leaves.
fn group(config: &Config) -> ClientConfig {
    let mut client = config.consumer();
    client
        .set("group.id", group_id(config))
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500")
        .set("auto.offset.reset", "latest");
    client
}

fn group_id(config: &Config) -> String {
    format!("{}ndxp.nodes", config.prefix)
}

impl Member {
    /// Notes what only an operator can mend; librdkafka goes on trying, and mends the rest itself.
    fn note(&self, error: &KafkaError) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
            return tracing::debug!(%error, "the group of the hub's nodes");
        }
        let group = &self.group;
        let said = format!(
            "the brokers refuse this node in the consumer group {group}: grant the hub's Kafka user \
             Read on group {group}, as deploy/kafka/acls.sh does"
        );
        if lock(&self.trouble).replace(said.clone()).is_none() {
            tracing::error!(%error, "no lanes for this node: {said}");
        }
    }

    fn change(&self, lanes: &TopicPartitionList, change: impl Fn(&mut Lanes, u32)) {
        self.lanes.send_modify(|owned| {
            let numbers = lanes.elements().into_iter().map(|element| element.partition());
            numbers
                .filter_map(|lane| u32::try_from(lane).ok())
                .for_each(|lane| change(owned, lane));
        });
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(lanes) = rebalance {
            self.change(lanes, |owned, lane| _ = owned.0.remove(&lane));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(lanes) = rebalance else { return };
        if let Err(error) = consumer.pause(lanes) {
            tracing::warn!(%error, "the delivery topic is read for nobody");
        }
        if lock(&self.trouble).take().is_some() {
            tracing::info!("the group takes this node in again");
        }
        self.change(lanes, |owned, lane| _ = owned.0.insert(lane));
        tracing::info!(lanes = self.lanes.borrow().0.len(), "lanes of this node");
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, said: &str) {
        self.context.log(level, facility, said);
    }

    fn error(&self, error: KafkaError, said: &str) {
        self.context.error(error, said);
    }
}
