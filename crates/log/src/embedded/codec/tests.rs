#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::{ENTRY_HEADER, record::cover};

fn bytes(max: usize) -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..max).prop_map(Bytes::from)
}

fn header() -> impl Strategy<Value = Header> {
    let name = prop_oneof!["[a-z_]{0,12}", Just(ENTRY_HEADER.to_owned()), ".{0,5}"];
    (name, bytes(200)).prop_map(|(name, value)| Header::new(name, value))
}

prop_compose! {
    fn record()(
        key in proptest::option::of(bytes(40)),
        value in bytes(600),
        millis in any::<i64>(),
        headers in proptest::collection::vec(header(), 0..6),
    ) -> Record {
        Record { key, value, timestamp: Timestamp::from_millis(millis), headers }
    }
}

proptest! {
    #[test]
    fn decoding_returns_what_was_encoded(record in record()) {
        let stored = encode(&record, None).seal(record.timestamp, 9);
        prop_assert_eq!(timestamp(&stored), Ok(record.timestamp));
        prop_assert_eq!(decode(&stored), Ok(record));
    }

    #[test]
    fn covered_record_decodes_with_its_entry(
        record in record(), entry in any::<u64>(), position in any::<u32>(), later in any::<i64>(),
    ) {
        let time = Timestamp::from_millis(later);
        let stored = encode(&record, Some(position)).seal(time, entry);
        let expected = Record { timestamp: time, ..cover(record, entry, position) };
        prop_assert_eq!(decode(&stored), Ok(expected));
    }

    #[test]
    fn every_prefix_is_refused(record in record(), cut in any::<prop::sample::Index>()) {
        let stored = encode(&record, Some(1)).seal(record.timestamp, 2);
        let short = stored.slice(..cut.index(stored.len()));
        prop_assert!(decode(&short).is_err());
    }

    #[test]
    fn no_bytes_make_decoding_panic(noise in bytes(100)) {
        let mut stored = vec![FORMAT];
        stored.extend_from_slice(&noise);
        let _ = decode(&Bytes::from(stored));
        let _ = decode(&noise);
    }
}

/// A log of an earlier version of the hub must be read by every later one.
#[test]
fn version_1_is_still_read() {
    let golden = "0103 0000018bcfe56800 0000000000000007 00000002 03636974 \
                  01 0563655f6964 0178 047b22227d"
        .replace(' ', "");
    let golden: Vec<u8> = (0..golden.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&golden[at..at + 2], 16).unwrap())
        .collect();
    let record = Record {
        key: Some(Bytes::from_static(b"cit")),
        value: Bytes::from_static(b"{\"\"}"),
        timestamp: Timestamp::from_millis(1_700_000_000_000),
        headers: vec![Header::new("ce_id", "x")],
    };
    assert_eq!(encode(&record, Some(2)).seal(record.timestamp, 7), golden);
    assert_eq!(decode(&Bytes::from(golden)), Ok(cover(record, 7, 2)));
}

#[test]
fn unknown_format_stops_the_reader() {
    assert_eq!(decode(&Bytes::from_static(&[2, 0])), Err(Undecodable::Format(2)));
    assert_eq!(decode(&Bytes::from_static(&[1, 8])), Err(Undecodable::Flags));
    let mut long = encode(&Record::default(), None).seal(Timestamp::default(), 0).to_vec();
    long.push(0);
    assert_eq!(decode(&Bytes::from(long)), Err(Undecodable::Long));
}
