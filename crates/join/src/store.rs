//! The store's keyspaces as partitions of records: `docs/storage.md`, section 1.

use std::{collections::BTreeMap, path::Path};

use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions};

use crate::{
    Check, JoinError, Report,
    record::{Record, decode},
};

const REGISTRY: u32 = 1;
const AUDIT: u32 = 2;
const DELIVERY: u32 = 3;
const FIRST_DATASET: u32 = 16;
const LANES: u32 = 64;

/// A partition with all its records, in order.
#[derive(Debug)]
pub(crate) struct Partition {
    /// As in `ends`: `ndxp.audit.main/0`.
    pub(crate) name: String,
    pub(crate) number: u32,
    /// The first offset that retention has left.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Below it compaction may have left holes.
    pub(crate) holes: u64,
    /// How many holes there are.
    pub(crate) compacted: u64,
    pub(crate) records: Vec<Record>,
}

impl Partition {
    fn new(name: String, number: u32, deleted: Deleted) -> Self {
        let Deleted { start, holes } = deleted;
        Self { name, number, start, end: start, holes, compacted: 0, records: Vec::new() }
    }

    /// Says whether what is not at `offset` may have been deleted.
    pub(crate) fn may_lack(&self, offset: u64) -> bool {
        offset < self.start || offset < self.holes
    }

    /// Returns how many records retention and compaction have taken.
    pub(crate) fn gone(&self) -> u64 {
        self.start + self.compacted
    }

    /// Names a place for a finding.
    pub(crate) fn at(&self, offset: u64) -> String {
        format!("{}@{offset}", self.name)
    }

    /// Returns the record at an offset, if it is there and readable.
    pub(crate) fn get(&self, offset: u64) -> Option<&Record> {
        let index = self.records.binary_search_by_key(&offset, |record| record.offset).ok()?;
        self.records.get(index)
    }
}

/// What `meta` says was deleted of a partition.
#[derive(Debug, Clone, Copy, Default)]
struct Deleted {
    start: u64,
    holes: u64,
}

/// A dataset's topic.
#[derive(Debug)]
pub(crate) struct Topic {
    /// `tax/income`.
    pub(crate) dataset: String,
    pub(crate) partitions: Vec<Partition>,
}

/// All that a log holds.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) registry: Partition,
    pub(crate) audit: Partition,
    pub(crate) lanes: Vec<Partition>,
    pub(crate) topics: Vec<Topic>,
}

/// Loads the copy of a log directory.
pub(crate) fn load(dir: &Path, report: &mut Report) -> Result<Log, JoinError> {
    let db = Database::builder(dir.join("store"))
        .journal_compression(CompressionType::None)
        .worker_threads(1)
        .open()?;
    let keyspace = |name| db.keyspace(name, KeyspaceCreateOptions::default);
    let (data, state, meta) = (keyspace("data")?, keyspace("state")?, keyspace("meta")?);
    match meta.get("format")? {
        Some(format) if matches!(&*format, b"1" | b"2") => {}
        other => return Err(JoinError::Layout(format!("format {other:?}"))),
    }
    let (topics, deleted) = read_meta(&meta)?;
    let names = topics.iter().map(|(id, topic)| (*id, topic.dataset.clone())).collect();
    let mut rows = read_rows(&state, &deleted, &BTreeMap::new(), report)?;
    rows.extend(read_rows(&data, &deleted, &names, report)?);
    let mut take = |topic: u32, number: u32, name: String| {
        let deleted = deleted.get(&(topic, number)).copied().unwrap_or_default();
        rows.remove(&(topic, number)).unwrap_or_else(|| Partition::new(name, number, deleted))
    };
    let log = Log {
        registry: take(REGISTRY, 0, hub_name(REGISTRY, 0)),
        audit: take(AUDIT, 0, hub_name(AUDIT, 0)),
        lanes: (0..LANES).map(|lane| take(DELIVERY, lane, hub_name(DELIVERY, lane))).collect(),
        topics: topics
            .into_iter()
            .map(|(id, topic)| Topic {
                partitions: (0..topic.partitions)
                    .map(|number| take(id, number, data_name(&topic.dataset, number)))
                    .collect(),
                dataset: topic.dataset,
            })
            .collect(),
    };
    for stray in rows.into_values() {
        let what = "is in no partition that `meta` knows".to_owned();
        report.find(Check::Record, stray.at(stray.start), what);
    }
    check_ends(dir, &log, report)?;
    Ok(log)
}

struct Named {
    dataset: String,
    partitions: u32,
}

type Deletions = BTreeMap<(u32, u32), Deleted>;

