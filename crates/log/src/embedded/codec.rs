//! The stored form of a record, version 1:
//!
//! ```text
//! format 1 | flags | timestamp, 8 bytes | [entry, 8 bytes | position, 4 bytes] | [key]
//!          | number of headers | name, value of each | value
//! ```
//!
//! Fixed numbers are big-endian; texts and byte strings carry their length as a LEB128 number.
//! The entry that covers a record is a number in a fixed place, not a header: callers encode on
//! their own threads, and the writer, which alone knows the entry's offset, patches it in.

use bytes::{BufMut, Bytes, BytesMut};
use ndxp_model::Timestamp;
use thiserror::Error;

use crate::{
    Header, Record,
    record::{entry_headers, names_the_entry},
};

const FORMAT: u8 = 1;
const HAS_KEY: u8 = 1;
const IS_COVERED: u8 = 2;
const TIME_AT: usize = 2;
const ENTRY_AT: usize = TIME_AT + 8;

/// Why stored bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Undecodable {
    #[error("the record has format {0}, which this version does not know")]
    Format(u8),
    #[error("the record has unknown flags")]
    Flags,
    #[error("the record ends too early")]
    Short,
    #[error("the record has bytes after its end")]
    Long,
    #[error("a header's name is not UTF-8")]
    Name,
}

/// A record encoded but for what only the writer knows.
#[derive(Debug)]
pub(super) struct Draft {
    bytes: BytesMut,
    timestamp: Timestamp,
}

/// Encodes a record. `position` is its place in what an entry covers, if one does.
pub(super) fn encode(record: &Record, position: Option<u32>) -> Draft {
    let mut bytes = BytesMut::with_capacity(record.size() + 40 + 8 * record.headers.len());
    let key_flag = if record.key.is_some() { HAS_KEY } else { 0 };
    let covered_flag = if position.is_some() { IS_COVERED } else { 0 };
    bytes.put_u8(FORMAT);
    bytes.put_u8(key_flag | covered_flag);
    bytes.put_i64(record.timestamp.millis());
    if let Some(position) = position {
        bytes.put_u64(0);
        bytes.put_u32(position);
    }
    if let Some(key) = &record.key {
        put_slice(&mut bytes, key);
    }
    let is_kept = |header: &&Header| position.is_none() || !names_the_entry(&header.name);
    put_number(&mut bytes, record.headers.iter().filter(is_kept).count());
    for header in record.headers.iter().filter(is_kept) {
        put_slice(&mut bytes, header.name.as_bytes());
        put_slice(&mut bytes, &header.value);
    }
    put_slice(&mut bytes, &record.value);
    Draft { bytes, timestamp: record.timestamp }
}

impl Draft {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Finishes the bytes with the timestamp to store and the entry that covers the record, which
    /// matters only to one encoded with a position.
    pub(super) fn seal(mut self, timestamp: Timestamp, entry: u64) -> Bytes {
        let is_covered = self.bytes.get(1).is_some_and(|flags| flags & IS_COVERED != 0);
        self.patch(TIME_AT, timestamp.millis().to_be_bytes());
        if is_covered {
            self.patch(ENTRY_AT, entry.to_be_bytes());
        }
        self.bytes.freeze()
    }

    fn patch(&mut self, at: usize, number: [u8; 8]) {
        if let Some(place) = self.bytes.get_mut(at..at + 8) {
            place.copy_from_slice(&number);
        }
    }
}

/// Decodes a record without copying key and values: they share the stored buffer.
pub(super) fn decode(stored: &Bytes) -> Result<Record, Undecodable> {
    let mut rest = Cursor { left: stored.clone() };
    let flags = rest.start()?;
    let timestamp = Timestamp::from_millis(i64::from_be_bytes(rest.fixed()?));
    let covered = match flags & IS_COVERED {
        0 => None,
        _ => Some((u64::from_be_bytes(rest.fixed()?), u32::from_be_bytes(rest.fixed()?))),
    };
    let key = if flags & HAS_KEY == 0 { None } else { Some(rest.slice()?) };
    let count = rest.number()?;
    // The count is not trusted for the reservation: damaged bytes must not ask for gigabytes.
    let mut headers = Vec::with_capacity(count.min(64) + 2);
    for _ in 0..count {
        let name = rest.slice()?;
        let name = std::str::from_utf8(&name).map_err(|_| Undecodable::Name)?;
        headers.push(Header::read(name, rest.slice()?));
    }
    if let Some((entry, position)) = covered {
        headers.extend(entry_headers(entry, position));
    }
    let value = rest.slice()?;
    if !rest.left.is_empty() {
        return Err(Undecodable::Long);
    }
    Ok(Record { key, value, timestamp, headers })
}

/// Reads the timestamp alone.
pub(super) fn timestamp(stored: &Bytes) -> Result<Timestamp, Undecodable> {
    let mut rest = Cursor { left: stored.clone() };
    rest.start()?;
    Ok(Timestamp::from_millis(i64::from_be_bytes(rest.fixed()?)))
}

fn put_slice(bytes: &mut BytesMut, slice: &[u8]) {
    put_number(bytes, slice.len());
    bytes.put_slice(slice);
}

fn put_number(bytes: &mut BytesMut, mut number: usize) {
    while number >= 0x80 {
        // The low seven bits, and the mark that more follow.
        bytes.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.put_u8(number as u8);
}

struct Cursor {
    left: Bytes,
}

impl Cursor {
    /// Reads format and flags.
    fn start(&mut self) -> Result<u8, Undecodable> {
        let [format, flags] = self.fixed()?;
        if format != FORMAT {
            return Err(Undecodable::Format(format));
        }
        if flags & !(HAS_KEY | IS_COVERED) != 0 {
            return Err(Undecodable::Flags);
        }
        Ok(flags)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let taken = self.take(N)?;
        taken.as_ref().try_into().map_err(|_| Undecodable::Short)
    }

    fn slice(&mut self) -> Result<Bytes, Undecodable> {
        let length = self.number()?;
        self.take(length)
    }

    fn number(&mut self) -> Result<usize, Undecodable> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(number).map_err(|_| Undecodable::Short);
            }
        }
        Err(Undecodable::Short)
    }

    fn take(&mut self, length: usize) -> Result<Bytes, Undecodable> {
        if length > self.left.len() {
            return Err(Undecodable::Short);
        }
        Ok(self.left.split_to(length))
    }
}

#[cfg(test)]
mod tests;
