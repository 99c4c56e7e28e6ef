//! Opening a directory: lock it, set the journal aside, open the store, check it against `ends`.

use std::{io, path::Path};

use ndxp_model::{HubTopic, Keep, Topic};

use super::{
    Config, Damage, OpenError, codec,
    dir::{Dir, Lock},
    ends::Ends,
    keys::{PartitionId, hub_topic},
    partitions::{Head, Loaded, Partitions, Slot},
    store::{Store, StoreError},
    torn,
};
use crate::Partition;

/// How far before the acknowledged end gaps are looked for. A gap further back is found by the
/// read that meets it.
const LOOK_BACK: u64 = 1_000;

/// A directory that was opened and found whole.
pub(super) struct Opened {
    pub(super) dir: Dir,
    pub(super) store: Store,
    pub(super) partitions: Partitions,
}

/// Why one step failed; the directory's name is added once.
enum Failure {
    Io(&'static str, io::Error),
    Damage(Damage),
    Format(String),
}

pub(super) fn open(config: &Config) -> Result<Opened, OpenError> {
    let dir = Dir::new(config.dir.clone());
    let io = |doing, source| OpenError::Io { dir: config.dir.clone(), doing, source };
    let lock = dir.lock().map_err(|error| io("taking its lock", error))?;
    let lock = lock.ok_or_else(|| OpenError::Locked { dir: config.dir.clone() })?;
    match open_locked(config, &dir, lock) {
        Ok((store, partitions)) => {
            dir.drop_journal_copy().map_err(|error| io("removing the journal's copy", error))?;
            Ok(Opened { dir, store, partitions })
        }
        Err(Failure::Io(doing, error)) => Err(io(doing, error)),
        Err(Failure::Format(format)) => Err(OpenError::Format { dir: config.dir.clone(), format }),
        Err(Failure::Damage(damage)) => {
            let kept = dir.keep_journal_copy();
            let kept = kept.map_err(|error| io("keeping the damaged journal", error))?;
            Err(OpenError::Corrupt { dir: config.dir.clone(), damage, kept })
        }
    }
}

fn open_locked(config: &Config, dir: &Dir, lock: Lock) -> Result<(Store, Partitions), Failure> {
    let ends = Ends::read(dir).map_err(|error| Failure::Io("reading its file `ends`", error))?;
    let ends = ends.transpose().map_err(Failure::Damage)?.unwrap_or_default();
    let has_store = dir.has_store().map_err(|error| Failure::Io("looking for its store", error))?;
    if !has_store && ends.0.values().any(|end| *end > 0) {
        return Err(Failure::Damage(Damage::NoStore));
    }
    dir.set_journal_aside()
        .map_err(|error| Failure::Io("copying its journal before opening", error))?;
    let store = open_store(dir, config.cache, lock)?;
    let partitions = load(config, &store, &ends)?;
    // What the store does not know of any more is gone, too.
    let known = partitions.ends();
    let lost = ends.0.iter().find(|(name, end)| **end > 0 && !known.0.contains_key(*name));
    if let Some((partition, end)) = lost {
        return Err(end_behind(partition.clone(), 0, *end));
    }
    Ok((store, partitions))
}

/// Opens the store on a thread of its own: it panics at some kinds of damage.
fn open_store(dir: &Dir, cache: u64, lock: Lock) -> Result<Store, Failure> {
    let path = dir.store();
    let opening = std::thread::Builder::new()
        .name("ndxp-log-open".into())
        .spawn(move || open_or_repair(&path, cache, lock))
        .map_err(|error| Failure::Io("starting a thread", error))?;
    match opening.join() {
        Ok(opened) => opened.map_err(|error| unreadable("the store", error)),
        Err(_) => {
            let why = "opening it panicked".to_owned();
            Err(Failure::Damage(Damage::Unreadable { what: "the store".into(), why }))
        }
    }
}

/// Opens the store; if a power loss tore the journal's last batch, without that batch.
fn open_or_repair(path: &Path, cache: u64, lock: Lock) -> Result<Store, StoreError> {
    let error = match Store::open(path, cache, lock.clone()) {
        Err(StoreError::Journal(error)) => error,
        other => return other,
    };
    if !torn::cut_last_batch(path).map_err(StoreError::Io)? {
        return Err(StoreError::Journal(error));
    }
    tracing::warn!(%error, "last batch of the log's journal was torn and is left out");
    Store::open(path, cache, lock)
}

fn load(config: &Config, store: &Store, ends: &Ends) -> Result<Partitions, Failure> {
    let unlisted = |error| unreadable("the list of topics", error);
    let partitions = Partitions::default();
    for hub in HubTopic::ALL {
        let (topic, id) = (Topic::Hub(hub), hub_topic(hub));
        load_topic(config, store, ends, (topic, id, hub.partitions(), hub.keep()), &partitions)?;
    }
    for data in store.topics().map_err(unlisted)? {
        let keep = store.keep(data.id).map_err(unlisted)?;
        let topic = (Topic::Data(data.dataset), data.id, data.partitions, keep);
        load_topic(config, store, ends, topic, &partitions)?;
    }
    Ok(partitions)
}

fn load_topic(
    config: &Config,
    store: &Store,
    ends: &Ends,
    (topic, id, count, keep): (Topic, u32, u32, Keep),
    partitions: &Partitions,
) -> Result<(), Failure> {
    let mut slots = Vec::new();
    for number in 0..count {
        let name = Partition { topic: topic.clone(), number }.to_string();
        let acknowledged = ends.0.get(&name).copied().unwrap_or_default();
        let at = PartitionId { topic: id, number };
        let loaded = load_partition(store, at, keep, name, acknowledged)?;
        slots.push(Slot::new(at, loaded, config.tail));
    }
    partitions.insert(topic, slots);
    Ok(())
}

fn load_partition(
    store: &Store,
    at: PartitionId,
    keep: Keep,
    partition: String,
    acknowledged: u64,
) -> Result<Loaded, Failure> {
    let failed = |error| unreadable(&partition, error);
    let start = store.start(at).map_err(failed)?;
    let cleaned = store.cleaned(at).map_err(failed)?;
    let head = match store.last(at).map_err(failed)? {
        None => Head { offset: start.offset, time: start.time },
        Some((offset, stored)) => {
            let time = codec::timestamp(&stored);
            let time = time.map_err(|error| damaged(&partition, error.to_string()))?;
            Head { offset: (offset + 1).max(start.offset), time: time.max(start.time) }
        }
    };
    if head.offset < acknowledged {
        return Err(end_behind(partition, head.offset, acknowledged));
    }
    // Compaction never takes a partition's last record, so below the end there is one.
    let from = acknowledged.saturating_sub(LOOK_BACK).max(start.offset).max(cleaned.holes);
    match store.gap(at, from, head.offset) {
        Ok(None) => Ok(Loaded { keep, start, cleaned, head }),
        Ok(Some(missing)) => Err(Failure::Damage(Damage::Gap { partition, missing })),
        Err(error) => Err(unreadable(&partition, error)),
    }
}

fn end_behind(partition: String, stored: u64, acknowledged: u64) -> Failure {
    Failure::Damage(Damage::EndBehind { partition, stored, acknowledged })
}

fn unreadable(what: &str, error: StoreError) -> Failure {
    match error {
        StoreError::Io(error) => Failure::Io("reading its store", error),
        StoreError::Format(format) => Failure::Format(format),
        StoreError::Poisoned => damaged(what, "the store failed while it was opened".into()),
        StoreError::Damaged(why) | StoreError::Journal(why) => damaged(what, why),
    }
}

fn damaged(what: &str, why: String) -> Failure {
    Failure::Damage(Damage::Unreadable { what: what.to_owned(), why })
}
