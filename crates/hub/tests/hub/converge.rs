//! Invariant 11: a consumer's copy, folded from what it received, equals projection and filter of
//! the publisher's state, whatever happened between.
//!
//! Each seed is a dataset with a subscription of its own on one hub. `NDXP_SEEDS=first..last` runs
//! others than the first ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ndxp_client::proto::exchange::{
    DeliveredRecord, GetSubscriptionStatusRequest, Op, PauseCause, SeekSubscriptionRequest,
    StartPosition, SubscribeReject, SubscribeRetry, SubscribeSettle, seek_subscription_request::To,
    subscribe_request::Frame as Ask, subscribe_service_client::SubscribeServiceClient,
};
use ndxp_testkit::{Chance, Frame, Grant, RawStream, TestHub, citizens, delete, upsert};

/// Steps of one seed.
const STEPS: usize = 24;
/// So many seeds run on one hub, since certificates end with the year.
const SEEDS_A_HUB: u64 = 8;
/// A finish that takes more rounds never ends.
const ROUNDS: usize = 500;
const PORTAL: &str = "agency/land/system/portal";
const PROVINCES: [&str; 3] = ["01", "02", "03"];

/// What the publisher's state is, what the consumer may see, and what it has.
struct World {
    seed: u64,
    chance: Chance,
    state: BTreeMap<String, (String, usize)>,
    rows: Option<&'static str>,
    fields: BTreeSet<&'static str>,
    copy: BTreeMap<String, String>,
    version: usize,
    log: Vec<String>,
}

impl World {
    async fn new(hub: &TestHub, seed: u64) -> Self {
        let mut world = Self {
            seed,
            chance: Chance::new(seed),
            state: BTreeMap::new(),
            rows: None,
            fields: BTreeSet::from(["/id", "/name"]),
            copy: BTreeMap::new(),
            version: 0,
            log: Vec::new(),
        };
        let mut spec = citizens(&world.dataset());
        spec.partitions = 1 + world.chance.below(3) as u32;
        hub.dataset(&spec).await;
        if world.chance.below(2) == 0 {
            world.rows = Some("01");
        }
        world.agree(hub).await;
        hub.subscription("land", &world.subscription(), &world.dataset()).await;
        world
    }

    fn dataset(&self) -> String {
        format!("tax/d-{}", self.seed)
    }

    fn resource(&self) -> String {
        format!("agencies/land/subscriptions/{}", self.subscription())
    }

    fn subscription(&self) -> String {
        format!("s-{}", self.seed)
    }

    async fn agree(&self, hub: &TestHub) {
        let fields: Vec<&str> = self.fields.iter().copied().collect();
        let mut grant = Grant::of(&format!("agr-{}", self.seed), &self.dataset(), "land", &fields);
        if let Some(province) = self.rows {
            grant = grant.only("/province", province);
        }
        hub.agreement(&grant).await;
    }

