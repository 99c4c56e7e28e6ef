use std::collections::BTreeMap;

use ndxp_client::{Event, News, Subscriber};

use super::{ALL, Again, LAND, pair, record, road::Road, subscriber};

/// Receives until these records are there, acknowledges them, and returns the last state of each
/// key in the order of the keys.
async fn receive(subscriber: &mut Subscriber, count: usize) -> BTreeMap<String, String> {
    let mut copy = BTreeMap::new();
    let mut got = 0;
    while got < count {
        let delivery = subscriber.next().await.unwrap().expect("the stream goes on");
        for record in &delivery.records {
            let text = String::from_utf8(record.payload.to_vec()).unwrap();
            copy.insert(record.key.clone(), text);
            got += usize::from(record.attempt == 1);
        }
        subscriber.ack_all(&delivery).await;
    }
    copy
}

/// Waits until a stream is open again; what comes before does not matter.
async fn opened(subscriber: &mut Subscriber) -> u64 {
    loop {
        if let Some(News::Open { epoch, .. }) = subscriber.news().await.unwrap() {
            return epoch;
        }
    }
}

async fn settled(subscriber: &mut Subscriber) {
    while !matches!(subscriber.news().await.unwrap(), Some(News::Event(Event::Settled { .. }))) {}
}

#[tokio::test]
async fn subscriber_outlives_hubs_that_restart_and_are_killed() {
    let mut hub = pair().await;
    let road = Road::to(&hub).await;
    let mut subscriber = subscriber(&hub, &road);
    for (round, again) in [Again::Restart, Again::Kill, Again::Restart].into_iter().enumerate() {
        let records = (0..10).map(|number| record(round * 10 + number)).collect();
        hub.publish("tax", "tax/citizens", records).await.unwrap();
        let copy = receive(&mut subscriber, 10).await;
        settled(&mut subscriber).await;
        assert_eq!(copy.len(), 10, "{copy:?}");
        let newest = format!("state {}", round * 10 + 7);
        assert!(copy.values().any(|state| state.contains(&newest)), "{copy:?}");

        let (news, next) = tokio::join!(opened(&mut subscriber), again.start(hub, &road));
        assert!(news as usize >= round + 2, "a stream after the restart");
        hub = next;
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_kill_and_says_so() {
    let hub = pair().await;
    let road = Road::to(&hub).await;
    let mut subscriber = subscriber(&hub, &road);
    hub.publish("tax", "tax/citizens", (0..3).map(record).collect()).await.unwrap();
    let mut before = Vec::new();
    while before.len() < 3 {
        before.extend(subscriber.next().await.unwrap().unwrap().records);
    }
    subscriber.ack(&before[0]).await;
    settled(&mut subscriber).await;
    let (_, _hub) = tokio::join!(opened(&mut subscriber), Again::Kill.start(hub, &road));
    let mut again = Vec::new();
    while again.len() < 2 {
        again.extend(subscriber.next().await.unwrap().unwrap().records);
    }
    let ids = |records: &[ndxp_client::proto::exchange::DeliveredRecord]| {
        let mut ids: Vec<_> = records.iter().map(|record| record.record_id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&again), ids(&before[1..]));
    assert!(again.iter().all(|record| record.attempt == 2), "{again:?}");
    subscriber.ack(&before[1]).await;
    assert_eq!(subscriber.late(), 1, "a handle of the stream that is gone is worth nothing");
}

#[tokio::test]
async fn suspended_agreement_ends_the_subscriber_for_good() {
    let hub = pair().await;
    let road = Road::to(&hub).await;
    let mut subscriber = subscriber(&hub, &road);
    opened(&mut subscriber).await;
    let steward = hub.client("agency/tax/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    let failure = loop {
        match subscriber.news().await {
            Ok(Some(News::Interrupted { failure, .. })) => panic!("not repeated: {failure}"),
            Ok(news) => assert!(news.is_some(), "ended without a reason"),
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.reason.as_deref(), Some("AGREEMENT_SUSPENDED"));
}

#[tokio::test]
async fn a_newer_subscriber_ends_the_older() {
    let hub = pair().await;
    let road = Road::to(&hub).await;
    let (mut older, mut newer) = (subscriber(&hub, &road), subscriber(&hub, &road));
    opened(&mut older).await;
    opened(&mut newer).await;
    let failure = loop {
        if let Err(failure) = older.news().await {
            break failure;
        }
    };
    assert_eq!(failure.reason.as_deref(), Some("STREAM_FENCED"));
    let found = road.client(&hub, LAND).get_subscription(ALL).await.unwrap();
    assert!(found.connected);
}
