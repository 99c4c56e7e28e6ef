//! A record as a Kafka message, and back.

use bytes::{Bytes, BytesMut};
use ndxp_model::Timestamp;
use rdkafka::message::{BorrowedMessage, Header as KafkaHeader, Headers, Message, OwnedHeaders};

use crate::{
    AppendError, ENTRY_HEADER, Header, MAX_RECORD_BYTES, POSITION_HEADER, Record, Stored,
    record::{entry_headers, names_the_entry},
};

/// The largest batch: one record at the log's limit, with what the engine and Kafka add.
pub(super) const MAX_WIRE_BYTES: usize = MAX_RECORD_BYTES + 1024 * 1024;

/// What Kafka adds to a record: lengths, the batch's head, and the headers of the entry.
const RECORD_FRAME: usize = 256;
/// What Kafka adds to a header: two lengths.
const HEADER_FRAME: usize = 10;

/// No time: librdkafka would put the present in the place of a zero.
const NO_TIME: i64 = -1;

/// What a covered record says of its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cover {
    pub(super) entry: u64,
    pub(super) position: u32,
}

/// Checks a record as the caller gave it and returns the bytes that it takes on the wire.
pub(super) fn admit(record: &Record) -> Result<usize, AppendError> {
    let bytes = record.size();
    if bytes > MAX_RECORD_BYTES {
        return Err(AppendError::TooLarge { bytes, limit: MAX_RECORD_BYTES });
    }
    let wire = bytes + RECORD_FRAME + record.headers.len() * HEADER_FRAME;
    if wire > MAX_WIRE_BYTES {
        return Err(AppendError::TooLarge { bytes: wire, limit: MAX_WIRE_BYTES });
    }
    if record.headers.iter().any(|header| header.name.contains('\0')) {
        // librdkafka would end the name there.
        return Err(AppendError::Unavailable("a header's name has a zero byte".into()));
    }
    Ok(wire)
}

/// Makes the headers of a message. A covered record's own headers of the engine's names go.
pub(super) fn headers(record: &Record, cover: Option<Cover>) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len() + 2);
    for header in &record.headers {
        if cover.is_none() || !names_the_entry(&header.name) {
            headers = insert(headers, header);
        }
    }
    let Some(Cover { entry, position }) = cover else { return headers };
    for header in &entry_headers(entry, position) {
        headers = insert(headers, header);
    }
    headers
}

fn insert(headers: OwnedHeaders, header: &Header) -> OwnedHeaders {
    headers.insert(KafkaHeader { key: &header.name, value: Some(&*header.value) })
}

/// Returns the key of a message. On a compacted topic a record without a key gets one of its own, so
/// that nothing replaces it; [`stored`] takes it off again.
pub(super) fn key(record: &Record, cover: Option<Cover>, needs_keys: bool) -> Option<Bytes> {
    match (&record.key, cover) {
        (None, Some(Cover { entry, position })) if needs_keys => {
            let [entry, position] = entry_headers(entry, position);
            Some(stand_in(&entry.value, &position.value))
        }
        (key, _) => key.clone(),
    }
}

fn stand_in(entry: &[u8], position: &[u8]) -> Bytes {
    [b"\0ndxp.keyless:", entry, b":", position].concat().into()
}

/// Says whether the key is the engine's own: it names the record's own entry and position.
fn is_stand_in(record: &Record) -> bool {
    let Some(key) = record.key.as_ref().filter(|key| key.starts_with(b"\0")) else { return false };
    match (record.header(ENTRY_HEADER), record.header(POSITION_HEADER)) {
        (Some(entry), Some(position)) => *key == stand_in(entry, position),
        _ => false,
    }
}

/// Returns the time of a message: a record of 1970-01-01 or earlier has none.
pub(super) fn time(millis: i64) -> i64 {
    if millis <= 0 { NO_TIME } else { millis }
}

/// Takes a message's offset and record over into one piece of memory of their own.
pub(super) fn stored(message: &BorrowedMessage<'_>) -> Stored {
    let headers = || message.headers().into_iter().flat_map(Headers::iter);
    let values = headers().filter_map(|header| header.value).map(<[u8]>::len).sum::<usize>();
    let mut memory = BytesMut::with_capacity(message.key_len() + message.payload_len() + values);
    let mut copy = |part: &[u8]| {
        memory.extend_from_slice(part);
        memory.split().freeze()
    };
    let mut record = Record {
        key: message.key().map(&mut copy),
        value: message.payload().map(&mut copy).unwrap_or_default(),
        timestamp: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or_default()),
        headers: headers()
            .map(|header| Header::read(header.key, copy(header.value.unwrap_or_default())))
            .collect(),
    };
    if is_stand_in(&record) {
        record.key = None;
    }
    Stored { offset: offset(message.offset()).unwrap_or_default(), record }
}

/// Reads Kafka's offset: negative ones mean that there is none.
pub(super) fn offset(raw: i64) -> Option<u64> {
    u64::try_from(raw).ok()
}

/// Makes Kafka's offset of one; past Kafka's range there is nothing anyway.
pub(super) fn raw(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
