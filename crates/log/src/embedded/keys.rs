//! Keys and the values of `meta`: what stands where in the store (`docs/storage.md`, section 1).

use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp};

use super::store::StoreError;

const TOPIC_PREFIX: u8 = b't';
const KEEP_PREFIX: u8 = b'k';
const START_PREFIX: u8 = b's';
const CLEANED_PREFIX: u8 = b'c';
/// The first number of a dataset's topic; those below are the hub's.
pub(super) const FIRST_DATA_TOPIC: u32 = 16;

const EVERYTHING: u8 = 0;
const RECENT: u8 = 1;
const NEWEST: u8 = 2;

/// A partition by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartitionId {
    pub(super) topic: u32,
    pub(super) number: u32,
}

/// A dataset's topic as `meta` keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataTopic {
    pub(super) id: u32,
    pub(super) dataset: DatasetName,
    pub(super) partitions: u32,
}

/// Where a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// The first offset that retention has left.
    pub(super) offset: u64,
    /// The time of the last record before it: time does not go back, also where nothing is left.
    pub(super) time: Timestamp,
}

impl Default for Start {
    fn default() -> Self {
        Self { offset: 0, time: Timestamp::from_millis(i64::MIN) }
    }
}

/// How far a partition was compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cleaned {
    /// Below it compaction may have left holes; a hole from here on is damage.
    pub(super) holes: u64,
    /// Below it no key stands twice. Never beyond `holes`, if anything was removed.
    pub(super) to: u64,
}

/// Returns the number of one of the hub's own topics, fixed for ever.
pub(super) fn hub_topic(topic: HubTopic) -> u32 {
    match topic {
        HubTopic::Registry => 1,
        HubTopic::Audit => 2,
        HubTopic::Delivery => 3,
        HubTopic::Publishers => 4,
        HubTopic::Nodes => 5,
        HubTopic::CodeLists => 6,
    }
}

pub(super) fn key(at: PartitionId, offset: u64) -> [u8; 16] {
    let mut key = [0; 16];
    let (head, tail) = key.split_at_mut(8);
    head.copy_from_slice(&(u64::from(at.topic) << 32 | u64::from(at.number)).to_be_bytes());
    tail.copy_from_slice(&offset.to_be_bytes());
    key
}

pub(super) fn offset(key: &[u8]) -> Result<u64, StoreError> {
    place(key).map(|(_, offset)| offset).ok_or_else(|| damaged("a record's key"))
}

/// Reads a record's key.
pub(super) fn place(key: &[u8]) -> Option<(PartitionId, u64)> {
    let (topic, rest) = key.split_first_chunk()?;
    let (number, offset) = rest.split_first_chunk()?;
    let (topic, number) = (u32::from_be_bytes(*topic), u32::from_be_bytes(*number));
    Some((PartitionId { topic, number }, u64::from_be_bytes(offset.try_into().ok()?)))
}

/// Where every dataset's topic stands.
pub(super) fn topics() -> [u8; 1] {
    [TOPIC_PREFIX]
}

pub(super) fn topic_row(topic: &DataTopic) -> (Vec<u8>, Vec<u8>) {
    let mut value = topic.partitions.to_be_bytes().to_vec();
    value.extend_from_slice(topic.dataset.to_string().as_bytes());
    (with_topic(TOPIC_PREFIX, topic.id), value)
}

pub(super) fn parse_topic(key: &[u8], value: &[u8]) -> Result<DataTopic, StoreError> {
    let parse = || {
        let id = u32::from_be_bytes(key.get(1..)?.try_into().ok()?);
        let (partitions, name) = value.split_first_chunk()?;
        let dataset = std::str::from_utf8(name).ok()?.parse().ok()?;
        Some(DataTopic { id, dataset, partitions: u32::from_be_bytes(*partitions) })
    };
    parse().ok_or_else(|| damaged("a topic's name"))
}

pub(super) fn keep_key(topic: u32) -> Vec<u8> {
    with_topic(KEEP_PREFIX, topic)
}

pub(super) fn keep_value(keep: Keep) -> Vec<u8> {
    let mut value = Vec::new();
    match keep {
        Keep::Everything => value.push(EVERYTHING),
        Keep::Recent { max_age_ms, max_bytes } => {
            value.push(RECENT);
            // The largest number is no bound.
            value.extend(max_age_ms.unwrap_or(u64::MAX).to_be_bytes());
            value.extend(max_bytes.unwrap_or(u64::MAX).to_be_bytes());
        }
        Keep::Newest { lag_ms } => {
            value.push(NEWEST);
            value.extend(lag_ms.to_be_bytes());
        }
    }
    value
}

