//! What one frame holds: stored records, filtered and projected. Pure.

use bytes::Bytes;
use ndxp_delivery::{Delivery, Item, KeyHash, Place, Verdict};
use ndxp_log::Stored;
use ndxp_model::{AgencyId, Dataset, Op, Timestamp};
use ndxp_policy::Plan;
use ndxp_proto::{convert, exchange as pb};

use crate::{headers, keys::Keys};

/// A record that may leave, as the consumer will see it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub item: Item,
    pub record: pb::DeliveredRecord,
    pub published_at: Timestamp,
}

/// What a record goes through on its way out.
pub(super) struct View<'a> {
    pub plan: &'a Plan,
    pub dataset: &'a Dataset,
    pub consumer: &'a AgencyId,
    pub keys: &'a Keys,
}

impl View<'_> {
    /// Returns what the consumer may see of a stored record: nothing if a row filter withholds it,
    /// and nothing if it has no audit entry or cannot be read, so that it fails closed.
    pub(super) fn outgoing(&self, partition: u32, stored: &Stored) -> Option<Outgoing> {
        let record = &stored.record;
        let facts = headers::Stored::read(record)?;
        if !self.plan.admits(&record.value).ok()? {
            return None;
        }
        let mut payload = Vec::new();
        match facts.op {
            Op::Delete => {}
            Op::Upsert | Op::Event => {
                self.plan.show(&record.value, &mut payload).ok()?;
            }
        }
        let payload = payload.into();
        let raw_key = record.key.as_deref().unwrap_or_default();
        let name = &self.dataset.name;
        let (source, id) = (facts.source.as_bytes(), facts.record_id.as_bytes());
        let delivered = pb::DeliveredRecord {
            ack_token: Bytes::new(),
            record_id: self.keys.of(self.consumer, name).record_id(source, id),
            key: self.key(raw_key)?,
            op: pb::Op::from(facts.op).into(),
            attempt: 0,
            schema_version: facts.schema,
            event_time: facts.event_time.and_then(convert::timestamp),
            published_at: convert::timestamp(record.timestamp),
            payload,
            traceparent: facts.traceparent.to_owned(),
            replayed: false,
        };
        // Credit counts payloads alone: that is what a client gives back.
        let size = delivered.payload.len() as u64;
        let place = Place { partition, offset: stored.offset };
        let item = Item { place, size, key: KeyHash(0), verdict: Verdict::default() };
        Some(Outgoing { item, record: delivered, published_at: record.timestamp })
    }

    /// The key as it is only if the agreement grants every field of it.
    fn key(&self, raw: &[u8]) -> Option<String> {
        if self.plan.passes(&self.dataset.key_fields) {
            return String::from_utf8(raw.to_vec()).ok();
        }
        Some(self.keys.of(self.consumer, &self.dataset.name).key(raw))
    }
}

impl Outgoing {
    /// Finishes the record for the wire.
    pub(super) fn deliver(self, delivery: Delivery) -> pb::DeliveredRecord {
        let ack_token = Bytes::copy_from_slice(&delivery.token.to_bytes());
        pb::DeliveredRecord { ack_token, attempt: delivery.attempt, ..self.record }
    }
}
