//! Brokers that die, stop and return.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ndxp_log::{
    AppendError, Log,
    kafka::{Config, Kafka, Timeouts},
};

use crate::{
    fixture::{self, data, publish},
    writer::{self, Writer},
};

/// Short enough for a test to see a time-out.
fn impatient(config: Config) -> Config {
    let append = Duration::from_secs(5);
    Config { timeouts: Timeouts { append, ..config.timeouts }, ..config }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_broker_returns_with_all_that_was_acknowledged() {
    let name = "killed_broker_returns_with_all_that_was_acknowledged";
    let Some(mut cluster) = fixture::cluster(name, 1, &[]) else { return };
    let config = impatient(fixture::config(&cluster.bootstrap(), 1));
    let log = fixture::with_dataset(&config, 1).await;
    let mut writer = Writer::start(Arc::clone(&log));
    for _ in 0..2 {
        writer.acknowledges(50).await;
        cluster.broker(0).kill();
        writer.fails().await;
        cluster.broker(0).restart().unwrap();
        writer.acknowledges(50).await;
    }
    let answers = writer.stop().await;
    writer::check(&*log, &answers).await;
    // A reader that was not there says the same.
    writer::check(&*fixture::open(&config).await, &answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_without_its_majority_refuses_and_loses_nothing() {
    let name = "cluster_without_its_majority_refuses_and_loses_nothing";
    let Some(mut cluster) = fixture::cluster(name, 3, &[]) else { return };
    let config = impatient(fixture::config(&cluster.bootstrap(), 3));
    let log = fixture::with_dataset(&config, 1).await;
    let mut writer = Writer::start(Arc::clone(&log));
    writer.acknowledges(30).await;
    cluster.broker(0).kill();
    cluster.broker(1).kill();
    writer.fails().await;
    let answers = writer.stop().await;
    // Whoever comes now is answered in time, and never with an acknowledgement.
    let started = Instant::now();
    let (one, two) = ("one".to_owned(), "two".to_owned());
    let (first, second) = tokio::join!(
        publish(&*log, 0, std::slice::from_ref(&one)),
        publish(&*log, 0, std::slice::from_ref(&two)),
    );
    assert!(started.elapsed() < config.timeouts.append * 3, "{:?}", started.elapsed());
    let refused =
        |answer: &Result<_, AppendError>| matches!(answer, Err(AppendError::Unavailable(_)));
    assert!(first.is_err() && second.is_err(), "{first:?} {second:?}");
    assert!(
        refused(&first) || refused(&second),
        "one tries, the other is refused: {first:?} {second:?}"
    );
    cluster.broker(0).restart().unwrap();
    cluster.broker(1).restart().unwrap();
    let mut again = Writer::start(Arc::clone(&log));
    again.acknowledges(1).await;
    again.stop().await;
    let stored = fixture::read_all(&*log, &data(0)).await;
    for (text, offset) in &answers.acknowledged {
        let there = stored.iter().find(|stored| stored.offset == *offset).unwrap();
        assert_eq!(fixture::keys(std::slice::from_ref(there))[0], *text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_goes_on_when_one_of_three_brokers_is_killed() {
    let name = "publishing_goes_on_when_one_of_three_brokers_is_killed";
    let Some(mut cluster) = fixture::cluster(name, 3, &[]) else { return };
    let config = fixture::config(&cluster.bootstrap(), 3);
    let log = fixture::with_dataset(&config, 1).await;
    let mut writer = Writer::start(Arc::clone(&log));
    for broker in 0..3 {
        writer.acknowledges(30).await;
        cluster.broker(broker).kill();
        writer.acknowledges(30).await;
        cluster.broker(broker).restart().unwrap();
        writer.acknowledges(30).await;
    }
    let answers = writer.stop().await;
    writer::check(&*log, &answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_queue_to_a_silent_broker_refuses_and_opens_again() {
    let name = "full_queue_to_a_silent_broker_refuses_and_opens_again";
    let Some(mut cluster) = fixture::cluster(name, 1, &[]) else { return };
    let config = impatient(fixture::config(&cluster.bootstrap(), 1));
    let config = Config { queue_bytes: 16 * 1024, ..config };
    let log = fixture::with_dataset(&config, 1).await;
    publish(&*log, 0, &["before".into()]).await.unwrap();
    cluster.broker(0).pause().unwrap();
    let calls: Vec<_> = (0..40).map(|n| tokio::spawn(one(Arc::clone(&log), n))).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    let is_full = |e: &AppendError| e.to_string().contains("the queue to the brokers is full");
    assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).any(is_full), "{answers:?}");
    cluster.broker(0).resume().unwrap();
    let mut writer = Writer::start(Arc::clone(&log));
    writer.acknowledges(20).await;
    writer.stop().await;
}

async fn one(log: Arc<Kafka>, number: u32) -> Result<(), AppendError> {
    publish(&*log, 0, &[format!("{number}-{}", "x".repeat(1000))]).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_without_a_broker_says_so() {
    let config = fixture::config("127.0.0.1:1", 1);
    let admin = Duration::from_secs(2);
    let config = Config { timeouts: Timeouts { admin, ..config.timeouts }, ..config };
    let error = Kafka::open(config).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("no broker of 127.0.0.1:1 answered within 2s"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_cluster_refuses_reads_and_appends_at_once() {
    let name = "gone_cluster_refuses_reads_and_appends_at_once";
    let Some(mut cluster) = fixture::cluster(name, 1, &[]) else { return };
    let config = impatient(fixture::config(&cluster.bootstrap(), 1));
    let log = fixture::with_dataset(&config, 2).await;
    publish(&*log, 1, &["there".into()]).await.unwrap();
    cluster.broker(0).kill();
    let mut writer = Writer::start(Arc::clone(&log));
    writer.is_refused().await;
    let started = Instant::now();
    let error = publish(&*log, 0, &["x".into()]).await.unwrap_err();
    assert!(error.to_string().contains("no broker answers"), "{error}");
    let error = log.read(&data(1), 0, fixture::PAGE).await.unwrap_err();
    assert!(error.to_string().contains("no broker answers"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    writer.stop().await;
}
