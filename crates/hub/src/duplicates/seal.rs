//! Moving what is old enough from memory into a file, once an hour and beside the calls.

use std::{fs, io, path::PathBuf, sync::Arc};

use ndxp_log::{Log, ReadError};
use ndxp_model::Timestamp;
use tokio::task::JoinHandle;
use tracing::warn;

use super::{
    Dataset, Files, Held,
    identity::{Hash, Seen},
    segment::{Covers, Segment},
};

const HOUR_MS: i64 = 3_600_000;
/// An hour is sealed so long after its end: what was begun in it is settled by then.
const GRACE_MS: i64 = 600_000;

/// A file that is being written.
#[derive(Debug, Default)]
pub(super) struct Sealing {
    writing: Option<JoinHandle<io::Result<Sealed>>>,
    /// After a failure nothing is tried before this instant.
    not_before: Option<Timestamp>,
}

#[derive(Debug)]
struct Sealed {
    segment: Segment,
    ids: Vec<Hash>,
}

impl Dataset {
    /// Takes a file that is finished, and begins one if an hour is over. Waits for neither.
    pub(super) async fn seal(
        &self,
        log: &Arc<dyn Log>,
        held: &mut Held,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        let Some(files) = &self.files else { return Ok(()) };
        if held.sealing.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            held.finish(now).await;
        }
        let end = (now.millis() - GRACE_MS).div_euclid(HOUR_MS) * HOUR_MS;
        let end = Timestamp::from_millis(end);
        let is_due = held.window.oldest().is_some_and(|oldest| oldest < end)
            && held.sealing.not_before.is_none_or(|instant| instant <= now);
        if held.sealing.writing.is_some() || !is_due {
            return Ok(());
        }
        let Some(rows) = held.window.settled_before(end) else { return Ok(()) };
        let mut offsets = Vec::new();
        for (number, from) in (0..).zip(&held.covered) {
            offsets.push(*from..log.offset_at(&self.partition(number), end).await?.max(*from));
        }
        let newest = rows.iter().map(|(_, seen)| seen.at).max().unwrap_or(end);
        let covers = Covers { incarnation: files.incarnation.clone(), offsets, newest };
        let path = path(files, end);
        let writing = tokio::task::spawn_blocking(move || write(path, covers, rows));
        held.sealing.writing = Some(writing);
        Ok(())
    }
}

fn path(files: &Files, end: Timestamp) -> PathBuf {
    files.dir.join(format!("{:015}.ids", end.millis()))
}

fn write(path: PathBuf, covers: Covers, rows: Vec<(Hash, Seen)>) -> io::Result<Sealed> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let ids = rows.iter().map(|(id, _)| *id).collect();
    Ok(Sealed { segment: Segment::write(&path, covers, rows)?, ids })
}

impl Held {
    /// Takes the file that was written, if it was; what it holds leaves the memory only then.
    pub(super) async fn finish(&mut self, now: Timestamp) {
        let Some(writing) = self.sealing.writing.take() else { return };
        match writing.await.map_err(io::Error::other).and_then(|written| written) {
            Ok(Sealed { segment, ids }) => {
                self.covered = segment.covers.offsets.iter().map(|range| range.end).collect();
                self.window.hand_over(&ids);
                self.segments.push(Arc::new(segment));
            }
            Err(cause) => {
                warn!(%cause, "record ids stay in memory: their file cannot be written");
                self.sealing.not_before = Some(Timestamp::from_millis(now.millis() + GRACE_MS));
            }
        }
    }
}
