//! A stretch of a dataset's window that will not change any more: a file, with a filter in memory.
//!
//! The file is a projection of the log. Whatever is wrong with it (cut, of another log, of another
//! form), it is not used, and the log is read instead. So it needs no sync.
//!
//! ```text
//! "NDXPDUP1", incarnation (length u64, text), partitions u64, from u64 and to u64 of each,
//! newest i64, count u64, count times (id 16, content 16, at i64, entry u64) in order of ids,
//! SHA-256 of all that. Numbers are little-endian.
//! ```

use std::{
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use ndxp_model::Timestamp;
use sha2::{Digest, Sha256};
use xorf::{BinaryFuse16, Filter};

use super::identity::{Hash, Seen};

const MAGIC: &[u8; 8] = b"NDXPDUP1";
const ROW: usize = 48;
const CHECK: usize = 32;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Covers {
    /// The log that it was read from.
    pub incarnation: String,
    /// The offsets of each partition whose records are in it.
    pub offsets: Vec<Range<u64>>,
    /// The instant of its newest record.
    pub newest: Timestamp,
}

/// A written segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub covers: Covers,
    path: PathBuf,
    file: File,
    /// Where the rows begin.
    rows_at: u64,
    count: u64,
    /// Nothing, if there are no rows.
    filter: Option<BinaryFuse16>,
}

impl Segment {
    /// Writes settled records and opens the file. Blocks.
    pub(super) fn write(
        path: &Path,
        covers: Covers,
        mut rows: Vec<(Hash, Seen)>,
    ) -> io::Result<Self> {
        rows.sort_unstable_by_key(|(id, _)| *id);
        rows.dedup_by_key(|(id, _)| *id);
        let mut bytes = head(&covers, rows.len());
        for (id, seen) in &rows {
            bytes.extend_from_slice(id);
            bytes.extend_from_slice(&seen.content);
            bytes.extend_from_slice(&seen.at.millis().to_le_bytes());
            bytes.extend_from_slice(&seen.entry.unwrap_or_default().to_le_bytes());
        }
        let check = Sha256::digest(&bytes);
        bytes.extend_from_slice(&check);
        let new = path.with_extension("new");
        File::create(&new)?.write_all(&bytes)?;
        fs::rename(&new, path)?;
        Self::open(path)
    }

