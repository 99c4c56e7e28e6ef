//! A subscriber that checks the order of each key, and acknowledges most of what it gets.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_client::{
    Ack, Client, Delivery, Event, Failure, SubscribeOptions, Subscription,
    proto::exchange::DeliveredRecord,
};
use serde_json::{Value, json};

use crate::{
    Round,
    chance::Chance,
    publisher::{Publisher, province},
};

/// A consumer, over all rounds.
#[derive(Debug)]
pub(crate) struct Consumer {
    /// The subscription's id.
    pub(crate) name: &'static str,
    chance: Chance,
    /// The copy: the last value of each key.
    copy: BTreeMap<String, u64>,
    /// Evidence: a line for each frame.
    pub(crate) log: Vec<Value>,
}

impl Consumer {
    pub(crate) fn new(name: &'static str, chance: Chance) -> Self {
        Self { name, chance, copy: BTreeMap::new(), log: Vec::new() }
    }

    /// Receives until the connection breaks. One frame in eight is not acknowledged: it comes again.
    pub(crate) async fn receive_until_killed(mut self, client: Client, round: Arc<Round>) -> Self {
        if let Err(failure) = self.receive(&client).await {
            round.failed(&failure);
        }
        self
    }

    async fn receive(&mut self, client: &Client) -> Result<(), Failure> {
        let mut stream = self.open(client).await?;
        while let Some(event) = stream.next().await? {
            if let Event::Deliver(delivery) = event {
                let acked = self.chance.below(8) > 0;
                self.take(&stream, &delivery, acked);
                if acked {
                    stream.ack(&acks(&delivery)).await?;
                }
            }
        }
        Ok(())
    }

    /// Receives and acknowledges everything that is there.
    pub(crate) async fn catch_up(&mut self, client: &Client) {
        let mut stream = self.open(client).await.unwrap();
        loop {
            match stream.next().await.unwrap() {
                Some(Event::Deliver(delivery)) => {
                    self.take(&stream, &delivery, true);
                    stream.ack(&acks(&delivery)).await.unwrap();
                }
                Some(Event::Idle { .. }) => break,
                Some(_) => {}
                None => panic!("{}: the stream ended", self.name),
            }
        }
        stream.settled().await.unwrap();
    }

    async fn open(&self, client: &Client) -> Result<Subscription, Failure> {
        let name = format!("agencies/statistics/subscriptions/{}", self.name);
        client.subscribe(&name, &SubscribeOptions::default()).await
    }

    fn take(&mut self, stream: &Subscription, delivery: &Delivery, acked: bool) {
        let receipt = delivery.receipt.as_ref().unwrap();
        self.log.push(json!({
            "sub": format!("statistics/{}", self.name),
            "epoch": stream.ready().epoch,
            "index": receipt.index,
            "leaf_hash": hex::encode(&receipt.leaf_hash),
            "records": delivery.records.iter().map(line).collect::<Vec<_>>(),
            "acked": acked,
        }));
        delivery.records.iter().for_each(|record| self.apply(record));
    }

    /// Each value of a key comes after the one before it; what comes again says so.
    fn apply(&mut self, record: &DeliveredRecord) {
        let value: Value = serde_json::from_slice(&record.payload).unwrap();
        let count = value["count"].as_u64().unwrap();
        let last = self.copy.entry(record.key.clone()).or_default();
        let is_next = count == *last + 1;
        let is_repeat = count <= *last && record.attempt > 1;
        let (name, key, attempt) = (self.name, &record.key, record.attempt);
        assert!(is_next || is_repeat, "{name}: {key} has {count} after {last}, attempt {attempt}");
        *last = count.max(*last);
        assert!(self.name == "copy" || value["province"] == "north", "{name}: {value}");
    }

    /// The copy equals what was published, as far as the agreement goes.
    pub(crate) fn has_all_of(&self, publisher: &Publisher) {
        for (key, count) in publisher.counts() {
            let expected = (self.name == "copy" || province(key) == "north").then_some(count);
            assert_eq!(self.copy.get(key), expected, "{}: {key}", self.name);
        }
    }
}

fn acks(delivery: &Delivery) -> Vec<Ack> {
    delivery.records.iter().map(Ack::of).collect()
}

fn line(record: &DeliveredRecord) -> Value {
    json!({ "id": record.record_id })
}
