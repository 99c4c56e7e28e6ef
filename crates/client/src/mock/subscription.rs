//! A subscription of the mock: what waits, what is outstanding, what was settled.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
};

use bytes::Bytes;
use ndxp_proto::{
    error::Reason,
    exchange::{
        DeliveredRecord, Op, SubscribeSettle, SubscribeSettleResult, subscribe_response::Frame,
    },
};

/// Records of one frame.
const FRAME: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Subscription {
    epoch: u64,
    offered: u64,
    tokens: u64,
    waiting: VecDeque<DeliveredRecord>,
    /// By token; a token is never given twice.
    outstanding: BTreeMap<Bytes, DeliveredRecord>,
    acked: Vec<String>,
    rejected: Vec<(String, String)>,
    settlements: u64,
    extended: Vec<String>,
    words: VecDeque<Frame>,
    end: Option<Reason>,
}

impl Subscription {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn acked(&self) -> &[String] {
        &self.acked
    }

    pub(super) fn rejected(&self) -> &[(String, String)] {
        &self.rejected
    }

    pub(super) fn settlements(&self) -> u64 {
        self.settlements
    }

    pub(super) fn extended(&self) -> &[String] {
        &self.extended
    }

    pub(super) fn offer(&mut self, payloads: Vec<String>) {
        for payload in payloads {
            self.offered += 1;
            self.waiting.push_back(DeliveredRecord {
                record_id: format!("record-{}", self.offered),
                key: format!("key-{}", self.offered),
                op: Op::Upsert.into(),
                schema_version: 1,
                payload: payload.into(),
                ..DeliveredRecord::default()
            });
        }
    }

    /// Begins a stream: what is outstanding comes again.
    pub(super) fn open(&mut self) -> u64 {
        self.end = None;
        for (_, record) in mem::take(&mut self.outstanding).into_iter().rev() {
            self.waiting.push_front(record);
        }
        self.epoch += 1;
        self.epoch
    }

    /// Has the open stream, or the next one, say something.
    pub(super) fn say(&mut self, frame: Frame) {
        self.words.push_back(frame);
    }

    /// Takes what is to be said next.
    pub(super) fn word(&mut self) -> Option<Frame> {
        self.words.pop_front()
    }

    /// Asks the open stream to end.
    pub(super) fn end(&mut self, reason: Reason) {
        self.end = Some(reason);
    }

    /// Returns why the stream of an epoch must end, if it must.
    pub(super) fn must_end(&self, epoch: u64) -> Option<Reason> {
        if epoch < self.epoch { Some(Reason::StreamFenced) } else { self.end }
    }

    /// Hands out what there is credit for.
    pub(super) fn hand_out(&mut self, credit: &mut u64) -> Vec<DeliveredRecord> {
        let most = usize::try_from(*credit).unwrap_or(FRAME).min(FRAME).min(self.waiting.len());
        let mut records: Vec<_> = self.waiting.drain(..most).collect();
        *credit -= records.len() as u64;
        for record in &mut records {
            self.tokens += 1;
            record.ack_token = Bytes::copy_from_slice(&self.tokens.to_be_bytes());
            record.attempt += 1;
            self.outstanding.insert(record.ack_token.clone(), record.clone());
        }
        records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn settle(&mut self, settle: SubscribeSettle) -> SubscribeSettleResult {
        self.settlements += 1;
        let mut result = SubscribeSettleResult::default();
        for token in settle.ack_tokens {
            if let Some(record) = self.take(token, &mut result) {
                self.acked.push(record.record_id);
            }
        }
        for retry in settle.retries {
            if let Some(record) = self.take(retry.ack_token, &mut result) {
                self.waiting.push_back(record);
            }
        }
        for reject in settle.rejects {
            if let Some(record) = self.take(reject.ack_token, &mut result) {
                self.rejected.push((record.record_id, reject.reason));
            }
        }
        result
    }

    /// Prolongs leases, which the mock does not count.
    pub(super) fn extend(&mut self, tokens: Vec<Bytes>) -> SubscribeSettleResult {
        let mut result = SubscribeSettleResult::default();
        for token in tokens {
            match self.outstanding.get(&token) {
                Some(record) => {
                    result.settled += 1;
                    self.extended.push(record.record_id.clone());
                }
                None => result.lost.push(token),
            }
        }
        result
    }

    fn take(
        &mut self,
        token: Bytes,
        result: &mut SubscribeSettleResult,
    ) -> Option<DeliveredRecord> {
        let record = self.outstanding.remove(&token);
        match record {
            Some(_) => result.settled += 1,
            None => result.lost.push(token),
        }
        record
    }
}
