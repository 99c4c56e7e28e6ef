//! Invariant 5: only what the agreement names leaves, by whatever way.

use ndxp_client::proto::exchange::{
    DeliveredRecord, SeekSubscriptionRequest, StartPosition, seek_subscription_request::To,
    subscribe_service_client::SubscribeServiceClient,
};
use ndxp_testkit::{Frame, Grant, TestHub, citizens, delete, journal, upsert};

use crate::setup::{pair, reason};

const SECRET: &str = "zq7secretzq7";

/// A hub whose consumer `land` may see the name alone, and `city` the name of its own province.
async fn hub() -> TestHub {
    let hub = TestHub::start().await;
    for agency in ["tax", "land", "city"] {
        hub.agency(agency).await;
    }
    hub.dataset(&citizens("tax/citizens")).await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/name"])).await;
    let own = Grant::of("agr-2", "tax/citizens", "city", &["/name"]).only("/province", "01");
    hub.agreement(&own).await;
    hub.subscription("land", "all", "tax/citizens").await;
    hub.subscription("city", "own", "tax/citizens").await;
    hub
}

fn citizen(id: &str, province: &str) -> String {
    format!(r#"{{"id":"{id}","name":"n{id}","province":"{province}","income":987654321}}"#)
}

#[tokio::test]
async fn invariant_5_hidden_key_and_id_are_pseudonyms_of_each_consumer() {
    let hub = hub().await;
    let id = format!("{SECRET}-1");
    hub.publish("tax", "tax/citizens", vec![upsert(&id, citizen("4711", "01"))]).await.unwrap();
    let again = upsert(&format!("{SECRET}-2"), citizen("4711", "01"));
    hub.publish("tax", "tax/citizens", vec![again]).await.unwrap();
    let gone = delete(&format!("{SECRET}-3"), r#"{"id":"4711"}"#);
    hub.publish("tax", "tax/citizens", vec![gone]).await.unwrap();

    let land = three(&hub, "land", "all").await;
    let city = three(&hub, "city", "own").await;
    assert_eq!(&land[0].payload[..], br#"{"name":"n4711"}"#);
    assert!(land[2].payload.is_empty(), "a DELETE carries its key alone");
    assert_eq!(land[0].key, land[1].key, "stable, so that folding works");
    assert_eq!(land[0].key, land[2].key);
    assert_ne!(land[0].key, city[0].key, "of no use to anybody else");
    assert_ne!(land[0].record_id, land[1].record_id);
    assert_ne!(land[0].record_id, city[0].record_id);
    let wire = format!("{land:?}{city:?}");
    // `{:?}` escapes bytes, so the texts stand there as they are.
    for hidden in [SECRET, "\"4711\"", "987654321", "province", "income"] {
        assert!(!wire.contains(hidden), "{hidden} in {wire}");
    }
    let seek = SeekSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        name: "agencies/land/subscriptions/all".to_owned(),
        to: Some(To::Position(StartPosition::Earliest.into())),
        dry_run: false,
    };
    let portal = hub.channel("agency/land/system/portal");
    SubscribeServiceClient::new(portal).seek_subscription(seek).await.unwrap();
    let again = three(&hub, "land", "all").await;
    assert_eq!(again[0].record_id, land[0].record_id, "the same at every redelivery");
    assert!(again.iter().all(|record| record.replayed));
}

/// Receives three records of one key: the next one comes when the one before is settled.
async fn three(hub: &TestHub, agency: &str, subscription: &str) -> Vec<DeliveredRecord> {
    let mut stream = hub.subscribe(agency, subscription).await.unwrap();
    let mut records = Vec::new();
    while records.len() < 3 {
        let some = stream.records(1).await.unwrap();
        stream.ack(&some).await;
        records.extend(some);
    }
    records
}

#[tokio::test]
async fn invariant_5_withheld_rows_do_not_show() {
    let hub = hub().await;
    let mut stream = hub.subscribe("city", "own").await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
    for n in 0..20 {
        let id = n.to_string();
        let province = if n == 19 { "01" } else { "02" };
        let record = upsert(&format!("r-{n}"), citizen(&id, province));
        hub.publish("tax", "tax/citizens", vec![record]).await.unwrap();
    }
    match stream.next().await.unwrap() {
        Some(Frame::Deliver(deliver)) => {
            assert_eq!(deliver.records.len(), 1);
            assert_eq!(&deliver.records[0].payload[..], br#"{"name":"n19"}"#);
        }
        other => panic!("nineteen records that are not city's showed: {other:?}"),
    }
}

#[tokio::test]
async fn invariant_5_no_error_metric_or_log_line_holds_a_value() {
    let hub = hub().await;
    let refused = [
        format!(r#"{{"id":"{SECRET}","province":"01"}}"#),
        format!(r#"{{"id":"1","province":"{SECRET}{SECRET}{SECRET}"}}"#),
        format!(r#"{{"id":"1","province":"01","income":"{SECRET}"}}"#),
        format!(r#"{{"id":"1","province":"01","name":"{SECRET}"#),
        format!(r#"{{"id":"1","id":"{SECRET}"}}"#),
    ];
    for (n, payload) in refused.into_iter().enumerate() {
        let record = upsert(&format!("{SECRET}-{n}"), payload);
        let status = hub.publish("tax", "tax/citizens", vec![record]).await.unwrap_err();
        assert_eq!(reason(&status), "SCHEMA_VIOLATION");
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!format!("{} {details}", status.message()).contains(SECRET), "{status:?}");
    }
    let good = |id: &str, name: &str| {
        upsert(id, format!(r#"{{"id":"1","province":"01","name":"{name}"}}"#))
    };
    let id = format!("{SECRET}-id");
    hub.publish("tax", "tax/citizens", vec![good(&id, SECRET)]).await.unwrap();
    let reused = hub.publish("tax", "tax/citizens", vec![good(&id, "other")]).await.unwrap_err();
    assert_eq!(reason(&reused), "RECORD_ID_REUSED");
    assert!(!format!("{reused:?}").contains(SECRET));
    hub.subscribe("land", "all").await.unwrap().records(1).await.unwrap();
    assert!(!hub.metrics().await.contains(SECRET));
    assert!(!hub.ready().await.1.contains(SECRET));
    let journal = journal();
    assert!(journal.contains("refused"), "the journal is kept");
    assert!(!journal.contains(SECRET));
}

#[tokio::test]
async fn granted_key_passes_unchanged() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen("4711", "01"))]).await.unwrap();
    let records = hub.subscribe("land", "all").await.unwrap().records(1).await.unwrap();
    assert_eq!(records[0].key, "4711");
    assert_ne!(records[0].record_id, "r-1");
}