    /// Opens a file and checks all of it. Blocks.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let body = bytes.len().checked_sub(CHECK).and_then(|end| bytes.split_at_checked(end));
        let (body, check) = body.ok_or_else(|| damaged("it is too short"))?;
        if Sha256::digest(body).as_slice() != check {
            return Err(damaged("its checksum is another"));
        }
        let mut reader = Reader(body);
        let (covers, count) = read_head(&mut reader).ok_or_else(|| damaged("its head is wrong"))?;
        let rows = reader.0;
        if rows.len() as u64 != count.saturating_mul(ROW as u64) {
            return Err(damaged("its rows do not fit its head"));
        }
        let keys: Vec<u64> = rows.chunks_exact(ROW).map(prefix).collect();
        let filter = (!keys.is_empty()).then(|| filter(keys)).transpose()?;
        let rows_at = (body.len() - rows.len()) as u64;
        let file = File::open(path)?;
        Ok(Self { covers, path: path.to_owned(), file, rows_at, count, filter })
    }

    /// Says whether the id may be in it; once in 65,000 times it says so wrongly.
    pub(super) fn may_hold(&self, id: &Hash) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.contains(&prefix(id)))
    }

    /// Looks an id up in the file: a binary search of a few reads. Blocks.
    pub(super) fn find(&self, id: &Hash) -> io::Result<Option<Seen>> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut row = [0; ROW];
            self.file.read_exact_at(&mut row, self.rows_at + middle * ROW as u64)?;
            let (found, seen) = read_row(&row).ok_or_else(|| damaged("a row is cut"))?;
            match found.cmp(id) {
                std::cmp::Ordering::Equal => return Ok(Some(seen)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Removes the file: everything in it is too old.
    pub(super) fn remove(&self) {
        if let Err(cause) = fs::remove_file(&self.path) {
            tracing::warn!(%cause, path = %self.path.display(), "an old file cannot be removed");
        }
    }
}

fn filter(mut keys: Vec<u64>) -> io::Result<BinaryFuse16> {
    // Two ids may share their first half; the filter wants each key once.
    keys.sort_unstable();
    keys.dedup();
    BinaryFuse16::try_from(&keys).map_err(damaged)
}

fn prefix(id: &[u8]) -> u64 {
    id.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn head(covers: &Covers, count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 + covers.offsets.len() * 16 + count * ROW);
    bytes.extend_from_slice(MAGIC);
    let mut number = |n: u64| bytes.extend_from_slice(&n.to_le_bytes());
    number(covers.incarnation.len() as u64);
    bytes.extend_from_slice(covers.incarnation.as_bytes());
    let mut number = |n: u64| bytes.extend_from_slice(&n.to_le_bytes());
    number(covers.offsets.len() as u64);
    for range in &covers.offsets {
        number(range.start);
        number(range.end);
    }
    number(covers.newest.millis().cast_unsigned());
    number(count as u64);
    bytes
}

fn read_head(reader: &mut Reader<'_>) -> Option<(Covers, u64)> {
    if reader.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let length = usize::try_from(reader.number()?).ok()?;
    let incarnation = String::from_utf8(reader.take(length)?.to_vec()).ok()?;
    let partitions = reader.number().filter(|n| *n <= u64::from(ndxp_model::MAX_PARTITIONS))?;
    let ranges = (0..partitions).map(|_| Some(reader.number()?..reader.number()?));
    let offsets = ranges.collect::<Option<Vec<_>>>()?;
    let newest = Timestamp::from_millis(reader.number()?.cast_signed());
    Some((Covers { incarnation, offsets, newest }, reader.number()?))
}

fn read_row(row: &[u8; ROW]) -> Option<(Hash, Seen)> {
    let mut reader = Reader(row);
    let id = reader.take(16)?.try_into().ok()?;
    let content = reader.take(16)?.try_into().ok()?;
    let at = Timestamp::from_millis(reader.number()?.cast_signed());
    Some((id, Seen { content, at, entry: Some(reader.number()?) }))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u64) -> Vec<(Hash, Seen)> {
        let row = |n: u64| {
            let id: Hash = Sha256::digest(n.to_le_bytes())[..16].try_into().unwrap_or_default();
            let seen = Seen {
                content: [7; 16],
                at: Timestamp::from_millis(n.cast_signed()),
                entry: Some(n),
            };
            (id, seen)
        };
        (0..count).map(row).collect()
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one partition")]
    fn covers() -> Covers {
        let newest = Timestamp::from_millis(99);
        Covers { incarnation: "ab".into(), offsets: vec![3..9], newest }
    }

    fn written(count: u64) -> (tempfile::TempDir, PathBuf, Segment) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("one.ids");
        let segment = Segment::write(&path, covers(), rows(count)).expect("it is written");
        (dir, path, segment)
    }

    #[test]
    fn every_row_is_found_and_others_are_not() {
        for count in [0, 1, 2, 1_000] {
            let (_dir, path, written) = written(count);
            for segment in [written, Segment::open(&path).expect("it opens")] {
                assert_eq!(segment.covers, covers());
                for (id, seen) in rows(count) {
                    assert!(segment.may_hold(&id));
                    assert_eq!(segment.find(&id).expect("it reads"), Some(seen));
                }
                let others = rows(count + 5_000).split_off(count as usize);
                assert!(others.iter().all(|(id, _)| segment.find(id).is_ok_and(|s| s.is_none())));
                let wrongly = others.iter().filter(|(id, _)| segment.may_hold(id)).count();
                assert!(wrongly < 10, "{wrongly} of 5,000");
            }
        }
    }

    #[test]
    fn damaged_file_is_not_used() {
        let (_dir, path, _segment) = written(10);
        let bytes = fs::read(&path).expect("it is there");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).expect("it is changed");
            assert!(Segment::open(&path).is_err(), "byte {at}");
            fs::write(&path, &bytes[..at]).expect("it is cut");
            assert!(Segment::open(&path).is_err(), "cut at {at}");
        }
    }
}
