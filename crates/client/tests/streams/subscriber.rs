use ndxp_client::{
    Delivery, Event, Failure, News, SubscribeOptions, Subscriber, SubscriberOptions,
    mock::MockHub,
    proto::{
        error::Reason,
        exchange::{
            DeliveredRecord, GapCause, PauseCause, SubscribeGap, SubscribePaused,
            subscribe_response::Frame,
        },
    },
};

const NAME: &str = "agencies/tax/subscriptions/people";

fn subscriber(hub: &MockHub) -> Subscriber {
    hub.client().subscriber(NAME, SubscriberOptions::default())
}

async fn next(subscriber: &mut Subscriber) -> Delivery {
    subscriber.next().await.unwrap().expect("the stream goes on")
}

async fn hub_with(records: usize) -> MockHub {
    let hub = MockHub::start().await.unwrap();
    hub.offer(NAME, (1..=records).map(|number| format!("{{\"n\":{number}}}")));
    hub
}

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("record-{number}")).collect()
}

async fn failure(subscriber: &mut Subscriber) -> Failure {
    loop {
        match subscriber.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended without a reason"),
            Err(failure) => return failure,
        }
    }
}

#[tokio::test]
async fn all_records_come_once_although_credit_is_small() {
    let hub = hub_with(250).await;
    let stream = SubscribeOptions { records: 20, ..SubscribeOptions::default() };
    let options = SubscriberOptions { stream, ..SubscriberOptions::default() };
    let mut subscriber = hub.client().subscriber(NAME, options);
    let mut got = 0;
    while got < 250 {
        let delivery = next(&mut subscriber).await;
        got += delivery.records.len();
        subscriber.ack_all(&delivery).await;
    }
    subscriber.close().await.unwrap();
    assert_eq!(hub.acked(NAME), ids(250));
}

#[tokio::test]
async fn acknowledgements_go_out_together() {
    let hub = hub_with(100).await;
    let mut subscriber = subscriber(&hub);
    let delivery = next(&mut subscriber).await;
    assert_eq!(delivery.records.len(), 100);
    for record in &delivery.records {
        subscriber.ack(record).await;
    }
    subscriber.close().await.unwrap();
    assert_eq!((hub.acked(NAME).len(), hub.settlements(NAME)), (100, 1));
}

#[tokio::test]
async fn an_acknowledgement_is_not_held_back_while_the_program_waits() {
    let hub = hub_with(1).await;
    let mut subscriber = subscriber(&hub);
    let delivery = next(&mut subscriber).await;
    subscriber.ack_all(&delivery).await;
    while !matches!(subscriber.news().await.unwrap(), Some(News::Event(Event::Settled { .. }))) {}
    assert_eq!(hub.acked(NAME), ids(1));
}

#[tokio::test]
async fn lost_stream_is_opened_again_and_late_acknowledgements_do_nothing() {
    let hub = hub_with(3).await;
    let mut subscriber = subscriber(&hub);
    let before = next(&mut subscriber).await;
    hub.lose_connections();
    let again = next(&mut subscriber).await;
    let attempts: Vec<_> = again.records.iter().map(|record| record.attempt).collect();
    assert_eq!(attempts, [2, 2, 2]);
    subscriber.ack_all(&before).await;
    assert_eq!(subscriber.late(), 3);
    subscriber.ack_all(&again).await;
    subscriber.close().await.unwrap();
    assert_eq!(hub.acked(NAME), ids(3), "each once");
    assert_eq!(hub.opened(NAME), 2);
}

#[tokio::test]
async fn a_record_is_settled_once() {
    let hub = hub_with(2).await;
    let mut subscriber = subscriber(&hub);
    let delivery = next(&mut subscriber).await;
    subscriber.ack_all(&delivery).await;
    subscriber.ack_all(&delivery).await;
    subscriber.reject(&delivery.records[0], "too late").await;
    assert_eq!(subscriber.late(), 3);
    subscriber.close().await.unwrap();
    assert_eq!((hub.acked(NAME), hub.rejected(NAME)), (ids(2), Vec::new()));
}

#[tokio::test]
async fn retried_record_comes_again_and_rejected_one_does_not() {
    let hub = hub_with(3).await;
    let mut subscriber = subscriber(&hub);
    let delivery = next(&mut subscriber).await;
    subscriber.ack(&delivery.records[0]).await;
    subscriber.retry(&delivery.records[1], None).await;
    subscriber.reject(&delivery.records[2], "unknown form").await;
    let again = next(&mut subscriber).await;
    let seen = |record: &DeliveredRecord| (record.record_id.clone(), record.attempt);
    assert_eq!(again.records.iter().map(seen).collect::<Vec<_>>(), [("record-2".to_owned(), 2)]);
    subscriber.ack_all(&again).await;
    subscriber.close().await.unwrap();
    assert_eq!(hub.acked(NAME), ids(2));
    let rejected = ("record-3".to_owned(), "unknown form".to_owned());
    assert_eq!(hub.rejected(NAME), [rejected]);
}

