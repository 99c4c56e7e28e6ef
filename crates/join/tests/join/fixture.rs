//! A small log as a hub writes it, and hands that change it behind the hub's back.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions};
use ndxp_audit::{
    Boot, Delivered, Deny, Entry, EntryId, Publish, Registry, Release, Stamp, Under, Way,
};
use ndxp_delivery::{Cursor, DeliveryRecord, Handed, HandedRange, Opened, lane};
use ndxp_join::{Evidence, Report, join};
use ndxp_log::{
    Covered, Header, Log, Record,
    embedded::{Config, Embedded, FreeSpace},
};
use ndxp_model::{HubTopic, Keep, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

pub(crate) const SUB: &str = "statistics/units";
const BY: &str = "agency/tax/system/portal";
const NOW: i64 = 1_764_021_600_123;

/// A closed log with two registry records, five data records in two calls, and two frames.
pub(crate) struct Fixture {
    dir: TempDir,
}

/// Writes entries, counting them.
struct Hub {
    log: Embedded,
    seq: AtomicU64,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(write(dir.path()));
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn join(&self, evidence: &Evidence) -> Report {
        join(self.dir.path(), evidence).unwrap()
    }

    /// Forgets the first frame, says what is kept of the dataset, and deletes what a day and a
    /// second later need not be kept.
    pub(crate) fn delete(&self, keep: Keep) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut config = Config::new(self.dir.path());
            config.min_free = 0;
            let log = Embedded::open(config).unwrap();
            log.create(&"tax/units".parse().unwrap(), 2, keep).await.unwrap();
            let tombstone = record(Some(format!("{SUB}/1/handed/1")), bytes::Bytes::new());
            log.append(HubTopic::Delivery, sub_lane(), vec![tombstone]).await.unwrap();
            log.tidy(Timestamp::from_millis(NOW + 86_401_000)).await.unwrap();
            log.close().await;
        });
    }

    /// Changes the store. `key` is topic number, partition, offset.
    pub(crate) fn tamper(&self, change: impl FnOnce(&Keyspace, &Keyspace)) {
        let db = Database::builder(self.path("store"))
            .journal_compression(CompressionType::None)
            .open()
            .unwrap();
        let keyspace = |name| db.keyspace(name, KeyspaceCreateOptions::default).unwrap();
        change(&keyspace("state"), &keyspace("data"));
        db.persist(fjall::PersistMode::SyncAll).unwrap();
    }

    /// Writes a file of evidence.
    pub(crate) fn file(&self, name: &str, lines: &[serde_json::Value]) -> PathBuf {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Returns the hash of a leaf, from its stored bytes: a leaf ends its record.
    pub(crate) fn leaf_hash(&self, index: u64) -> String {
        let mut hash = String::new();
        self.tamper(|state, _| {
            let stored = state.get(key(2, 0, index)).unwrap().unwrap();
            let start = stored.windows(2).position(|pair| pair == b"{\"").unwrap();
            hash = hex::encode(ndxp_audit::leaf_hash(&stored[start..]));
        });
        hash
    }
}

pub(crate) fn key(topic: u32, partition: u32, offset: u64) -> Vec<u8> {
    [&topic.to_be_bytes()[..], &partition.to_be_bytes(), &offset.to_be_bytes()].concat()
}

