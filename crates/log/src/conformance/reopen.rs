//! What is left after closing and opening again.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use ndxp_model::{HubTopic, Keep};

use super::{Rig, fixture::*};
use crate::{AppendError, Appended};

pub(super) async fn reopened_log_holds_the_same(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    for n in 0..30 {
        publish(&*log, n % 2, &[&format!("{n}-a"), &format!("{n}-b")]).await;
    }
    log.append(HubTopic::Registry, 0, vec![record("registry")]).await.unwrap();
    let partitions = [audit(), data(0), data(1), hub(HubTopic::Registry, 0)];
    let mut before = Vec::new();
    for at in &partitions {
        before.push(read_all(&*log, at, 0).await);
    }
    drop(log);
    let log = rig.open().await;
    for (at, before) in partitions.iter().zip(before) {
        assert_eq!(end(&*log, at).await, before.len() as u64, "{at}");
        assert_eq!(read_all(&*log, at, 0).await, before, "{at}");
    }
}

pub(super) async fn reopened_log_continues(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    publish(&*log, 0, &["a", "b"]).await;
    log.append(HubTopic::Delivery, 5, vec![at_time(900)]).await.unwrap();
    drop(log);
    let log = rig.open().await;
    let appended = publish(&*log, 0, &["c"]).await;
    assert_eq!(appended, Appended { entry: 1, covered: vec![2] });
    log.append(HubTopic::Delivery, 5, vec![at_time(100)]).await.unwrap();
    drop(log);
    let log = rig.open().await;
    assert_eq!(keys(&read_all(&*log, &data(0), 0).await), ["a", "b", "c"]);
    let timed = read_all(&*log, &hub(HubTopic::Delivery, 5), 0).await;
    let times: Vec<_> = timed.iter().map(|stored| stored.record.timestamp.millis()).collect();
    assert_eq!(times, [900, 900], "time does not go back across openings");
}

pub(super) async fn reopened_log_knows_its_topics(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    drop(log);
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    let answer = log.create(&dataset(), 3, Keep::Everything).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    log.create(&"tax/other".parse().unwrap(), 1, Keep::Everything).await.unwrap();
    publish(&*log, 1, &["a"]).await;
    assert_eq!(keys(&read_all(&*log, &data(1), 0).await), ["a"]);
}
