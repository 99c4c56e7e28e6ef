//! Reading: ends, limits, pages, times.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use ndxp_model::{HubTopic, Keep, Timestamp};

use super::{Rig, fixture::*};
use crate::ReadLimits;

pub(super) async fn reads_stop_at_the_durable_end(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    assert_eq!(log.read(&data(0), 0, PAGE).await, Ok(vec![]));
    publish(&*log, 0, &["a", "b"]).await;
    for from in [2, 3, u64::MAX] {
        assert_eq!(log.read(&data(0), from, PAGE).await, Ok(vec![]), "from {from}");
    }
    assert_eq!(keys(&log.read(&data(0), 1, PAGE).await.unwrap()), ["b"]);
}

pub(super) async fn read_limits_hold_but_for_the_first_record(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let batch: Vec<_> = ["a", "b", "c", "d"].map(record).to_vec();
    let size = batch[0].size();
    log.append(HubTopic::Registry, 0, batch).await.unwrap();
    let at = hub(HubTopic::Registry, 0);
    let count =
        async |records, bytes| log.read(&at, 0, ReadLimits { records, bytes }).await.unwrap().len();
    assert_eq!(count(3, usize::MAX).await, 3);
    assert_eq!(count(usize::MAX, 2 * size).await, 2);
    assert_eq!(count(usize::MAX, 2 * size - 1).await, 1);
    assert_eq!(count(0, 0).await, 1);
    assert_eq!(count(100, 1 << 20).await, 4);
}

pub(super) async fn pages_from_anywhere_equal_what_was_appended(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let texts: Vec<_> = (0..700).map(|n| format!("{n:04}")).collect();
    for call in texts.chunks(90) {
        publish(&*log, 0, &call.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    for (step, from) in [0_u64, 1, 89, 90, 200, 443, 630, 699].into_iter().enumerate() {
        let first = usize::try_from(from).unwrap();
        let stored = read_all(&*log, &data(0), from).await;
        assert_eq!(keys(&stored), texts[first..], "from {from}");
        assert_eq!(offsets(&stored), (from..700).collect::<Vec<_>>());
        let limits = ReadLimits { records: step + 1, bytes: usize::MAX };
        let page = log.read(&data(0), from, limits).await.unwrap();
        assert_eq!(page, stored[..(step + 1).min(700 - first)]);
    }
}

pub(super) async fn follower_wakes_when_the_end_moves(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    let mut follower = log.follow(&data(1)).unwrap();
    assert_eq!(*follower.borrow_and_update(), 0);
    let (asleep, started) = tokio::sync::oneshot::channel();
    let waiting = tokio::spawn(async move {
        asleep.send(()).unwrap();
        *follower.wait_for(|end| *end >= 3).await.unwrap()
    });
    started.await.unwrap();
    publish(&*log, 0, &["other"]).await;
    publish(&*log, 1, &["a"]).await;
    publish(&*log, 1, &["b", "c"]).await;
    assert_eq!(waiting.await.unwrap(), 3);
}

pub(super) async fn partitions_are_apart(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 3, Keep::Everything).await.unwrap();
    log.create(&"tax/income-2".parse().unwrap(), 3, Keep::Everything).await.unwrap();
    publish(&*log, 0, &["zero"]).await;
    publish(&*log, 2, &["two", "two-again"]).await;
    log.append(HubTopic::Delivery, 2, vec![record("lane")]).await.unwrap();
    assert_eq!(keys(&read_all(&*log, &data(0), 0).await), ["zero"]);
    assert_eq!(keys(&read_all(&*log, &data(1), 0).await), [""; 0]);
    assert_eq!(keys(&read_all(&*log, &data(2), 0).await), ["two", "two-again"]);
    assert_eq!(keys(&read_all(&*log, &hub(HubTopic::Delivery, 2), 0).await), ["lane"]);
    assert_eq!(keys(&read_all(&*log, &audit(), 0).await), ["entry", "entry"]);
}

pub(super) async fn offset_at_finds_the_first_record_not_earlier(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let at = hub(HubTopic::Delivery, 7);
    let find = async |millis| log.offset_at(&at, Timestamp::from_millis(millis)).await.unwrap();
    assert_eq!(find(0).await, 0, "an empty partition");
    for chunk in (0..400).collect::<Vec<i64>>().chunks(37) {
        // Three records an instant, instants ten apart.
        let timed = chunk.iter().map(|n| at_time(1_000 + n / 3 * 10)).collect();
        log.append(HubTopic::Delivery, 7, timed).await.unwrap();
    }
    assert_eq!(find(i64::MIN).await, 0);
    assert_eq!(find(1_000).await, 0);
    assert_eq!(find(1_001).await, 3);
    assert_eq!(find(1_010).await, 3);
    assert_eq!(find(1_500).await, 150);
    assert_eq!(find(2_330).await, 399);
    assert_eq!(find(2_331).await, 400, "the end");
    assert_eq!(find(i64::MAX).await, 400);
}
