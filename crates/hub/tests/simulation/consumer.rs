//! A consumer: it receives, folds what it received, and settles as its own troubles let it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ndxp_client::proto::exchange::{
    DeliveredRecord, GetSubscriptionStatusRequest, Op, SubscribeReject, SubscribeRetry,
    SubscribeSettle, subscribe_request::Frame as Ask,
    subscribe_service_client::SubscribeServiceClient,
};
use ndxp_log::{Partition, ReadLimits};
use ndxp_model::{HubTopic, Topic};
use ndxp_testkit::{Chance, Frame, RawStream, TestHub};
use tonic::Status;

use crate::{story::tell, world::known};

/// A finish that takes more rounds never ends.
const ROUNDS: usize = 500;
/// How a stream may end that did nothing wrong.
const ENDS: &[&str] = &[
    "LOG_UNAVAILABLE",
    "OUTCOME_UNKNOWN",
    "AGREEMENT_SUSPENDED",
    "SUBSCRIPTION_CHANGED",
    "STREAM_FENCED",
    "STREAM_AGED",
    "HEARTBEAT_MISSED",
];

pub(crate) struct Consumer {
    agency: &'static str,
    id: &'static str,
    /// Whether it hands records to its dead letters.
    rejects: bool,
    stream: Option<RawStream>,
    /// Key and payload of each state that it has.
    pub(crate) copy: BTreeMap<String, String>,
    /// The payloads of all events that it has seen, and the last of each key.
    pub(crate) seen: BTreeSet<String>,
    last: BTreeMap<String, u64>,
    /// Ids of records that came marked as the first time.
    first: BTreeSet<String>,
}

impl Consumer {
    pub(crate) fn new(agency: &'static str, id: &'static str, rejects: bool) -> Self {
        Self {
            agency,
            id,
            rejects,
            stream: None,
            copy: BTreeMap::new(),
            seen: BTreeSet::new(),
            last: BTreeMap::new(),
            first: BTreeSet::new(),
        }
    }

    /// It has gone back and forgets what it had as a first time.
    pub(crate) fn sought(&mut self) {
        self.first.clear();
        self.last.clear();
        self.stream = None;
    }

    /// Its connection is gone.
    pub(crate) fn cut(&mut self) {
        self.stream = None;
    }

    pub(crate) fn resource(&self) -> String {
        format!("agencies/{}/subscriptions/{}", self.agency, self.id)
    }

    fn portal(&self) -> String {
        format!("agency/{}/system/portal", self.agency)
    }

    /// Receives for a while.
    pub(crate) async fn receive(&mut self, hub: &TestHub, chance: &mut Chance) {
        if self.stream.is_none() {
            match RawStream::open(hub.channel(&self.portal()), &self.resource()).await {
                Ok(stream) => self.stream = Some(stream),
                Err(status) => return known(&status, ENDS),
            }
        }
        let Some(mut stream) = self.stream.take() else { return };
        stream.credit(1 + chance.below(6) as u32, 0).await;
        let mut settle = SubscribeSettle::default();
        for _ in 0..=chance.below(4) {
            let records = match self.round(hub, &mut stream, std::mem::take(&mut settle)).await {
                Ok((records, _)) => records,
                Err(status) => {
                    tell(format!("  {}", status.message()));
                    return known(&status, ENDS);
                }
            };
            stream.credit(records.len() as u32 + 1, 0).await;
            settle = self.judge(records, chance);
        }
        stream.send(Ask::Settle(settle)).await;
        if chance.percent(50) {
            self.stream = Some(stream);
        }
    }

    fn judge(&self, records: Vec<DeliveredRecord>, chance: &mut Chance) -> SubscribeSettle {
        let mut settle = SubscribeSettle::default();
        for DeliveredRecord { ack_token, .. } in records {
            match chance.below(8) {
                0 => {}
                1 => settle.retries.push(SubscribeRetry { ack_token, delay: None }),
                2 if self.rejects => {
                    let reason = "not wanted".to_owned();
                    settle.rejects.push(SubscribeReject { ack_token, reason });
                }
                _ => settle.ack_tokens.push(ack_token),
            }
        }
        settle
    }

