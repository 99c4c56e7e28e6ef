//! Filling a window: from its files as far as they go, from the log for the rest.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ndxp_log::{Log, ReadError, Stored};
use ndxp_model::Timestamp;
use tokio::sync::MutexGuard;

use super::{
    Course, Dataset, Files, Held, Identity, WINDOW_MS,
    identity::{Hash, Seen},
    segment::Segment,
};
use crate::{fold::PAGE, headers};

impl Dataset {
    /// Returns the window once it is filled, which a task of its own does: a day of a large dataset
    /// may take longer than a caller waits, and the next one must not begin anew.
    pub(super) async fn filled(
        self: &Arc<Self>,
        log: &Arc<dyn Log>,
        now: Timestamp,
    ) -> Result<MutexGuard<'_, Held>, ReadError> {
        let held = self.held.lock().await;
        if held.loaded {
            return Ok(held);
        }
        drop(held);
        let (dataset, log) = (Arc::clone(self), Arc::clone(log));
        let filling = tokio::spawn(async move {
            let mut held = dataset.held.lock().await;
            if held.loaded { Ok(()) } else { dataset.load(&log, &mut held, now).await }
        });
        filling.await.map_err(|cause| ReadError::Unavailable(cause.to_string()))??;
        Ok(self.held.lock().await)
    }

    /// Fills the window. A read that failed is done again by the next call.
    async fn load(
        &self,
        log: &Arc<dyn Log>,
        held: &mut Held,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        let oldest = Timestamp::from_millis(now.millis() - WINDOW_MS);
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        for number in 0..self.partitions {
            starts.push(log.offset_at(&self.partition(number), oldest).await?);
            ends.push(*log.follow(&self.partition(number))?.borrow());
        }
        let segments = match &self.files {
            Some(files) => self.segments(files, oldest, &ends).await,
            None => Vec::new(),
        };
        let first: Option<Vec<u64>> =
            segments.first().map(|s| s.covers.offsets.iter().map(|r| r.start).collect());
        let last = segments.last().map(|s| s.covers.offsets.iter().map(|r| r.end).collect());
        let covered: Vec<u64> = last.unwrap_or_else(|| starts.clone());
        // What lies between the window's beginning and the first file, and what follows the last.
        let mut found = Vec::new();
        if let Some(first) = first {
            (found, _) = self.read(log, &numbered(&starts), &numbered(&first)).await?;
        }
        let (newer, learned) = self.read(log, &numbered(&covered), &BTreeMap::new()).await?;
        found.extend(newer);
        held.window.learn(found);
        held.segments = segments.into_iter().map(Arc::new).collect();
        held.covered = covered;
        if log.is_shared() {
            let begun = learned.into_iter().map(|(number, to)| (number, Course::new(to)));
            held.courses = begun.collect();
        }
        held.loaded = true;
        Ok(())
    }

    /// Reads partitions from offsets on, each to its end or, where one is given, up to another;
    /// returns how far it came, too.
    pub(super) async fn read(
        &self,
        log: &Arc<dyn Log>,
        from: &BTreeMap<u32, u64>,
        to: &BTreeMap<u32, u64>,
    ) -> Result<(Vec<(Hash, Seen)>, BTreeMap<u32, u64>), ReadError> {
        let (mut found, mut reached) = (Vec::new(), BTreeMap::new());
        for (number, from) in from {
            let (at, mut next) = (self.partition(*number), *from);
            let end = to.get(number).copied().unwrap_or(u64::MAX);
            while next < end {
                let page = log.read(&at, next, PAGE).await?;
                let Some(last) = page.last() else { break };
                next = last.offset + 1;
                let within = page.iter().filter(|stored| stored.offset < end);
                found.extend(within.filter_map(identified));
            }
            reached.insert(*number, next);
        }
        Ok((found, reached))
    }

    async fn segments(&self, files: &Files, oldest: Timestamp, ends: &[u64]) -> Vec<Segment> {
        let (dir, incarnation, ends) =
            (files.dir.clone(), files.incarnation.clone(), ends.to_vec());
        let opening = tokio::task::spawn_blocking(move || {
            let mut all = open_all(&dir);
            let fits = |segment: &Segment| {
                let covers = &segment.covers;
                let within = covers.offsets.len() == ends.len()
                    && covers.offsets.iter().zip(&ends).all(|(range, end)| range.end <= *end);
                covers.incarnation == incarnation && within && covers.newest >= oldest
            };
            // Oldest first, without a hole: what is behind one is read from the log again.
            let mut chain: Vec<Segment> = Vec::new();
            while let Some(segment) = all.pop() {
                let joins = chain.last().is_none_or(|next| touches(&segment, next));
                if fits(&segment) && joins {
                    chain.push(segment);
                } else {
                    segment.remove();
                }
            }
            chain.reverse();
            chain
        });
        opening.await.unwrap_or_default()
    }
}

fn touches(older: &Segment, newer: &Segment) -> bool {
    let ends = older.covers.offsets.iter().map(|range| range.end);
    ends.eq(newer.covers.offsets.iter().map(|range| range.start))
}

/// Opens every file of a directory that is whole, in the order of their names.
fn open_all(dir: &Path) -> Vec<Segment> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    let opened = paths.iter().filter_map(|path| open(path).ok());
    opened.collect()
}

/// A file that is not whole goes: the log holds what it held.
fn open(path: &Path) -> io::Result<Segment> {
    Segment::open(path).inspect_err(|cause| {
        tracing::warn!(%cause, path = %path.display(), "a file of record ids is not used");
        let _gone = fs::remove_file(path);
    })
}

fn identified(stored: &Stored) -> Option<(Hash, Seen)> {
    let (id, facts) = named(stored)?;
    Some((id, seen(stored, &facts)))
}

/// Returns a stored record's id in the window, with what its headers say.
pub(super) fn named(stored: &Stored) -> Option<(Hash, headers::Stored<'_>)> {
    let facts = headers::Stored::read(&stored.record)?;
    Some((Identity::hash_id(facts.source, facts.record_id), facts))
}

pub(super) fn seen(stored: &Stored, facts: &headers::Stored<'_>) -> Seen {
    let record = &stored.record;
    let key = record.key.as_deref().unwrap_or_default();
    let content = Identity::hash_content(facts.op, key, &record.value);
    Seen { content, at: record.timestamp, entry: Some(facts.entry) }
}

fn numbered(offsets: &[u64]) -> BTreeMap<u32, u64> {
    (0..).zip(offsets.iter().copied()).collect()
}