/// Replaces bytes of a stored record by as many others.
pub(crate) fn edit(keyspace: &Keyspace, key: Vec<u8>, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let stored = keyspace.get(&key).unwrap().unwrap().to_vec();
    let at = stored.windows(from.len()).position(|part| part == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {from} in {}", String::from_utf8_lossy(&stored)));
    let mut changed = stored;
    changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    keyspace.insert(key, changed).unwrap();
}

/// Takes away that an entry covers a stored record.
pub(crate) fn uncover(keyspace: &Keyspace, key: Vec<u8>) {
    let mut stored = keyspace.get(&key).unwrap().unwrap().to_vec();
    stored[1] &= !2;
    stored.drain(10..22);
    keyspace.insert(key, stored).unwrap();
}

pub(crate) fn partition(key: &str) -> u32 {
    u32::from(Sha256::digest(key)[7] % 2)
}

pub(crate) fn sub_lane() -> u32 {
    lane(&SUB.parse().unwrap())
}

async fn write(dir: &Path) {
    let mut config = Config::new(dir);
    config.free_space = FreeSpace::of_file_system();
    config.min_free = 0;
    let hub = Hub { log: Embedded::open(config).unwrap(), seq: AtomicU64::new(0) };
    hub.command(0, "genesis").await;
    let boot = Boot { version: "0.1.0".parse().unwrap(), position: 1, incarnation: word("01") };
    hub.note(Entry::Boot(boot)).await;
    hub.log.create(&"tax/units".parse().unwrap(), 2, Keep::Everything).await.unwrap();
    hub.command(1, "ActivateDataset").await;
    // Entries 3 and 4; partition 0 holds a, a, a, and partition 1 holds d, d.
    hub.publish(&[("r-1", "a"), ("r-2", "d"), ("r-3", "a")]).await;
    hub.publish(&[("r-4", "a"), ("r-5", "d")]).await;
    let (sub, start, view) = (SUB.parse().unwrap(), vec![0, 0], None);
    hub.deliver(Opened { sub, epoch: 1, start, view }.into()).await;
    // Entries 5 and 6.
    hub.hand(1, (partition("a"), 0, 2)).await;
    hub.hand(2, (partition("d"), 0, 1)).await;
    let mut positions = vec![0, 0];
    positions[partition("a") as usize] = 2;
    let cursor = Cursor { sub: SUB.parse().unwrap(), epoch: 1, positions };
    hub.deliver(cursor.into()).await;
    let deny = Deny {
        by: ndxp_audit::Caller::Principal(BY.parse().unwrap()),
        ds: None,
        op: word("Publish"),
        why: word("NOT_FOUND"),
        clause: None,
        purp: None,
        agr: None,
        n: 1.try_into().unwrap(),
    };
    hub.note(Entry::Deny(deny)).await;
    hub.log.close().await;
}

fn word(text: &str) -> ndxp_audit::Word {
    text.parse().unwrap()
}

impl Hub {
    fn leaf(&self, entry: &Entry) -> Record {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let id = EntryId(u128::from(seq + 1).to_be_bytes());
        let stamp = Stamp { id, t: Timestamp::from_millis(NOW), gw: word("n1-1"), seq };
        let value = ndxp_audit::encode(&stamp, entry).unwrap().into_bytes().into();
        record(None, value)
    }

    async fn note(&self, entry: Entry) {
        let leaf = self.leaf(&entry);
        self.log.append(HubTopic::Audit, 0, vec![leaf]).await.unwrap();
    }

    async fn command(&self, base: u64, name: &str) {
        let event = json!({
            "type": "schema-registered", "dataset": "tax/units", "version": base + 2,
            "hash": format!("sha256:{}", "0a".repeat(32)),
        });
        let value = json!({
            "v": 1, "base": base, "t": "2025-11-24T22:00:00.123Z", "request_id": "0", "body": "",
            "actor": "agency/hub/officer/officer-1", "command": name, "events": [event],
        });
        let value = value.to_string().into_bytes();
        let hash = <[u8; 32]>::from(Sha256::digest(&value)).into();
        self.log.append(HubTopic::Registry, 0, vec![record(None, value.into())]).await.unwrap();
        let by = "agency/hub/officer/officer-1".parse().unwrap();
        self.note(Entry::Registry(Registry { by, op: word(name), position: base, hash })).await;
    }

    async fn publish(&self, records: &[(&str, &str)]) {
        let entry = Entry::Publish(Publish {
            by: BY.parse().unwrap(),
            ds: "tax/units@3".parse().unwrap(),
            n: records.len() as u64,
            vid: [7; 32].into(),
            under: None,
        });
        let records = records.iter().map(|(id, key)| (partition(key), data(id, key))).collect();
        let covered = Covered::Records { dataset: "tax/units".parse().unwrap(), records };
        self.log.append_after(self.leaf(&entry), covered).await.unwrap();
    }

    async fn hand(&self, n: u64, (partition, first, last): (u32, u64, u64)) {
        let entry = Entry::Release(Release {
            by: "agency/statistics/system/hub".parse().unwrap(),
            way: Way::Stream,
            ds: "tax/units".parse().unwrap(),
            sub: SUB.parse().unwrap(),
            under: Under {
                agr: "agr-0042@7".parse().unwrap(),
                agrh: [1; 32].into(),
                pol: [2; 32].into(),
                purp: "statistics".parse().unwrap(),
                basis: "law-0012".parse().unwrap(),
            },
            rng: Some(vec![Delivered { partition, first, last }]),
            n: last - first + 1,
            again: false,
        });
        let handed = DeliveryRecord::from(Handed {
            sub: SUB.parse().unwrap(),
            epoch: 1,
            agreement: "agr-0042@7".parse().unwrap(),
            n,
            ranges: vec![HandedRange { partition, first, last, attempt: 1 }],
        });
        let record = record(Some(handed.key()), handed.encode().into());
        let covered = Covered::Handed { lane: sub_lane(), record };
        self.log.append_after(self.leaf(&entry), covered).await.unwrap();
    }

    async fn deliver(&self, line: DeliveryRecord) {
        let record = record(Some(line.key()), line.encode().into());
        self.log.append(HubTopic::Delivery, sub_lane(), vec![record]).await.unwrap();
    }
}

fn record(key: Option<String>, value: bytes::Bytes) -> Record {
    let timestamp = Timestamp::from_millis(NOW);
    Record { key: key.map(Into::into), value, timestamp, headers: Vec::new() }
}

fn data(id: &str, key: &str) -> Record {
    let schema = format!("ndxp:tax/units@sha256:{}", "0a".repeat(32));
    let headers = [
        ("ce_specversion", "1.0"),
        ("content-type", "application/json"),
        ("ce_id", id),
        ("ce_source", "/agency/tax/system/portal"),
        ("ce_type", "ndxp.tax.units.UPSERT"),
        ("ce_time", "2025-11-24T22:00:00.123Z"),
        ("ce_partitionkey", key),
        ("ce_dataschema", &schema),
        ("ce_ndxpschema", "3"),
    ];
    let headers = headers.map(|(name, value)| Header::new(name, value.as_bytes().to_vec()));
    let value = json!({ "code": key, "name": id }).to_string().into_bytes().into();
    Record { headers: headers.into(), ..record(Some(key.to_owned()), value) }
}