    /// Settles, and takes what comes until the hub has answered. Says whether nothing is left.
    async fn round(
        &mut self,
        hub: &TestHub,
        stream: &mut RawStream,
        settle: SubscribeSettle,
    ) -> Result<(Vec<DeliveredRecord>, bool), Status> {
        let SubscribeSettle { ack_tokens, retries, rejects } = &settle;
        let (acks, retries, rejects) = (ack_tokens.len(), retries.len(), rejects.len());
        tell(format!("{} settles {acks} {retries} {rejects}", self.id));
        stream.send(Ask::Settle(settle)).await;
        let (mut records, mut idle) = (Vec::new(), false);
        loop {
            match stream.next().await? {
                Some(Frame::Deliver(deliver)) => {
                    let receipt = deliver.receipt.as_ref().unwrap();
                    tell(format!("{} frame of entry {}", self.id, receipt.index));
                    audited(hub, receipt.index, &receipt.leaf_hash).await;
                    deliver.records.iter().for_each(|record| self.take(record));
                    records.extend(deliver.records);
                    idle = false;
                }
                Some(Frame::Idle(_)) => idle = true,
                Some(Frame::SettleResult(result)) => {
                    tell(format!("  settled {}", result.settled));
                    return Ok((records, idle));
                }
                Some(Frame::Ready(_)) => panic!("ready comes once"),
                Some(other) => tell(format!("  {other:?}")),
                None => return Err(Status::unavailable("it ended without a status")),
            }
        }
    }

    fn take(&mut self, record: &DeliveredRecord) {
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        let told = format!("  {:?} {} {payload} {}", record.op(), record.key, record.attempt);
        tell(told);
        match record.op() {
            Op::Upsert => _ = self.copy.insert(record.key.clone(), payload),
            Op::Delete | Op::Leave => _ = self.copy.remove(&record.key),
            Op::Event => self.take_event(record, payload),
            Op::Unspecified => panic!("a record without an operation"),
        }
    }

    fn take_event(&mut self, record: &DeliveredRecord, payload: String) {
        if record.attempt == 1 {
            let name = payload.split('"').nth(7).unwrap();
            let number: u64 = name.parse().unwrap();
            let last = self.last.insert(record.key.clone(), number).unwrap_or_default();
            let is_new = self.first.insert(record.record_id.clone());
            assert!(is_new, "delivered twice as a first time: {payload}");
            assert!(last < number, "{number} came after {last} of key {}", record.key);
        }
        self.seen.insert(payload);
    }

    /// Receives and acknowledges all that is left.
    pub(crate) async fn finish(&mut self, hub: &TestHub) {
        tell(format!("{} finishes", self.id));
        self.stream = None;
        let mut stream =
            RawStream::open(hub.channel(&self.portal()), &self.resource()).await.unwrap();
        stream.credit(10_000, 0).await;
        let mut service = SubscribeServiceClient::new(hub.channel(&self.portal()));
        let (mut settle, mut nothing_left) = (SubscribeSettle::default(), false);
        for round in 0.. {
            let taken = self.round(hub, &mut stream, std::mem::take(&mut settle)).await;
            let (records, idle) = taken.unwrap();
            nothing_left = idle || (nothing_left && records.is_empty());
            settle.ack_tokens = records.into_iter().map(|record| record.ack_token).collect();
            let request = GetSubscriptionStatusRequest { name: self.resource() };
            let status = service.get_subscription_status(request).await.unwrap().into_inner();
            let waiting = status.outstanding + status.parked + status.retrying;
            tell(format!("  idle {idle}, {status:?}"));
            if nothing_left && settle.ack_tokens.is_empty() && waiting == 0 {
                return;
            }
            assert!(round < ROUNDS, "no end: {status:?}");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
}

/// The entry that a frame names is durable in the log, and is the one.
async fn audited(hub: &TestHub, index: u64, leaf_hash: &[u8]) {
    let at = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
    let one = ReadLimits { records: 1, bytes: usize::MAX };
    let leaf = hub.log().read(&at, index, one).await.unwrap().pop().unwrap();
    assert_eq!(ndxp_audit::leaf_hash(&leaf.record.value), leaf_hash);
}
