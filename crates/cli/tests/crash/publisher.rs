//! A publishing stream: counts up keys of its own, and sends again what was not acknowledged.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_client::{
    Client, Failure, PublishTo,
    proto::exchange::{Op, PublishResponse, Record},
};
use serde_json::{Value, json};

use crate::{Round, chance::Chance, nation::DATASET};

const KEYS: u64 = 5;

/// A publisher, over all rounds.
#[derive(Debug)]
pub(crate) struct Publisher {
    id: u64,
    chance: Chance,
    /// The next record's number.
    next: u64,
    /// The last value of each key.
    counts: BTreeMap<String, u64>,
    /// What was sent and not acknowledged.
    pending: Option<Vec<Record>>,
    /// What was acknowledged last, to be sent again, and the receipt's index.
    last: Option<(Vec<Record>, u64)>,
    acknowledged: u64,
    /// Calls without an answer that were there after the kill, and ones that were not.
    pub(crate) unanswered: (u64, u64),
    /// Evidence: a line for each acknowledged call.
    pub(crate) log: Vec<Value>,
}

impl Publisher {
    pub(crate) fn new(id: u64, chance: Chance) -> Self {
        Self {
            id,
            chance,
            next: 0,
            counts: BTreeMap::new(),
            pending: None,
            last: None,
            acknowledged: 0,
            unanswered: (0, 0),
            log: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Returns how many different records were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Returns the last value of each key.
    pub(crate) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Publishes call after call until the connection breaks.
    pub(crate) async fn publish_until_killed(mut self, client: Client, round: Arc<Round>) -> Self {
        if let Err(failure) = self.repeat_last(&client).await {
            round.failed(&failure);
            return self;
        }
        loop {
            if let Err(failure) = self.publish(&client).await {
                round.failed(&failure);
                return self;
            }
            round.count();
        }
    }

    /// Sends what is pending, if anything is.
    pub(crate) async fn resend(&mut self, client: &Client) {
        if self.pending.is_some() {
            self.publish(client).await.unwrap();
        }
    }

    async fn publish(&mut self, client: &Client) -> Result<(), Failure> {
        let is_resent = self.pending.is_some();
        let records = self.pending.take().unwrap_or_else(|| self.batch());
        self.pending = Some(records.clone());
        let response = send(client, records.clone()).await?;
        self.pending = None;
        // What was pending is there whole or not at all.
        let counts = (response.accepted as usize, response.duplicates as usize);
        assert!(counts == (records.len(), 0) || counts == (0, records.len()), "{counts:?}");
        self.unanswered.0 += u64::from(is_resent && response.duplicates > 0);
        self.unanswered.1 += u64::from(is_resent && response.accepted > 0);
        self.acknowledged += records.len() as u64;
        let receipt = response.receipt.unwrap();
        self.log.push(json!({
            "index": receipt.index,
            "leaf_hash": hex::encode(&receipt.leaf_hash),
            "dataset": "tax/counters",
            "source": "/agency/tax/system/portal",
            "records": records.iter().map(line).collect::<Vec<_>>(),
        }));
        self.last = Some((records, receipt.index));
        Ok(())
    }

    /// What was acknowledged before the kill is known after it.
    async fn repeat_last(&mut self, client: &Client) -> Result<(), Failure> {
        let Some((records, index)) = self.last.clone() else { return Ok(()) };
        let count = records.len();
        let response = send(client, records).await?;
        let receipt = response.receipt.unwrap();
        let counts = (response.accepted, response.duplicates as usize);
        assert_eq!((counts, receipt.index), ((0, count), index), "an acknowledged call is known");
        Ok(())
    }

    fn batch(&mut self) -> Vec<Record> {
        let count = 1 + self.chance.below(12);
        (0..count).map(|_| self.record()).collect()
    }

    fn record(&mut self) -> Record {
        let number = self.chance.below(KEYS);
        let key = format!("{}{number:03}", self.id + 1);
        let count = self.counts.entry(key.clone()).or_default();
        *count += 1;
        self.next += 1;
        let payload = json!({ "id": key, "province": province(&key), "count": *count });
        Record {
            record_id: format!("p{}-{}", self.id, self.next),
            op: Op::Upsert.into(),
            payload: payload.to_string().into(),
            key,
            ..Record::default()
        }
    }
}

/// A key's province never changes, so that no record leaves a row filter.
pub(crate) fn province(key: &str) -> &'static str {
    if key.ends_with(['0', '2', '4']) { "north" } else { "south" }
}

fn line(record: &Record) -> Value {
    json!({ "id": record.record_id, "key": record.key })
}

async fn send(client: &Client, records: Vec<Record>) -> Result<PublishResponse, Failure> {
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    client.publish_batch(&to, records).await
}