fn read_meta(meta: &Keyspace) -> Result<(BTreeMap<u32, Named>, Deletions), JoinError> {
    let (mut topics, mut deleted) = (BTreeMap::new(), Deletions::new());
    for guard in meta.iter() {
        let (key, value) = guard.into_inner()?;
        let unknown = || JoinError::Layout(format!("key {key:?} of meta"));
        match (key.split_first(), value.split_at_checked(4)) {
            _ if &*key == b"format" => {}
            (Some((b't', id)), Some((partitions, name))) => {
                let dataset = String::from_utf8(name.to_vec()).map_err(|_| unknown())?;
                let partitions = number(partitions).ok_or_else(unknown)?;
                topics.insert(number(id).ok_or_else(unknown)?, Named { dataset, partitions });
            }
            (Some((b's' | b'c', at)), _) => {
                let at = at.split_at_checked(4).ok_or_else(unknown)?;
                let at = (number(at.0).ok_or_else(unknown)?, number(at.1).ok_or_else(unknown)?);
                let first = value.get(..8).and_then(long).ok_or_else(unknown)?;
                let deleted = deleted.entry(at).or_default();
                match (key.first(), value.len()) {
                    (Some(b's'), 8 | 16) => deleted.start = first,
                    (Some(b'c'), 16) => deleted.holes = first,
                    _ => return Err(unknown()),
                }
            }
            // What is kept decides what may be deleted; what was deleted stands beside it.
            (Some((b'k', _)), _)
                if matches!(
                    (value.first(), value.len()),
                    (Some(0), 1) | (Some(1), 17) | (Some(2), 9)
                ) => {}
            _ => return Err(unknown()),
        }
    }
    Ok((topics, deleted))
}

/// Reads a keyspace of records. Offsets, times and bytes are judged here.
fn read_rows(
    keyspace: &Keyspace,
    deleted: &Deletions,
    names: &BTreeMap<u32, String>,
    report: &mut Report,
) -> Result<BTreeMap<(u32, u32), Partition>, JoinError> {
    let mut partitions = BTreeMap::new();
    for guard in keyspace.iter() {
        let (key, value) = guard.into_inner()?;
        let parsed = key.split_at_checked(8).and_then(|(head, offset)| {
            let (topic, partition) = head.split_at_checked(4)?;
            Some((number(topic)?, number(partition)?, long(offset)?))
        });
        let unknown = || JoinError::Layout(format!("key {key:?} of a record"));
        let (topic, number, offset) = parsed.ok_or_else(unknown)?;
        let partition = partitions.entry((topic, number)).or_insert_with(|| {
            let deleted = deleted.get(&(topic, number)).copied().unwrap_or_default();
            let name = match names.get(&topic) {
                Some(dataset) => data_name(dataset, number),
                None => hub_name(topic, number),
            };
            Partition::new(name, number, deleted)
        });
        take_row(partition, offset, &value, report);
    }
    Ok(partitions)
}

fn take_row(partition: &mut Partition, offset: u64, value: &[u8], report: &mut Report) {
    if offset < partition.start {
        // What retention has let go of may not be gone yet.
        return;
    }
    if offset <= partition.holes {
        partition.compacted += offset - partition.end;
    } else if offset != partition.end {
        let what = format!("follows a hole: {} is missing", partition.end);
        report.find(Check::Record, partition.at(offset), what);
    }
    partition.end = offset + 1;
    match decode(offset, value) {
        Ok(record) => {
            if partition.records.last().is_some_and(|last| last.timestamp > record.timestamp) {
                let what = "is earlier than the record before it".to_owned();
                report.find(Check::Record, partition.at(offset), what);
            }
            partition.records.push(record);
        }
        Err(what) => report.find(Check::Record, partition.at(offset), what.to_owned()),
    }
}

/// The file `ends` is a lower bound.
fn check_ends(dir: &Path, log: &Log, report: &mut Report) -> Result<(), JoinError> {
    let path = dir.join("ends");
    if !path.exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).map_err(JoinError::read(path))?;
    let Some(ends) = parse_ends(&text) else {
        report.find(Check::Ends, "ends".to_owned(), "is damaged".to_owned());
        return Ok(());
    };
    let hub = [&log.registry, &log.audit].into_iter().chain(&log.lanes);
    let all = hub.chain(log.topics.iter().flat_map(|topic| &topic.partitions));
    let known: BTreeMap<&str, u64> = all.map(|p| (p.name.as_str(), p.end)).collect();
    for (name, end) in ends {
        let stored = known.get(name).copied().unwrap_or_default();
        if stored < end {
            let what = format!("ends at {stored}, but {end} was acknowledged");
            report.find(Check::Ends, name.to_owned(), what);
        }
    }
    Ok(())
}

fn parse_ends(text: &str) -> Option<Vec<(&str, u64)>> {
    let sum = text.trim_end().rsplit_once("\nsum ")?;
    let body = text.get(..sum.0.len() + 1)?;
    let fnv = body.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut lines = body.lines();
    if u64::from_str_radix(sum.1, 16).ok()? != fnv || lines.next()? != "ndxp-ends 1" {
        return None;
    }
    lines
        .map(|line| line.split_once(' ').and_then(|(n, end)| Some((n, end.parse().ok()?))))
        .collect()
}

fn hub_name(topic: u32, number: u32) -> String {
    match topic {
        REGISTRY => format!("ndxp.registry/{number}"),
        AUDIT => format!("ndxp.audit.main/{number}"),
        DELIVERY => format!("ndxp.delivery/{number}"),
        _ if topic >= FIRST_DATASET => format!("unnamed dataset topic {topic}/{number}"),
        _ => format!("unknown topic {topic}/{number}"),
    }
}

fn data_name(dataset: &str, number: u32) -> String {
    format!("ndxp.data.{}/{number}", dataset.replace('/', "."))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

fn long(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}
