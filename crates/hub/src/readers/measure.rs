//! The stages of a delivery by themselves, for the example `fanout`.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use ndxp_log::{AppendError, Covered, Log, Partition, ReadError, ReadLimits, Record};
use ndxp_model::{
    Category, Classification, Dataset, DatasetName, FieldGrant, Keep, Op, Pointer, RecordId,
    SchemaVersion, SystemName, Timestamp, Title, Topic,
};
use ndxp_policy::Plan;
use ndxp_proto::exchange as pb;

use super::{Handed, PAGE, Projector, Readers, chunk::Chunk};
use crate::{headers, keys::Keys, metrics::Metrics};

/// One partition full of records, and what is done with them.
#[derive(Debug)]
pub struct Bench {
    log: Arc<dyn Log>,
    dataset: Dataset,
    readers: Readers,
    keys: Keys,
}

/// One subscription's plan.
#[derive(Debug, Clone)]
pub struct Follower {
    projector: Projector,
    number: usize,
}

/// A stretch that was read.
#[derive(Debug, Clone)]
pub struct Stretch(Arc<Chunk>);

impl Bench {
    /// Makes a dataset with one partition.
    ///
    /// # Errors
    /// Those of the log.
    ///
    /// # Panics
    /// Never: the names are fixed.
    pub async fn new(log: Arc<dyn Log>) -> Result<Self, AppendError> {
        let name: DatasetName = "moj/persons".parse().expect("a good name");
        let title = || "x".to_owned();
        let dataset = Dataset {
            title: Title { vi: title(), en: title() },
            category: Category::Event,
            classification: Classification::Internal,
            key_fields: pointers(&["/field_00"]),
            filterable_fields: Vec::new(),
            subject_fields: Vec::new(),
            partitions: 1,
            retention: None,
            name,
        };
        log.create(&dataset.name, 1, Keep::Everything).await?;
        let readers = Readers::new(Arc::clone(&log), Arc::new(Metrics::new()));
        Ok(Self { log, dataset, readers, keys: Keys::from_bytes(&[7; 32]) })
    }

    fn partition(&self) -> Partition {
        Partition { topic: Topic::Data(self.dataset.name.clone()), number: 0 }
    }

    /// Appends one payload as a record, many times.
    ///
    /// # Errors
    /// Those of the log.
    ///
    /// # Panics
    /// Never: the names are fixed.
    pub async fn publish(&self, payload: &Bytes, count: usize) -> Result<(), AppendError> {
        let (agency, system) = ("moj".parse().expect("a name"), "civil".parse().expect("a name"));
        let system = SystemName { agency, system };
        let record = |n: usize| {
            let id: RecordId = format!("0197f2c4-0000-7000-8000-{n:012}").parse().expect("an id");
            let facts = headers::Facts {
                known: None,
                dataset: &self.dataset.name,
                system: &system,
                record_id: &id,
                op: Op::Event,
                event_time: Timestamp::from_millis(1_700_000_000_000),
                schema: SchemaVersion(1),
                schema_hash: "0".repeat(64).leak(),
                traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            };
            let key = format!("0791{n:08}");
            let headers = facts.headers(&key);
            let timestamp = facts.event_time;
            (0, Record { key: Some(key.into()), value: payload.clone(), timestamp, headers })
        };
        let records = (0..count).map(record).collect();
        let covered = Covered::Records { dataset: self.dataset.name.clone(), records };
        self.log.append_after(Record::default(), covered).await.map(drop)
    }

    /// Makes the `number`th follower, who may see these fields.
    #[must_use]
    pub fn follower(&self, number: usize, fields: &[&str]) -> Follower {
        let fields: BTreeSet<_> =
            pointers(fields).into_iter().map(|path| FieldGrant { path }).collect();
        let plan = Arc::new(Plan::compile(&fields, None));
        Follower { projector: Projector::new(&self.dataset, plan), number }
    }

    /// Reads a stretch from the log, past the window.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn read(&self, from: u64) -> Result<Stretch, ReadError> {
        let stored = self.log.read(&self.partition(), from, PAGE).await?;
        let next = stored.last().map_or(from, |last| last.offset + 1);
        Ok(Stretch(Arc::new(Chunk::new(from, next, stored))))
    }

    /// Projects a stretch, and returns the bytes of what is shown.
    #[must_use]
    pub fn project(&self, stretch: &Stretch, by: &Follower) -> usize {
        stretch.0.project_now(&by.projector).iter().map(|shown| shown.payload.len()).sum()
    }

    /// Does all for one follower: one read of at most `records`, and the frame for the consumer.
    ///
    /// # Errors
    /// Those of the log.
    ///
    /// # Panics
    /// Never: the names are fixed.
    pub async fn deliver(
        &self,
        to: &Follower,
        from: u64,
        records: usize,
    ) -> Result<(pb::SubscribeDeliver, u64), ReadError> {
        let limits = ReadLimits { records, ..PAGE };
        let page = self.readers.read(&self.partition(), from, limits, &to.projector).await?;
        let consumer = format!("agency-{}", to.number).parse().expect("a good name");
        let pseudonyms = self.keys.of(&consumer, &self.dataset.name);
        let mut token = 0_u64;
        let records = page.records.iter().filter_map(|shown| {
            token += 1;
            let ack_token = Bytes::copy_from_slice(&[token.to_be_bytes(); 3].concat());
            shown.deliver(&pseudonyms, Handed { ack_token, attempt: 1, replayed: false })
        });
        let records = records.collect();
        Ok((pb::SubscribeDeliver { records, ..pb::SubscribeDeliver::default() }, page.next))
    }
}

fn pointers(fields: &[&str]) -> Vec<Pointer> {
    fields.iter().map(|field| field.parse().expect("a good pointer")).collect()
}
