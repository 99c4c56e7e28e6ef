//! Appending: order, headers, what comes back.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use ndxp_model::{HubTopic, Keep, Timestamp};

use super::{Rig, fixture::*};
use crate::{
    Appended, Covered, ENTRY_HEADER, Header, Log, MAX_RECORD_BYTES, POSITION_HEADER, Record,
};

pub(super) async fn offsets_are_contiguous_from_zero(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    assert_eq!(log.append(HubTopic::Registry, 0, vec![record("a")]).await, Ok(0));
    let two = vec![record("b"), record("c")];
    assert_eq!(log.append(HubTopic::Registry, 0, two).await, Ok(2));
    assert_eq!(log.append(HubTopic::Registry, 0, vec![record("d")]).await, Ok(3));
    let first = publish(&*log, 0, &["a", "b"]).await;
    let second = publish(&*log, 0, &["c"]).await;
    assert_eq!(first, Appended { entry: 0, covered: vec![0, 1] });
    assert_eq!(second, Appended { entry: 1, covered: vec![2] });
    let stored = read_all(&*log, &hub(HubTopic::Registry, 0), 0).await;
    assert_eq!(keys(&stored), ["a", "b", "c", "d"]);
    assert_eq!(offsets(&stored), [0, 1, 2, 3]);
}

pub(super) async fn covered_records_name_their_entry_and_position(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    publish(&*log, 0, &["earlier"]).await;
    let covered = vec![(1, record("a")), (0, record("b")), (1, record("c"))];
    let covered = Covered::Records { dataset: dataset(), records: covered };
    let appended = log.append_after(record("entry"), covered).await.unwrap();
    assert_eq!(appended, Appended { entry: 1, covered: vec![0, 1, 1] });
    let zero = read_all(&*log, &data(0), 1).await;
    let one = read_all(&*log, &data(1), 0).await;
    for (stored, position) in [(&one[0], "0"), (&zero[0], "1"), (&one[1], "2")] {
        let names: Vec<_> = stored.record.headers.iter().map(|h| &*h.name).collect();
        assert_eq!(names, ["ce_id", ENTRY_HEADER, POSITION_HEADER]);
        assert_eq!(stored.record.header(ENTRY_HEADER).unwrap(), "main:1");
        assert_eq!(stored.record.header(POSITION_HEADER).unwrap(), position);
    }
    let entry = read_all(&*log, &audit(), 1).await;
    assert_eq!(entry[0].record, record("entry"));
}

pub(super) async fn handed_record_names_its_entry(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let handed = Covered::Handed { lane: 63, record: record("handed") };
    let appended = log.append_after(record("entry"), handed).await.unwrap();
    assert_eq!(appended, Appended { entry: 0, covered: vec![0] });
    let stored = read_all(&*log, &hub(HubTopic::Delivery, 63), 0).await;
    assert_eq!(stored[0].record.header(ENTRY_HEADER).unwrap(), "main:0");
    assert_eq!(stored[0].record.header(POSITION_HEADER).unwrap(), "0");
}

pub(super) async fn callers_entry_headers_are_replaced(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let mut forged = record("a");
    forged.headers.insert(0, Header::new(ENTRY_HEADER, "main:999"));
    forged.headers.push(Header::new(POSITION_HEADER, "7"));
    log.append_after(record("entry"), records(0, [forged])).await.unwrap();
    let stored = read_all(&*log, &data(0), 0).await;
    let of_entry = |name: &str| {
        stored[0].record.headers.iter().filter(|h| h.name == name).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of_entry(ENTRY_HEADER), [Header::new(ENTRY_HEADER, "main:0")]);
    assert_eq!(of_entry(POSITION_HEADER), [Header::new(POSITION_HEADER, "0")]);
}

pub(super) async fn entry_is_readable_when_what_it_covers_is(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let mut follower = log.follow(&data(0)).unwrap();
    let reader = Arc::clone(&log);
    let watching = tokio::spawn(async move {
        let mut from = 0;
        while from < 40 {
            follower.wait_for(|end| *end > from).await.unwrap();
            let page = reader.read(&data(0), from, PAGE).await.unwrap();
            let entries = *reader.follow(&audit()).unwrap().borrow();
            for stored in &page {
                let entry = stored.record.header(ENTRY_HEADER).unwrap();
                let index = std::str::from_utf8(entry).unwrap().strip_prefix("main:").unwrap();
                assert!(index.parse::<u64>().unwrap() < entries, "entry {index} of {entries}");
            }
            from = page.last().unwrap().offset + 1;
        }
    });
    for _ in 0..20 {
        publish(&*log, 0, &["a", "b"]).await;
    }
    watching.await.unwrap();
}

