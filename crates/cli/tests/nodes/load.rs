//! Publishers and consumers that do what a system must: send again what has no answer, connect again
//! where the connection is lost.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ndxp_client::{
    Client, Delivery, Event, News, PublishTo, SubscriberOptions,
    proto::{convert, exchange},
};
use tokio::{task::JoinSet, time::sleep};

use crate::{book::Book, hub::Hub};

pub(crate) const DATASET: &str = "agencies/home-affairs/datasets/administrative-units";
const PUBLISHER: &str = "home-affairs/administrative-units";
/// Each node has the lane of one of them as long as all are there: `n2`, `n1`, `n3`.
const CONSUMERS: [(&str, &str); 3] = [
    ("evn/customers", "agencies/evn/subscriptions/units"),
    ("statistics/statistics", "agencies/statistics/subscriptions/units"),
    ("statistics/statistics", "agencies/statistics/subscriptions/units-again"),
];
/// Publishing streams, each with keys of its own.
const PUBLISHERS: usize = 3;
/// Records of one call.
const BATCH: u64 = 4;
/// Between two calls of a publisher.
const PACE: Duration = Duration::from_millis(15);
const AGAIN: Duration = Duration::from_millis(100);

/// The running load.
pub(crate) struct Load {
    book: Arc<Mutex<Book>>,
    publishing: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Load {
    pub(crate) async fn start(hub: &Hub) -> Self {
        let book: Arc<Mutex<Book>> = Arc::default();
        let publishing = Arc::new(AtomicBool::new(true));
        let mut tasks = JoinSet::new();
        for (number, (system, subscription)) in CONSUMERS.into_iter().enumerate() {
            let client = Client::lazy(&hub.identity(system, number)).unwrap();
            subscribe(&client, subscription).await;
            tasks.spawn(consume(client, subscription, Arc::clone(&book)));
        }
        for number in 0..PUBLISHERS {
            let client = Client::lazy(&hub.identity(PUBLISHER, number)).unwrap();
            let (book, publishing) = (Arc::clone(&book), Arc::clone(&publishing));
            tasks.spawn(publish(client, number, book, publishing));
        }
        Self { book, publishing, tasks }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        held(&self.book)
    }

    /// Waits until publishing and every consumer have gone on behind a fault.
    pub(crate) async fn goes_on(&self, within: Duration, context: &str) {
        let (since, before) = (Instant::now(), self.book().progress());
        let behind = |now: &[usize]| before.iter().zip(now).any(|(before, now)| now <= before);
        while behind(&self.book().progress()) {
            assert!(since.elapsed() < within, "{context}: not all goes on");
            sleep(AGAIN).await;
        }
    }

    /// Stops publishing, and waits until everybody has all that was acknowledged.
    pub(crate) async fn settled(&self, within: Duration, context: &str) {
        let since = Instant::now();
        self.publishing.store(false, Ordering::SeqCst);
        for (_, subscription) in CONSUMERS {
            loop {
                let missing: Vec<_> =
                    self.book().missing(subscription).into_iter().cloned().collect();
                if missing.is_empty() {
                    break;
                }
                let late = since.elapsed() > within;
                assert!(
                    !late,
                    "{context}: {subscription} lacks {}: {:?}",
                    missing.len(),
                    &missing[..missing.len().min(8)]
                );
                sleep(AGAIN).await;
            }
        }
        self.book().assert_nothing_wrong(context);
    }

    /// Publishes again.
    pub(crate) fn resume(&self) {
        self.publishing.store(true, Ordering::SeqCst);
    }

    pub(crate) async fn end(mut self) -> Book {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        std::mem::take(&mut *self.book())
    }
}

fn held(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn subscribe(client: &Client, subscription: &str) {
    let message = exchange::Subscription {
        name: subscription.to_owned(),
        dataset: DATASET.to_owned(),
        access: Some(convert::access_message(&"reference-data".parse().unwrap(), None)),
        start: exchange::StartPosition::Earliest.into(),
        ..exchange::Subscription::default()
    };
    client.create_subscription(message).await.unwrap();
}

async fn publish(
    client: Client,
    publisher: usize,
    book: Arc<Mutex<Book>>,
    publishing: Arc<AtomicBool>,
) {
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    for call in 0.. {
        while !publishing.load(Ordering::SeqCst) {
            sleep(PACE).await;
        }
        // A call has each of the publisher's keys once.
        let names: Vec<_> =
            (0..BATCH).map(|key| format!("{:05}-{call}", publisher as u64 * BATCH + key)).collect();
        let records: Vec<_> = names.iter().map(|name| record(name)).collect();
        let answer = loop {
            // Until it is acknowledged: the same records with the same ids.
            match client.publish_batch(&to, records.clone()).await {
                Ok(answer) => break answer,
                Err(_) => sleep(AGAIN).await,
            }
        };
        held(&book).published(&names, answer.duplicates.into());
        sleep(PACE).await;
    }
}

fn record(name: &str) -> exchange::Record {
    let code = name.split('-').next().unwrap_or_default();
    let payload = format!(
        r#"{{"code":"{code}","name":"{name}","kind":"ward","level":2,"parent_code":"01"}}"#
    );
    exchange::Record {
        record_id: name.to_owned(),
        payload: payload.into(),
        op: exchange::Op::Upsert.into(),
        ..exchange::Record::default()
    }
}

async fn consume(client: Client, subscription: &'static str, book: Arc<Mutex<Book>>) {
    loop {
        let mut subscriber = client.subscriber(subscription, SubscriberOptions::default());
        // What ends it ends one life of a consumer: the next one begins.
        while let Ok(Some(news)) = subscriber.news().await {
            match news {
                News::Event(Event::Deliver(delivery)) => {
                    note(&mut held(&book), subscription, &delivery);
                    subscriber.ack_all(&delivery).await;
                }
                News::Interrupted { .. } => held(&book).ended(subscription),
                News::Event(_) | News::Open { .. } => {}
            }
        }
        sleep(AGAIN).await;
    }
}

fn note(book: &mut Book, subscription: &'static str, delivery: &Delivery) {
    let receipt = delivery.receipt.as_ref().expect("a frame has its receipt");
    book.framed(receipt.index, delivery.records.len() as u64);
    for record in &delivery.records {
        let shown: serde_json::Value = serde_json::from_slice(&record.payload).unwrap();
        book.received(subscription, shown["name"].as_str().unwrap(), record.attempt);
    }
}
