//! A record as read, and as one plan shows it.

use std::{ops::Deref, sync::Arc};

use bytes::Bytes;
use ndxp_delivery::KeyHash;
use ndxp_log::{Record, Stored};
use ndxp_model::{Op, Timestamp};
use ndxp_proto::{convert, exchange as pb};
use sha2::{Digest, Sha256};

use crate::{headers, keys::Pseudonyms};

/// The counters of an `Arc`, and the pointer to it.
const COUNTERS: usize = 24;

/// What a stored record says, whoever asks.
#[derive(Debug)]
pub(crate) struct Facts {
    pub offset: u64,
    /// The record's own key. No consumer sees it but through [`Shown::deliver`].
    pub key: Box<str>,
    /// Of the record's own key.
    pub key_hash: KeyHash,
    /// `None` if the record cannot be read, or has no audit entry.
    pub op: Option<Op>,
    pub published_at: Timestamp,
    pub(super) value: Bytes,
    source: Bytes,
    record_id: Bytes,
    schema: u32,
    event_time: Option<Timestamp>,
    traceparent: Box<str>,
    stored: usize,
}

impl Facts {
    pub(super) fn read(stored: Stored) -> Self {
        let Stored { offset, record } = stored;
        let stored = record.size();
        let raw_key = record.key.clone().unwrap_or_default();
        let key_hash = key_hash(&raw_key);
        let read = headers::Stored::read(&record).zip(std::str::from_utf8(&raw_key).ok());
        let within = |text: &str| slice(&record, text);
        match read {
            None => Self {
                offset,
                key: Box::default(),
                key_hash,
                op: None,
                published_at: record.timestamp,
                value: Bytes::new(),
                source: Bytes::new(),
                record_id: Bytes::new(),
                schema: 0,
                event_time: None,
                traceparent: Box::default(),
                stored,
            },
            Some((said, key)) => Self {
                offset,
                key: key.into(),
                key_hash,
                op: Some(said.op),
                published_at: record.timestamp,
                source: within(said.source),
                record_id: within(said.record_id),
                schema: said.schema,
                event_time: said.event_time,
                traceparent: said.traceparent.into(),
                stored,
                value: record.value,
            },
        }
    }

    /// What it holds in memory. The stored bytes are one buffer, which any part keeps alive.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + COUNTERS + self.stored + self.key.len() + self.traceparent.len()
    }

    /// The bytes of its key, value and headers in the log.
    pub(super) fn stored_bytes(&self) -> usize {
        self.stored
    }
}

/// The header's own bytes, which the engine shares with the whole record.
fn slice(record: &Record, text: &str) -> Bytes {
    let within = |header: &&ndxp_log::Header| header.value.as_ptr() == text.as_ptr();
    record.headers.iter().find(within).map(|header| header.value.clone()).unwrap_or_default()
}

/// Returns 128 bits of a record's key.
pub(crate) fn key_hash(key: &[u8]) -> KeyHash {
    let digest = Sha256::digest(key);
    KeyHash(u128::from_be_bytes(*digest.first_chunk().unwrap_or(&[0; 16])))
}

/// Whether a consumer sees the key as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KeyPasses {
    Yes,
    /// It sees a pseudonym.
    No,
}

/// What one plan makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Judged {
    /// The row filter admits it, or there is none: the payload is what the plan grants of it.
    Admitted,
    /// The row filter withholds it.
    Withheld,
    /// The key's state ends. A DELETE has no field that a row filter could judge: it is for those
    /// who had the record before.
    Deleted,
    /// It cannot be read or has no audit entry: nobody hears of it.
    Unreadable,
}

/// What one plan shows of one record, whoever the consumer is.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(super) facts: Arc<Facts>,
    pub judged: Judged,
    /// The granted fields as JSON; empty unless admitted.
    pub payload: Bytes,
    pub(super) key: KeyPasses,
}

/// What is said of the record itself stands beside what the plan shows of it.
impl Deref for Shown {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// What a hand-out adds to a record.
#[derive(Debug)]
pub(crate) struct Handed {
    pub ack_token: Bytes,
    pub attempt: u32,
    pub replayed: bool,
}

impl Shown {
    /// What it holds in memory, beside what it is shown of.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + COUNTERS + self.payload.len()
    }

    /// Returns the record as one consumer gets it. One that the filter withholds can be shown as a
    /// LEAVE alone, which says no more than its key; whether one is due is the caller's to know.
    /// `None` for what cannot be read.
    pub(crate) fn deliver(&self, to: &Pseudonyms, handed: Handed) -> Option<pb::DeliveredRecord> {
        let op = match (self.judged, self.op?) {
            (Judged::Admitted | Judged::Deleted, op) => pb::Op::from(op),
            (Judged::Withheld, _) => pb::Op::Leave,
            (Judged::Unreadable, _) => return None,
        };
        let leaves = op == pb::Op::Leave;
        Some(pb::DeliveredRecord {
            ack_token: handed.ack_token,
            record_id: to.record_id(&self.source, &self.record_id),
            key: match self.key {
                KeyPasses::Yes => self.facts.key.to_string(),
                KeyPasses::No => to.key(self.facts.key.as_bytes()),
            },
            op: op.into(),
            attempt: handed.attempt,
            schema_version: if leaves { 0 } else { self.schema },
            event_time: self.event_time.filter(|_| !leaves).and_then(convert::timestamp),
            published_at: convert::timestamp(self.published_at),
            payload: self.payload.clone(),
            traceparent: if leaves { String::new() } else { self.traceparent.to_string() },
            replayed: handed.replayed,
        })
    }
}
