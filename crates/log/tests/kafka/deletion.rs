//! Brokers delete by themselves, by their own clock: what they delete is what [`Keep`] allows.

use std::{sync::Arc, time::Duration};

use ndxp_brokers::Cluster;
use ndxp_log::{
    Covered, Log, ReadError, Record, Stored,
    kafka::{Compression, Config, Kafka},
};
use ndxp_model::Keep;

use crate::fixture::{self, data, dataset, keys, publish, read_all, record};

/// Far above what brokers need that look after their files five times a second.
const PATIENCE: Duration = Duration::from_secs(90);

fn tidy_cluster(test: &str) -> Option<Cluster> {
    let quick = [
        "log.initial.task.delay.ms=200",
        "log.retention.check.interval.ms=200",
        "log.cleaner.backoff.ms=200",
    ];
    fixture::cluster(test, 1, &quick)
}

/// Opens a hub with a dataset, and returns the name of its topic as well.
async fn keeping(cluster: &Cluster, keep: Keep) -> (Arc<Kafka>, String) {
    let config = fixture::config(&cluster.bootstrap(), 1);
    let log = fixture::open(&Config { compression: Compression::None, ..config.clone() }).await;
    log.create(&dataset(), 1, keep).await.unwrap();
    (log, format!("{}ndxp.data.tax.income", config.prefix))
}

/// Looks again and again until what it finds is as wanted.
async fn comes_to<T>(mut look: impl AsyncFnMut() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let looking = async {
        let mut rhythm = tokio::time::interval(Duration::from_millis(100));
        loop {
            rhythm.tick().await;
            let found = look().await;
            if wanted(&found) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_old_records_are_deleted_and_offsets_go_on() {
    let name = "too_old_records_are_deleted_and_offsets_go_on";
    let Some(cluster) = tidy_cluster(name) else { return };
    let aged = Keep::Recent { max_age_ms: Some(1_000), max_bytes: None };
    let (log, _) = keeping(&cluster, aged).await;
    let texts: Vec<_> = (0..5).map(|n| n.to_string()).collect();
    publish(&*log, 0, &texts).await.unwrap();
    comes_to(async || log.earliest(&data(0)).await.unwrap(), |earliest| *earliest == 5).await;
    assert_eq!(*log.follow(&data(0)).unwrap().borrow(), 5);
    assert_eq!(log.read(&data(0), 5, fixture::PAGE).await, Ok(vec![]));
    let expired = Err(ReadError::Expired { asked: 0, earliest: 5 });
    assert_eq!(log.read(&data(0), 0, fixture::PAGE).await, expired);
    let next = publish(&*log, 0, &["next".into()]).await.unwrap();
    assert_eq!(next.covered, [5], "no offset is given twice");
    assert_eq!(fixture::read_all(&*log, &fixture::audit()).await.len(), 2, "the audit log stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oldest_of_too_many_bytes_are_deleted_and_the_bound_is_kept() {
    let name = "oldest_of_too_many_bytes_are_deleted_and_the_bound_is_kept";
    let Some(cluster) = tidy_cluster(name) else { return };
    let most = 2 << 20;
    let sized = Keep::Recent { max_age_ms: None, max_bytes: Some(most) };
    let (log, _) = keeping(&cluster, sized).await;
    for number in 0..60 {
        publish(&*log, 0, &[format!("{number}-{}", "x".repeat(50_000))]).await.unwrap();
    }
    // A segment is an eighth of the bound and at least 1 MiB: one more than the bound may be left.
    let is_tidy = |left: &Vec<Stored>| (1..most + (2 << 20)).contains(&bytes(left));
    let left = comes_to(async || left(&*log).await.unwrap_or_default(), is_tidy).await;
    assert_eq!(left.last().map(|stored| stored.offset), Some(59));
    assert!(left.windows(2).all(|pair| pair[0].offset + 1 == pair[1].offset), "no hole");
    // Brokers count a record's frame as well, so they may keep a little less by the log's count.
    assert!(bytes(&left) + 60 * 100 >= most, "{} bytes are left of {most}", bytes(&left));
}

/// Reads what is left, unless it is being deleted at the same time.
async fn left(log: &dyn Log) -> Result<Vec<Stored>, ReadError> {
    let mut all: Vec<Stored> = Vec::new();
    let mut from = log.earliest(&data(0)).await?;
    loop {
        let page = log.read(&data(0), from, fixture::PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        from = last.offset + 1;
        all.extend(page);
    }
}

fn bytes(of: &[Stored]) -> u64 {
    of.iter().map(|stored| stored.record.size() as u64).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_records_are_compacted_away_and_tombstones_after_them() {
    let name = "replaced_records_are_compacted_away_and_tombstones_after_them";
    let Some(cluster) = tidy_cluster(name) else { return };
    let (log, topic) = keeping(&cluster, Keep::Newest { lag_ms: 300 }).await;
    // A segment that is being written is never compacted; by its own settings it is for minutes.
    let tool = cluster.tool();
    let setting = tokio::task::spawn_blocking(move || tool.set(&topic, "segment.ms=200"));
    setting.await.unwrap().unwrap();
    let of = |key: &str, value: &'static str| Record { value: value.into(), ..record(key) };
    let keyless = Record { key: None, ..of("", "keyless") };
    let batch = [of("a", "1"), of("b", "1"), keyless, of("a", "2"), of("b", ""), of("d", "1")];
    let records = batch.into_iter().map(|record| (0, record)).collect();
    let covered = Covered::Records { dataset: dataset(), records };
    log.append_after(record("entry"), covered).await.unwrap();
    // Later records let the brokers begin new segments.
    let look = async || {
        publish(&*log, 0, &["later".into()]).await.unwrap();
        read_all(&*log, &data(0)).await
    };
    let is_there = |all: &[Stored], offset| all.iter().any(|stored| stored.offset == offset);
    let left = comes_to(look, |all: &Vec<Stored>| !is_there(all, 1) && !is_there(all, 4)).await;
    let early: Vec<_> = left.iter().take_while(|stored| stored.offset < 6).cloned().collect();
    let offsets: Vec<_> = early.iter().map(|stored| stored.offset).collect();
    assert_eq!(offsets, [2, 3, 5], "the newest of each key, and what has none");
    assert_eq!(keys(&early), ["", "a", "d"]);
    assert_eq!(early[1].record.value, "2");
    assert_eq!(log.earliest(&data(0)).await, Ok(0), "compaction makes holes");
    let page = log.read(&data(0), 0, fixture::PAGE).await.unwrap();
    assert_eq!(page.first().map(|stored| stored.offset), Some(2), "reads pass the holes");
}
