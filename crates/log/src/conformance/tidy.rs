//! Deleting: what must stay with every engine, and what must go where [`Rig::tidies_at_once`].
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use bytes::Bytes;
use ndxp_model::{HubTopic, Keep, Timestamp};

use super::{Rig, fixture::*};
use crate::{AppendError, Header, Log, ReadError, Record};

const LAG: u64 = 1_000;
const NEWEST: Keep = Keep::Newest { lag_ms: LAG };

fn aged(max_age_ms: u64) -> Keep {
    Keep::Recent { max_age_ms: Some(max_age_ms), max_bytes: None }
}

fn sized(max_bytes: u64) -> Keep {
    Keep::Recent { max_age_ms: None, max_bytes: Some(max_bytes) }
}

/// A record of a key at a time; without a value it is a tombstone.
fn keyed(key: &str, value: &str, millis: i64) -> Record {
    Record {
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Bytes::copy_from_slice(value.as_bytes()),
        timestamp: Timestamp::from_millis(millis),
        headers: Vec::new(),
    }
}

async fn put(log: &dyn Log, all: impl IntoIterator<Item = Record>) {
    log.append_after(record("entry"), records(0, all)).await.unwrap();
}

async fn tidy(log: &dyn Log, now: i64) {
    log.tidy(Timestamp::from_millis(now)).await.unwrap();
}

async fn left(log: &dyn Log, from: u64) -> Vec<u64> {
    offsets(&read_all(log, &data(0), from).await)
}

async fn offset_at(log: &dyn Log, millis: i64) -> u64 {
    log.offset_at(&data(0), Timestamp::from_millis(millis)).await.unwrap()
}

pub(super) async fn repeated_create_changes_what_is_kept(rig: &mut dyn Rig) {
    let log = rig.open().await;
    for keep in [Keep::Everything, aged(5), aged(5), sized(5), NEWEST, Keep::Everything] {
        log.create(&dataset(), 2, keep).await.unwrap();
    }
    let answer = log.create(&dataset(), 3, NEWEST).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    put(&*log, (0..5).map(|n| keyed("a", "v", n))).await;
    tidy(&*log, 1_000_000).await;
    assert_eq!(left(&*log, 0).await, [0, 1, 2, 3, 4], "everything is kept");
    assert_eq!(log.earliest(&data(0)).await, Ok(0));
    if !rig.tidies_at_once() {
        return;
    }
    log.create(&dataset(), 2, aged(100)).await.unwrap();
    drop(log);
    let log = rig.open().await;
    tidy(&*log, 102).await;
    assert_eq!(left(&*log, 2).await, [2, 3, 4], "the last word counts, also when opened again");
}

pub(super) async fn tidy_loses_nothing_that_is_to_be_kept(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, NEWEST).await.unwrap();
    put(&*log, (0..20).map(|n| keyed(&format!("{}", n % 3), &format!("{n}"), n * 100))).await;
    let now = 2_500;
    tidy(&*log, now).await;
    let there = read_all(&*log, &data(0), 0).await;
    let young = there.iter().filter(|stored| stored.record.timestamp.millis() > now - 1_000);
    assert!(young.count() >= 4, "what is younger than the lag stays");
    assert_eq!(end(&*log, &data(0)).await, 20);
    let values: Vec<_> = there.iter().map(|stored| stored.record.value.clone()).collect();
    for newest in ["17", "18", "19"] {
        assert!(values.iter().any(|value| value == newest), "{newest} in {values:?}");
    }
}

pub(super) async fn retention_deletes_what_is_too_old(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, aged(1_000)).await.unwrap();
    put(&*log, (0..50).map(|n| keyed("a", "v", n * 100))).await;
    tidy(&*log, 3_000).await;
    assert!(left(&*log, 20).await.len() == 30, "what is not too old stays");
    if !rig.tidies_at_once() {
        return;
    }
    assert_eq!(log.earliest(&data(0)).await, Ok(20));
    let expired = ReadError::Expired { asked: 19, earliest: 20 };
    assert_eq!(log.read(&data(0), 19, PAGE).await, Err(expired));
    assert_eq!(offset_at(&*log, 0).await, 20);
    assert_eq!(offset_at(&*log, 2_550).await, 26);
    tidy(&*log, 1_000_000).await;
    assert_eq!(log.earliest(&data(0)).await, Ok(50));
    let mut log = log;
    for opened in ["before", "after"] {
        assert_eq!(end(&*log, &data(0)).await, 50, "{opened}");
        assert_eq!(log.earliest(&data(0)).await, Ok(50));
        assert_eq!(log.read(&data(0), 50, PAGE).await, Ok(vec![]));
        assert_eq!(offset_at(&*log, 0).await, 50);
        log = rig.open().await;
    }
    put(&*log, [keyed("a", "v", 0)]).await;
    let next = read_all(&*log, &data(0), 50).await;
    assert_eq!(offsets(&next), [50], "no offset is given twice");
    assert_eq!(next[0].record.timestamp.millis(), 4_900, "nor does time go back");
}

