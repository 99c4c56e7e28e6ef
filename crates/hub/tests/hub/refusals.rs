//! Bad input to Publish: each with its reason and place, and nothing written.

use ndxp_client::proto::{
    common::{AccessContext, Title},
    exchange::{Op, PublishRequest, Record, publish_service_client::PublishServiceClient},
    registry::{Classification, Dataset, DatasetCategory},
};
use ndxp_testkit::{Spec, TestHub, citizens, delete, event, upsert};
use tonic::{Status, codegen::Service as _};
use tonic_types::StatusExt;

use crate::{
    contract::{check, paths},
    leaves,
    setup::{citizen, pair},
};

/// Sends a request as a principal and returns its refusal.
async fn refused(hub: &TestHub, who: &str, request: PublishRequest) -> Status {
    let mut service =
        PublishServiceClient::new(hub.channel(who)).max_encoding_message_size(64 << 20);
    service.publish(request).await.expect_err("the request is refused")
}

fn to(dataset: &str, records: Vec<Record>) -> PublishRequest {
    let access = Some(AccessContext { purpose: "service".to_owned(), agreement: String::new() });
    PublishRequest { dataset: dataset.to_owned(), records, access, ..PublishRequest::default() }
}

const CITIZENS: &str = "agencies/tax/datasets/citizens";
const PORTAL: &str = "agency/tax/system/portal";

/// Publishes one batch into `tax/citizens` and expects reason and first path.
async fn expect(hub: &TestHub, records: Vec<Record>, reason: &str, path: &str) {
    let status = refused(hub, PORTAL, to(CITIZENS, records)).await;
    assert_eq!(check(&status), reason, "{status:?}");
    assert_eq!(paths(&status).first().map_or("", String::as_str), path, "{status:?}");
}

