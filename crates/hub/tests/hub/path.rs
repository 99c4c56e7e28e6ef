//! The whole path, once through.

use ndxp_testkit::{Grant, TestHub, citizens, upsert};

#[tokio::test]
async fn record_goes_from_publisher_to_subscriber_and_is_acknowledged_for_good() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    hub.agency("land").await;
    hub.dataset(&citizens("tax/citizens")).await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id", "/name"])).await;
    hub.subscription("land", "all", "tax/citizens").await;

    let records = vec![
        upsert("r-1", r#"{"id":"1","name":"citizen 1","province":"01","income":5}"#),
        upsert("r-2", r#"{"id":"2","province":"02"}"#),
    ];
    let published = hub.publish("tax", "tax/citizens", records).await.unwrap();
    assert_eq!((published.accepted, published.duplicates), (2, 0));

    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let mut records = stream.records(2).await.unwrap();
    records.sort_by(|a, b| a.key.cmp(&b.key));
    let seen: Vec<_> = records.iter().map(|r| (r.key.as_str(), &r.payload[..])).collect();
    let first: &[u8] = br#"{"id":"1","name":"citizen 1"}"#;
    assert_eq!(seen, [("1", first), ("2", br#"{"id":"2"}"#)]);
    assert!(records.iter().all(|record| record.attempt == 1));
    assert_eq!(stream.settle(&records).await.unwrap(), 2);

    let hub = hub.kill().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-3", r#"{"id":"3","province":"01"}"#)])
        .await
        .unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(1).await.unwrap();
    assert_eq!(records[0].key, "3", "what was acknowledged does not come again");
}