    fn expected(&self) -> BTreeMap<String, String> {
        let admitted = self
            .state
            .iter()
            .filter(|(_, (province, _))| self.rows.is_none_or(|rows| rows == province.as_str()));
        admitted
            .map(|(id, (province, version))| {
                let mut members = vec![format!(r#""id":"{id}""#)];
                if self.fields.contains("/name") {
                    members.push(format!(r#""name":"{version}""#));
                }
                if self.fields.contains("/province") {
                    members.push(format!(r#""province":"{province}""#));
                }
                (id.clone(), format!("{{{}}}", members.join(",")))
            })
            .collect()
    }

    async fn publish(&mut self, hub: &TestHub) {
        let mut records = Vec::new();
        for _ in 0..=self.chance.below(4) {
            self.version += 1;
            let (id, version) = (self.chance.below(6).to_string(), self.version);
            let name = format!("r-{version}");
            if self.chance.below(5) == 0 {
                self.state.remove(&id);
                self.log.push(format!("delete {id}"));
                records.push(delete(&name, format!(r#"{{"id":"{id}"}}"#)));
            } else {
                let province = self.chance.of(&PROVINCES);
                self.state.insert(id.clone(), (province.to_owned(), version));
                self.log.push(format!("upsert {id} {province} v{version}"));
                let payload =
                    format!(r#"{{"id":"{id}","name":"{version}","province":"{province}"}}"#);
                records.push(upsert(&name, payload));
            }
        }
        hub.publish("tax", &self.dataset(), records).await.unwrap();
    }

    async fn revise(&mut self, hub: &TestHub) {
        let before = (self.rows, self.fields.clone());
        match self.chance.below(3) {
            0 => self.rows = None,
            n => self.rows = Some(PROVINCES[n as usize]),
        }
        for field in ["/name", "/province"] {
            if self.chance.below(3) == 0 && !self.fields.remove(field) {
                self.fields.insert(field);
            }
        }
        if before != (self.rows, self.fields.clone()) {
            self.log.push(format!("revise to {:?} {:?}", self.rows, self.fields));
            self.agree(hub).await;
        }
    }

    async fn seek(&mut self, hub: &TestHub) {
        self.log.push("seek to the earliest".to_owned());
        let mut service = SubscribeServiceClient::new(hub.channel(PORTAL));
        let request = SeekSubscriptionRequest {
            request_id: format!("00000000-0000-7000-8000-{:012}", self.version),
            name: self.resource(),
            to: Some(To::Position(StartPosition::Earliest.into())),
            dry_run: false,
        };
        service.seek_subscription(request).await.unwrap();
    }

    /// Receives for a while and treats what comes as a consumer in trouble does.
    async fn receive(&mut self, hub: &TestHub) {
        let mut stream = RawStream::open(hub.channel(PORTAL), &self.resource()).await.unwrap();
        stream.credit(1 + self.chance.below(4) as u32, 0).await;
        for _ in 0..self.chance.below(4) {
            let (records, _) = self.round(&mut stream, SubscribeSettle::default()).await;
            let mut settle = SubscribeSettle::default();
            for record in records {
                let ack_token = record.ack_token;
                match self.chance.below(6) {
                    0 => {}
                    1 => settle.retries.push(SubscribeRetry { ack_token, delay: None }),
                    _ => settle.ack_tokens.push(ack_token),
                }
            }
            stream.credit(settle.ack_tokens.len() as u32 + 1, 0).await;
            let (_unsettled, _) = self.round(&mut stream, settle).await;
        }
        if self.chance.below(2) == 0 {
            self.log.push("the stream is closed".to_owned());
            stream.close();
            let (frames, _) = stream.end().await;
            for frame in frames {
                if let Frame::Deliver(deliver) = frame {
                    deliver.records.iter().for_each(|record| self.take(record));
                }
            }
        }
    }

    /// Settles, and takes what comes until the hub has answered. Returns the records, and whether
    /// the hub said that nothing is left.
    async fn round(
        &mut self,
        stream: &mut RawStream,
        settle: SubscribeSettle,
    ) -> (Vec<DeliveredRecord>, bool) {
        stream.send(Ask::Settle(settle)).await;
        let (mut records, mut idle) = (Vec::new(), false);
        loop {
            match stream.next().await.unwrap().unwrap() {
                Frame::Deliver(deliver) => {
                    deliver.records.iter().for_each(|record| self.take(record));
                    records.extend(deliver.records);
                    idle = false;
                }
                Frame::Idle(_) => idle = true,
                Frame::SettleResult(_) => return (records, idle),
                Frame::Paused(_) | Frame::Heartbeat(_) => {}
                other => panic!("seed {}: {other:?}", self.seed),
            }
        }
    }

    fn take(&mut self, record: &DeliveredRecord) {
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        self.log.push(format!("  received {:?} {} {payload}", record.op(), record.key));
        match record.op() {
            Op::Upsert => _ = self.copy.insert(record.key.clone(), payload),
            Op::Delete | Op::Leave => _ = self.copy.remove(&record.key),
            other => panic!("{other:?}"),
        }
    }

    /// Receives and acknowledges all that is left.
    async fn finish(&mut self, hub: &TestHub) {
        self.log.push("finish".to_owned());
        let mut stream = hub.subscribe("land", &self.subscription()).await.unwrap();
        let mut service = SubscribeServiceClient::new(hub.channel(PORTAL));
        let (mut settle, mut nothing_left) = (SubscribeSettle::default(), false);
        for round in 0.. {
            let (records, idle) = self.round(&mut stream, std::mem::take(&mut settle)).await;
            nothing_left = idle || (nothing_left && records.is_empty());
            settle.ack_tokens = records.into_iter().map(|record| record.ack_token).collect();
            let request = GetSubscriptionStatusRequest { name: self.resource() };
            let status = service.get_subscription_status(request).await.unwrap().into_inner();
            let waiting = status.outstanding + status.parked + status.retrying;
            let told = || format!("seed {}: {status:?}\n{}", self.seed, self.log.join("\n"));
            assert!(round < ROUNDS, "no end: {}", told());
            if nothing_left && settle.ack_tokens.is_empty() && waiting == 0 {
                return;
            }
            // What failed waits for its next attempt; what is outstanding would lose its lease.
            let waits = status.retrying > 0 || status.paused() != PauseCause::Unspecified;
            if waits && status.outstanding == 0 {
                hub.clock.advance(Duration::from_secs(600));
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.copy, self.expected(), "seed {}:\n{}", self.seed, self.log.join("\n"));
    }
}

fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("NDXP_SEEDS").ok();
    let given = given.and_then(|text| {
        let (first, last) = text.split_once("..")?;
        Some(first.parse().ok()?..last.parse().ok()?)
    });
    given.unwrap_or(0..40)
}

async fn fresh() -> TestHub {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    hub.agency("land").await;
    hub
}

#[tokio::test]
async fn invariant_11_copy_converges_whatever_happens() {
    let mut hub = fresh().await;
    for (n, seed) in (1..).zip(seeds()) {
        if n % SEEDS_A_HUB == 0 {
            hub = fresh().await;
        }
        let mut world = World::new(&hub, seed).await;
        for _ in 0..STEPS {
            match world.chance.below(12) {
                0..5 => world.publish(&hub).await,
                5..9 => world.receive(&hub).await,
                9 => world.revise(&hub).await,
                10 => world.seek(&hub).await,
                11 if seed % 4 == 0 => {
                    // Who is there at least once in 30 days misses nothing by compaction.
                    world.finish(&hub).await;
                    world.log.push("a month passes, the log is compacted".to_owned());
                    hub.clock.advance(Duration::from_secs(31 * 86_400));
                    hub.log().tidy(hub.clock.now()).await.unwrap();
                }
                _ if world.chance.below(4) == 0 => {
                    world.log.push("the hub is killed".to_owned());
                    hub = hub.kill().await;
                }
                _ => {
                    world.finish(&hub).await;
                    world.check();
                }
            }
        }
        world.finish(&hub).await;
        world.check();
    }
}

#[tokio::test]
async fn reject_of_a_leave_is_a_dead_letter_like_any() {
    let hub = fresh().await;
    hub.dataset(&citizens("tax/citizens")).await;
    let grant = Grant::of("agr-1", "tax/citizens", "land", &["/id"]).only("/province", "01");
    hub.agreement(&grant).await;
    hub.subscription("land", "all", "tax/citizens").await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    for (n, province) in ["01", "02", "02"].into_iter().enumerate() {
        let payload = format!(r#"{{"id":"7","province":"{province}"}}"#);
        hub.publish("tax", "tax/citizens", vec![upsert(&format!("r-{n}"), payload)]).await.unwrap();
    }
    let first = stream.records(1).await.unwrap();
    assert_eq!(first[0].op(), Op::Upsert);
    stream.ack(&first).await;
    let leave = stream.records(1).await.unwrap();
    assert_eq!((leave[0].op(), leave[0].key.as_str()), (Op::Leave, "7"));
    assert!(leave[0].payload.is_empty() && leave[0].traceparent.is_empty());
    assert_eq!((leave[0].schema_version, leave[0].event_time), (0, None), "its key alone");
    let reject =
        SubscribeReject { ack_token: leave[0].ack_token.clone(), reason: "no such key".into() };
    stream.send(Ask::Settle(SubscribeSettle { rejects: vec![reject], ..Default::default() })).await;
    loop {
        match stream.next().await.unwrap().unwrap() {
            Frame::Idle(_) => break,
            Frame::Deliver(deliver) => panic!("out and still out: {deliver:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn who_was_away_for_longer_than_deletes_are_kept_begins_anew() {
    let hub = crate::setup::pair().await;
    crate::settle::publish(&hub, 0..3).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(3).await.unwrap();
    stream.settle(&records).await.unwrap();
    stream.close();
    stream.end().await;
    hub.publish("tax", "tax/citizens", vec![delete("r-9", r#"{"id":"1"}"#)]).await.unwrap();
    crate::settle::publish(&hub, 3..4).await;
    hub.clock.advance(Duration::from_secs(70 * 86_400));
    hub.log().tidy(hub.clock.now()).await.unwrap();
    for _ in 0..2 {
        let refused = hub.subscribe("land", "all").await.unwrap_err();
        assert_eq!(crate::contract::check(&refused), "CURSOR_EXPIRED", "its copy would keep 1");
    }
    let mut service = SubscribeServiceClient::new(hub.channel(PORTAL));
    let request = SeekSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        name: "agencies/land/subscriptions/all".to_owned(),
        to: Some(To::Position(StartPosition::Earliest.into())),
        dry_run: false,
    };
    service.seek_subscription(request).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let mut copy = BTreeSet::new();
    loop {
        match stream.next().await.unwrap().unwrap() {
            Frame::Deliver(deliver) => {
                stream.ack(&deliver.records).await;
                for record in deliver.records {
                    match record.op() {
                        Op::Upsert => _ = copy.insert(record.key),
                        _ => _ = copy.remove(&record.key),
                    }
                }
            }
            Frame::Idle(_) => break,
            _ => {}
        }
    }
    assert_eq!(copy, BTreeSet::from(["0", "2", "3"].map(str::to_owned)));
}