#[tokio::test]
async fn bad_records_are_refused_by_their_place_and_nothing_is_written() {
    let hub = pair().await;
    let one = |payload: &str| vec![upsert("r-1", payload)];
    let deep = format!(r#"{{"id":"1","province":{}1{}}}"#, "[".repeat(80), "]".repeat(80));
    let at = "records[0]";
    let violation = "SCHEMA_VIOLATION";
    expect(&hub, one(r#"{"id":"1","#), violation, at).await;
    expect(&hub, one(""), violation, at).await;
    expect(&hub, one(r#"{"id":"1","province":"01","id":"2"}"#), violation, "records[0]/id").await;
    let status = refused(&hub, PORTAL, to(CITIZENS, one(&deep))).await;
    assert_eq!(check(&status), violation, "{status:?}");
    let bytes = b"{\"id\":\"1\",\"province\":\"\xff\"}".to_vec();
    let status = refused(&hub, PORTAL, to(CITIZENS, vec![upsert("r-1", bytes)])).await;
    assert_eq!(check(&status), violation, "{status:?}");
    expect(&hub, one(r#"{"id":"x","province":"01"}"#), violation, "records[0]/id").await;
    expect(&hub, one(r#"{"id":"1"}"#), violation, at).await;
    let mixed = vec![upsert("r-1", citizen(1)), upsert("r-2", r#"{"id":"2","province":5}"#)];
    expect(&hub, mixed, violation, "records[1]/province").await;

    let keyed = Record { key: "2".to_owned(), ..upsert("r-1", citizen(1)) };
    expect(&hub, vec![keyed], "KEY_MISMATCH", "records[0].key").await;
    let more = vec![delete("r-1", r#"{"id":"1","name":"x"}"#)];
    expect(&hub, more, violation, "records[0]/name").await;
    let invalid = "INVALID_FIELD";
    expect(&hub, vec![event("r-1", citizen(1))], invalid, "records[0].op").await;
    let op = |op| vec![Record { op, ..upsert("r-1", citizen(1)) }];
    expect(&hub, op(Op::Unspecified.into()), invalid, "records[0].op").await;
    expect(&hub, op(77), invalid, "records[0].op").await;
    expect(&hub, vec![upsert("", citizen(1))], invalid, "records[0].record_id").await;
    expect(&hub, vec![], invalid, "records").await;
    assert!(leaves::citizens(&hub.log()).await.is_empty());
}

#[tokio::test]
async fn sizes_are_refused_with_their_limit_and_nothing_is_written() {
    let hub = pair().await;
    let many = (0..501).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    expect(&hub, many, "BATCH_TOO_LARGE", "records").await;
    let name =
        |bytes: usize| format!(r#"{{"id":"1","province":"01","name":"{}"}}"#, "x".repeat(bytes));
    expect(&hub, vec![upsert("r-1", name(1 << 20))], "RECORD_TOO_LARGE", "records[0].payload")
        .await;
    let heavy = (0..4).map(|n| upsert(&format!("r-{n}"), name(900_000))).collect();
    expect(&hub, heavy, "BATCH_TOO_LARGE", "records").await;
    // More than the transport takes: refused before it is read, in the same shape.
    let heavy = (0..10).map(|n| upsert(&format!("r-{n}"), name(900_000))).collect();
    expect(&hub, heavy, "BATCH_TOO_LARGE", "").await;
    assert!(leaves::citizens(&hub.log()).await.is_empty());
    let most = (0..500).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    assert_eq!(hub.publish("tax", "tax/citizens", most).await.unwrap().accepted, 500);
}

#[tokio::test]
async fn errors_stay_small_whatever_the_input() {
    let hub = pair().await;
    let long = "k".repeat(5_000);
    let record = |n: usize| {
        let extra: Vec<String> = (0..50).map(|m| format!(r#""{long}{m}":{m}"#)).collect();
        upsert(&format!("r-{n}"), format!(r#"{{"id":"x",{}}}"#, extra.join(",")))
    };
    let status = refused(&hub, PORTAL, to(CITIZENS, (0..5).map(record).collect())).await;
    assert_eq!(check(&status), "SCHEMA_VIOLATION");
    let status = refused(&hub, PORTAL, to(&format!("agencies/tax/datasets/{long}"), vec![])).await;
    check(&status);
    let status = refused(&hub, PORTAL, to(&long.repeat(20), vec![upsert(&long, "{}")])).await;
    check(&status);
}

fn draft(name: &str) -> Dataset {
    let text = || "drafts".to_owned();
    Dataset {
        name: name.to_owned(),
        title: Some(Title { vi: text(), en: text() }),
        category: DatasetCategory::Master.into(),
        classification: Classification::Internal.into(),
        key_fields: vec!["/id".to_owned()],
        partitions: 1,
        retention: None,
        ..Dataset::default()
    }
}

#[tokio::test]
async fn what_does_not_exist_or_is_not_ones_own_is_not_found() {
    let hub = pair().await;
    hub.agency("health").await;
    let batch = || vec![upsert("r-1", citizen(1))];
    let unknown = refused(&hub, PORTAL, to("agencies/tax/datasets/nothing", batch())).await;
    assert_eq!(check(&unknown), "RESOURCE_NOT_FOUND");
    hub.client(PORTAL).create_dataset(draft("agencies/tax/datasets/drafts")).await.unwrap();
    let stranger = "agency/health/system/portal";
    let foreign = refused(&hub, stranger, to("agencies/tax/datasets/drafts", batch())).await;
    assert_eq!(check(&foreign), "RESOURCE_NOT_FOUND");
    let words = |status: &Status| status.message().replace("drafts", "*").replace("nothing", "*");
    assert_eq!(words(&unknown), words(&foreign), "nobody can tell them apart");
    let foreign = refused(&hub, stranger, to(CITIZENS, batch())).await;
    assert_eq!(check(&foreign), "AGREEMENT_MISSING", "active datasets are no secret");
    let own = refused(&hub, PORTAL, to("agencies/tax/datasets/drafts", batch())).await;
    assert_eq!(check(&own), "DATASET_NOT_ACTIVE");
    let old = PublishRequest { schema_version: 9, ..to(CITIZENS, batch()) };
    let status = refused(&hub, PORTAL, old).await;
    assert_eq!(check(&status), "INVALID_FIELD");
    assert_eq!(paths(&status), ["schema_version"]);
    let consumer = refused(&hub, "agency/land/system/portal", to(CITIZENS, batch())).await;
    assert_eq!(check(&consumer), "OPERATION_NOT_GRANTED");
    let officer = refused(&hub, "agency/tax/officer/steward-1", to(CITIZENS, batch())).await;
    assert_eq!(check(&officer), "ROLE_REQUIRED");
    let nobody = refused(&hub, "agency/tax/system/unknown", to(CITIZENS, batch())).await;
    assert_eq!(check(&nobody), "SYSTEM_UNKNOWN");
}

#[tokio::test]
async fn operation_must_fit_the_category() {
    let hub = pair().await;
    let spec = Spec { category: DatasetCategory::Event, ..citizens("tax/events") };
    hub.dataset(&spec).await;
    let events = "agencies/tax/datasets/events";
    for record in [upsert("r-1", citizen(1)), delete("r-1", r#"{"id":"1"}"#)] {
        let status = refused(&hub, PORTAL, to(events, vec![record])).await;
        assert_eq!(check(&status), "INVALID_FIELD");
        assert_eq!(paths(&status), ["records[0].op"]);
    }
    let good = hub.publish("tax", "tax/events", vec![event("r-1", citizen(1))]).await.unwrap();
    assert_eq!(good.accepted, 1);
}

/// Calls a method with bytes as they are.
async fn raw(hub: &TestHub, method: &str, body: &str) -> Status {
    let mut channel = hub.channel(PORTAL);
    let request = http::Request::post(format!("https://hub/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(body.to_owned()));
    std::future::poll_fn(|cx| channel.poll_ready(cx)).await.unwrap();
    let response = channel.call(request.unwrap()).await.unwrap();
    Status::from_header_map(response.headers()).expect("it is refused before it begins")
}

#[tokio::test]
async fn what_the_transport_refuses_keeps_the_contract_too() {
    let hub = pair().await;
    let publish = "ndxp.exchange.v1.PublishService/Publish";
    // One message of three bytes: a text of five bytes that has one.
    let torn = raw(&hub, publish, "\0\0\0\0\u{3}\u{a}\u{5}x").await;
    assert_eq!(check(&torn), "INVALID_FIELD");
    let unknown = raw(&hub, "ndxp.exchange.v1.PublishService/Unpublish", "\0\0\0\0\0").await;
    assert_eq!(check(&unknown), "NOT_SERVED");
    let unknown = raw(&hub, "ndxp.v9.Service/Method", "\0\0\0\0\0").await;
    assert_eq!(check(&unknown), "NOT_SERVED");
    let compressed = raw(&hub, publish, "\u{1}\0\0\0\0").await;
    assert_eq!(check(&compressed), "INVALID_FIELD");
}

#[tokio::test]
async fn invariant_12_denial_names_agreement_clause_and_what_to_do() {
    let hub = pair().await;
    let batch = || vec![upsert("r-1", citizen(1))];
    let denied = refused(&hub, "agency/land/system/portal", to(CITIZENS, batch())).await;
    assert_eq!(check(&denied), "OPERATION_NOT_GRANTED");
    let facts = denied.get_details_error_info().unwrap().metadata;
    let fact = |name: &str| facts.get(name).map_or("", String::as_str);
    assert_eq!(fact("agreement"), "agr-1@1");
    assert_eq!((fact("asked"), fact("allowed")), ("PUBLISH", "SUBSCRIBE"));
    assert!(!fact("clause").is_empty());
    // Who has no agreement learns nothing of those that others have.
    hub.agency("health").await;
    let stranger = refused(&hub, "agency/health/system/portal", to(CITIZENS, batch())).await;
    assert_eq!(check(&stranger), "AGREEMENT_MISSING");
    let words = format!("{stranger:?}{}", String::from_utf8_lossy(stranger.details()));
    assert!(!words.contains("agr-") && !words.contains("land"), "{words}");
}