pub(super) fn parse_keep(value: &[u8]) -> Result<Keep, StoreError> {
    let bound = |number: u64| (number != u64::MAX).then_some(number);
    match (value.split_first(), numbers(value.get(1..).unwrap_or_default()).as_deref()) {
        (Some((&EVERYTHING, _)), Some([])) => Ok(Keep::Everything),
        (Some((&RECENT, _)), Some([age, bytes])) => {
            Ok(Keep::Recent { max_age_ms: bound(*age), max_bytes: bound(*bytes) })
        }
        (Some((&NEWEST, _)), Some([lag_ms])) => Ok(Keep::Newest { lag_ms: *lag_ms }),
        _ => Err(damaged("what is kept of a topic")),
    }
}

pub(super) fn start_key(at: PartitionId) -> Vec<u8> {
    with_partition(START_PREFIX, at)
}

pub(super) fn start_value(start: Start) -> Vec<u8> {
    [start.offset.to_be_bytes(), start.time.millis().to_be_bytes()].concat()
}

pub(super) fn parse_start(value: &[u8]) -> Result<Start, StoreError> {
    match numbers(value).as_deref() {
        // Format 1 had no time.
        Some([offset]) => Ok(Start { offset: *offset, ..Start::default() }),
        Some([offset, time]) => {
            let millis = i64::from_be_bytes(time.to_be_bytes());
            Ok(Start { offset: *offset, time: Timestamp::from_millis(millis) })
        }
        _ => Err(damaged("a start")),
    }
}

pub(super) fn cleaned_key(at: PartitionId) -> Vec<u8> {
    with_partition(CLEANED_PREFIX, at)
}

pub(super) fn cleaned_value(cleaned: Cleaned) -> Vec<u8> {
    [cleaned.holes.to_be_bytes(), cleaned.to.to_be_bytes()].concat()
}

pub(super) fn parse_cleaned(value: &[u8]) -> Result<Cleaned, StoreError> {
    match numbers(value).as_deref() {
        Some([holes, to]) => Ok(Cleaned { holes: *holes, to: *to }),
        _ => Err(damaged("how far a partition was compacted")),
    }
}

fn with_topic(prefix: u8, topic: u32) -> Vec<u8> {
    let mut key = vec![prefix];
    key.extend_from_slice(&topic.to_be_bytes());
    key
}

fn with_partition(prefix: u8, at: PartitionId) -> Vec<u8> {
    let mut key = with_topic(prefix, at.topic);
    key.extend_from_slice(&at.number.to_be_bytes());
    key
}

fn numbers(value: &[u8]) -> Option<Vec<u64>> {
    let (numbers, rest) = value.as_chunks::<8>();
    rest.is_empty().then(|| numbers.iter().map(|number| u64::from_be_bytes(*number)).collect())
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const AT: PartitionId = PartitionId { topic: 16, number: 3 };

    #[test]
    fn meta_rows_are_as_documented() {
        let dataset = "tax/income".parse().unwrap();
        let topic = DataTopic { id: 16, dataset, partitions: 4 };
        let (key, value) = topic_row(&topic);
        assert_eq!(
            (key.as_slice(), value.as_slice()),
            (&b"t\0\0\0\x10"[..], &b"\0\0\0\x04tax/income"[..])
        );
        assert_eq!(parse_topic(&key, &value).unwrap(), topic);
        assert_eq!(keep_key(16), b"k\0\0\0\x10");
        assert_eq!(start_key(AT), b"s\0\0\0\x10\0\0\0\x03");
        assert_eq!(cleaned_key(AT), b"c\0\0\0\x10\0\0\0\x03");
        let start = Start { offset: 7, time: Timestamp::from_millis(-2) };
        assert_eq!(
            start_value(start),
            [0, 0, 0, 0, 0, 0, 0, 7, 255, 255, 255, 255, 255, 255, 255, 254]
        );
        assert_eq!(parse_start(&start_value(start)).unwrap(), start);
        assert_eq!(
            parse_start(&7_u64.to_be_bytes()).unwrap(),
            Start { offset: 7, ..Start::default() }
        );
        let cleaned = Cleaned { holes: 9, to: 8 };
        assert_eq!(cleaned_value(cleaned), [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!(parse_cleaned(&cleaned_value(cleaned)).unwrap(), cleaned);
        assert_eq!(place(&super::key(AT, 5)), Some((AT, 5)));
    }

    #[test]
    fn what_is_kept_is_as_documented_and_nothing_else_is_guessed() {
        let recent = Keep::Recent { max_age_ms: Some(5), max_bytes: None };
        let stored = b"\x01\0\0\0\0\0\0\0\x05\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(keep_value(recent), stored);
        assert_eq!(keep_value(Keep::Newest { lag_ms: 6 }), b"\x02\0\0\0\0\0\0\0\x06");
        assert_eq!(keep_value(Keep::Everything), b"\0");
        for keep in [recent, Keep::Newest { lag_ms: 6 }, Keep::Everything] {
            assert_eq!(parse_keep(&keep_value(keep)).unwrap(), keep);
        }
        for wrong in
            [&b""[..], b"\x03", b"\0\0", b"\x02", b"\x02\0\0\0\0\0\0\0", b"\x01\0\0\0\0\0\0\0\x05"]
        {
            assert!(parse_keep(wrong).is_err(), "{wrong:?}");
        }
    }
}