pub(super) async fn concurrent_calls_keep_their_own_order(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let writers: Vec<_> = (0..8).map(|w| tokio::spawn(write_calls(Arc::clone(&log), w))).collect();
    let mut calls = Vec::new();
    for writer in writers {
        let mine = writer.await.unwrap();
        assert!(mine.is_sorted_by_key(|(offsets, _)| offsets[0]), "calls of one writer in order");
        calls.extend(mine);
    }
    let stored = read_all(&*log, &data(0), 0).await;
    assert_eq!(stored.len(), 8 * 10 * 5);
    assert_eq!(offsets(&stored), (0..8 * 10 * 5).collect::<Vec<_>>());
    for (offsets, texts) in calls {
        assert!(offsets.is_sorted(), "a call's records in order: {offsets:?}");
        let at = |offset: &u64| &stored[usize::try_from(*offset).unwrap()];
        let found: Vec<_> = offsets.iter().map(|offset| at(offset).clone()).collect();
        assert_eq!(keys(&found), texts);
    }
}

async fn write_calls(log: Arc<dyn Log>, writer: u32) -> Vec<(Vec<u64>, Vec<String>)> {
    let mut calls = Vec::new();
    for call in 0..10 {
        let texts: Vec<_> = (0..5).map(|n| format!("{writer}-{call}-{n}")).collect();
        let covered = records(0, texts.iter().map(|text| record(text)));
        let appended = log.append_after(record("entry"), covered).await.unwrap();
        calls.push((appended.covered, texts));
    }
    calls
}

pub(super) async fn every_part_of_a_record_comes_back(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let bare = Record::default();
    let tombstone = Record { value: Bytes::new(), ..record("gone") };
    let empty_key = Record { key: Some(Bytes::new()), ..record("x") };
    let odd = Record {
        key: Some(Bytes::from_static(&[0, 255, 10])),
        value: Bytes::from((0..=255).collect::<Vec<u8>>().repeat(40)),
        timestamp: Timestamp::from_millis(1_767_225_600_123),
        headers: vec![
            Header::new("same", "first"),
            Header::new("same", "second"),
            Header::new("", Bytes::new()),
            Header::new("ünï", Bytes::from_static(&[0, 200])),
        ],
    };
    let appended = vec![bare, tombstone, empty_key, odd];
    log.append(HubTopic::Registry, 0, appended.clone()).await.unwrap();
    let stored = read_all(&*log, &hub(HubTopic::Registry, 0), 0).await;
    assert_eq!(stored.into_iter().map(|stored| stored.record).collect::<Vec<_>>(), appended);
}

pub(super) async fn timestamps_never_decrease(rig: &mut dyn Rig) {
    let log = rig.open().await;
    for times in [vec![50, 30, 60], vec![10], vec![61]] {
        let timed = times.into_iter().map(at_time).collect();
        log.append(HubTopic::Delivery, 1, timed).await.unwrap();
    }
    log.append(HubTopic::Delivery, 2, vec![at_time(5)]).await.unwrap();
    let stored = read_all(&*log, &hub(HubTopic::Delivery, 1), 0).await;
    let times: Vec<_> = stored.iter().map(|stored| stored.record.timestamp.millis()).collect();
    assert_eq!(times, [50, 50, 60, 60, 61]);
    let other = read_all(&*log, &hub(HubTopic::Delivery, 2), 0).await;
    assert_eq!(other[0].record.timestamp.millis(), 5, "each partition has its own clock");
}

pub(super) async fn empty_batch_writes_nothing(rig: &mut dyn Rig) {
    let log = rig.open().await;
    assert_eq!(log.append(HubTopic::Registry, 0, vec![]).await, Ok(0));
    log.append(HubTopic::Registry, 0, vec![record("a")]).await.unwrap();
    assert_eq!(log.append(HubTopic::Registry, 0, vec![]).await, Ok(1));
    assert_eq!(end(&*log, &hub(HubTopic::Registry, 0)).await, 1);
}

pub(super) async fn entry_may_cover_nothing(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let appended = publish(&*log, 0, &[]).await;
    assert_eq!(appended, Appended { entry: 0, covered: vec![] });
    assert_eq!(end(&*log, &audit()).await, 1);
    assert_eq!(log.append(HubTopic::Audit, 0, vec![record("plain")]).await, Ok(1));
}

pub(super) async fn record_at_the_limit_is_taken(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let big = Record { value: Bytes::from(vec![b'x'; MAX_RECORD_BYTES]), ..Record::default() };
    let covered = records(0, [big.clone(), record("small"), big.clone()]);
    log.append_after(record("entry"), covered).await.unwrap();
    let stored = read_all(&*log, &data(0), 0).await;
    assert_eq!(stored[0].record.value, big.value);
    assert_eq!(stored[2].record.value, big.value);
    assert_eq!(offsets(&stored), [0, 1, 2]);
}