pub(super) async fn retention_deletes_what_is_too_much(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    put(&*log, (0..40).map(|n| keyed("a", "0123456789", n))).await;
    let size = read_all(&*log, &data(0), 0).await[39].record.size() as u64;
    log.create(&dataset(), 2, sized(size * 10)).await.unwrap();
    tidy(&*log, 0).await;
    assert!(left(&*log, 30).await.len() == 10, "what is not too much stays");
    if !rig.tidies_at_once() {
        return;
    }
    let first = log.earliest(&data(0)).await.unwrap();
    // Entries of more digits make records of another size.
    assert!((29..=30).contains(&first), "{first}");
    put(&*log, (0..5).map(|n| keyed("a", "0123456789", n))).await;
    tidy(&*log, 0).await;
    let first = log.earliest(&data(0)).await.unwrap();
    assert!((34..=35).contains(&first), "{first}");
    assert_eq!(left(&*log, first).await, (first..45).collect::<Vec<_>>());
    assert_eq!(log.earliest(&data(1)).await, Ok(0));
}

pub(super) async fn compaction_removes_what_is_replaced(rig: &mut dyn Rig) {
    let mut log = rig.open().await;
    log.create(&dataset(), 1, NEWEST).await.unwrap();
    let keyless = Record { key: None, ..keyed("", "keyless", 30) };
    put(&*log, [keyed("a", "1", 0), keyed("b", "1", 10), keyed("a", "2", 20), keyless]).await;
    put(&*log, [keyed("c", "1", 500), keyed("b", "2", 600), keyed("a", "3", 700)]).await;
    if !rig.tidies_at_once() {
        return tidy(&*log, 1_000_000).await;
    }
    tidy(&*log, 1_600).await;
    let expected = [2, 3, 4, 5, 6];
    assert_eq!(left(&*log, 0).await, expected, "a at 700 is too young to replace a at 20");
    tidy(&*log, 1_700).await;
    let expected = [3, 4, 5, 6];
    for opened in ["before", "after"] {
        assert_eq!(left(&*log, 0).await, expected, "{opened}");
        assert_eq!(left(&*log, 5).await, [5, 6]);
        assert_eq!(log.earliest(&data(0)).await, Ok(0), "compaction makes holes");
        assert_eq!(end(&*log, &data(0)).await, 7);
        assert_eq!((offset_at(&*log, 0).await, offset_at(&*log, 100).await), (3, 4));
        assert_eq!((offset_at(&*log, 700).await, offset_at(&*log, 701).await), (6, 7));
        log = rig.open().await;
        tidy(&*log, 1_700).await;
    }
    put(&*log, [keyed("a", "4", 800), keyed("c", "2", 900)]).await;
    tidy(&*log, 1_900).await;
    assert_eq!(left(&*log, 0).await, [3, 5, 7, 8], "later rounds know what earlier ones left");
}

pub(super) async fn tombstones_go_last(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, NEWEST).await.unwrap();
    // A dataset's delete has a value.
    let kind = Header::new("ce_type", "ndxp.tax.income.DELETE");
    let delete = Record { headers: vec![kind], ..keyed("b", "{\"key\":\"b\"}", 110) };
    put(&*log, [keyed("a", "1", 0), keyed("b", "1", 0), keyed("a", "", 100), delete]).await;
    put(&*log, [keyed("c", "1", 120), keyed("c", "", 130)]).await;
    if !rig.tidies_at_once() {
        return tidy(&*log, 1_000_000).await;
    }
    tidy(&*log, 1_109).await;
    assert_eq!(left(&*log, 0).await, [1, 2, 3, 4, 5]);
    tidy(&*log, 2_099).await;
    assert_eq!(left(&*log, 0).await, [2, 3, 5]);
    tidy(&*log, 2_100).await;
    assert_eq!(left(&*log, 0).await, [3, 5]);
    tidy(&*log, 1_000_000).await;
    assert_eq!(left(&*log, 0).await, [5], "the last record says where the end is");
    put(&*log, [keyed("d", "1", 1_000_000)]).await;
    drop(log);
    let log = rig.open().await;
    tidy(&*log, 1_000_001).await;
    assert_eq!(left(&*log, 0).await, [6]);
    assert_eq!(end(&*log, &data(0)).await, 7);
}

pub(super) async fn hubs_own_topics_keep_what_they_say(rig: &mut dyn Rig) {
    let log = rig.open().await;
    for topic in HubTopic::ALL {
        let batch = (0..4).map(|n| keyed("a", &format!("{n}"), n)).collect();
        log.append(topic, 0, batch).await.unwrap();
    }
    tidy(&*log, 10_000_000).await;
    for topic in HubTopic::ALL {
        let kept = if topic.keep() == Keep::Everything { 4 } else { 1 };
        let there = read_all(&*log, &hub(topic, 0), 0).await;
        let is_right = there.len() == kept || !rig.tidies_at_once() && there.len() > kept;
        assert!(is_right, "{topic:?}: {there:?}");
        assert_eq!(there.last().unwrap().record.value, "3");
    }
}

pub(super) async fn tidy_of_many_records_takes_its_steps(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, NEWEST).await.unwrap();
    for call in 0..7_i64 {
        let key = |n: i64| format!("{}", n % 1_500);
        put(&*log, (0..1_000).map(|n| keyed(&key(call * 1_000 + n), "v", call))).await;
    }
    if !rig.tidies_at_once() {
        return tidy(&*log, 1_000_000).await;
    }
    tidy(&*log, 1_003).await;
    assert_eq!(left(&*log, 0).await, (2_500..7_000).collect::<Vec<_>>());
    tidy(&*log, 1_000_000).await;
    assert_eq!(left(&*log, 0).await, (5_500..7_000).collect::<Vec<_>>());
    log.create(&dataset(), 1, aged(5)).await.unwrap();
    tidy(&*log, 11).await;
    assert_eq!(left(&*log, 6_000).await, (6_000..7_000).collect::<Vec<_>>());
    assert_eq!(log.earliest(&data(0)).await, Ok(6_000));
}