#[tokio::test]
async fn an_orderly_end_is_followed_by_another_stream() {
    for reason in [Reason::StreamAged, Reason::NodeDraining, Reason::SubscriptionChanged] {
        let hub = hub_with(1).await;
        let mut subscriber = subscriber(&hub);
        let delivery = next(&mut subscriber).await;
        subscriber.ack_all(&delivery).await;
        hub.end_streams(reason);
        hub.offer(NAME, ["{}"]);
        let delivery = next(&mut subscriber).await;
        subscriber.ack_all(&delivery).await;
        while hub.opened(NAME) < 2 {
            subscriber.news().await.unwrap();
        }
        assert_eq!(hub.opened(NAME), 2, "{reason:?}");
    }
}

#[tokio::test]
async fn newer_stream_ends_the_older_for_good() {
    let hub = hub_with(0).await;
    let (mut older, mut newer) = (subscriber(&hub), subscriber(&hub));
    assert!(matches!(older.news().await.unwrap(), Some(News::Open { epoch: 1, .. })));
    assert!(matches!(newer.news().await.unwrap(), Some(News::Open { epoch: 2, .. })));
    assert_eq!(failure(&mut older).await.reason.as_deref(), Some("STREAM_FENCED"));
    hub.offer(NAME, ["{}"]);
    assert_eq!(next(&mut newer).await.records.len(), 1);
    assert_eq!(hub.opened(NAME), 2, "the older does not come back");
}

#[tokio::test]
async fn suspended_agreement_ends_the_subscriber() {
    let hub = hub_with(1).await;
    let mut subscriber = subscriber(&hub);
    next(&mut subscriber).await;
    hub.end_streams(Reason::AgreementSuspended);
    assert_eq!(failure(&mut subscriber).await.reason.as_deref(), Some("AGREEMENT_SUSPENDED"));
    assert_eq!(hub.opened(NAME), 1);
}

#[tokio::test]
async fn opening_is_repeated_only_where_the_hub_says_so() {
    let hub = hub_with(1).await;
    hub.refuse_next(Reason::TooManyStreams);
    let mut first = subscriber(&hub);
    assert_eq!(next(&mut first).await.records.len(), 1);
    hub.refuse_next(Reason::CursorExpired);
    let mut second = subscriber(&hub);
    assert_eq!(failure(&mut second).await.reason.as_deref(), Some("CURSOR_EXPIRED"));
    assert_eq!(hub.opened(NAME), 1);
}

#[tokio::test]
async fn no_more_records_come_than_were_wanted_in_all() {
    let hub = hub_with(10).await;
    let stream = SubscribeOptions { at_most: Some(4), ..SubscribeOptions::default() };
    let options = SubscriberOptions { stream, ..SubscriberOptions::default() };
    let mut subscriber = hub.client().subscriber(NAME, options);
    let delivery = next(&mut subscriber).await;
    assert_eq!(delivery.records.len(), 4);
    subscriber.ack(&delivery.records[0]).await;
    hub.lose_connections();
    // Whether the acknowledgement arrived before, nobody knows: then what is left is less.
    let again = next(&mut subscriber).await;
    assert!(again.records.len() <= 4);
}

#[tokio::test]
async fn gaps_and_pauses_are_told_and_delivery_goes_on() {
    let hub = hub_with(0).await;
    let mut subscriber = subscriber(&hub);
    let gap = SubscribeGap {
        from: "a".into(),
        to: "b".into(),
        cause: GapCause::Retention.into(),
        count: Some(7),
    };
    let (cause, next_step) = (PauseCause::ConsumerFailing.into(), "mend it".to_owned());
    hub.say(NAME, Frame::Gap(gap));
    hub.say(NAME, Frame::Paused(SubscribePaused { cause, since: None, next_step }));
    hub.offer(NAME, ["{}"]);
    let mut told = Vec::new();
    while told.len() < 3 {
        if let Some(News::Event(event)) = subscriber.news().await.unwrap() {
            told.push(event);
        }
    }
    let gap =
        Event::Gap { from: "a".into(), to: "b".into(), cause: GapCause::Retention, count: Some(7) };
    let (cause, next_step) = (PauseCause::ConsumerFailing, "mend it".to_owned());
    assert_eq!(told[..2], [gap, Event::Paused { cause, since: None, next_step }]);
    assert!(matches!(told[2], Event::Deliver(_)));
}

#[tokio::test]
async fn lease_is_extended_while_a_record_is_outstanding_and_not_after() {
    let hub = hub_with(2).await;
    let mut subscriber = subscriber(&hub);
    let delivery = next(&mut subscriber).await;
    let minute = std::time::Duration::from_secs(60);
    subscriber.extend(&delivery.records[1], minute).await;
    subscriber.ack_all(&delivery).await;
    subscriber.extend(&delivery.records[0], minute).await;
    subscriber.close().await.unwrap();
    assert_eq!((hub.extended(NAME), hub.acked(NAME)), (vec!["record-2".to_owned()], ids(2)));
}

#[tokio::test]
async fn patience_ends_where_the_hub_stays_away() {
    let hub = hub_with(1).await;
    let options =
        SubscriberOptions { patience: std::time::Duration::ZERO, ..SubscriberOptions::default() };
    let mut subscriber = hub.client().subscriber(NAME, options);
    next(&mut subscriber).await;
    drop(hub);
    assert_eq!(failure(&mut subscriber).await.reason, None);
}
