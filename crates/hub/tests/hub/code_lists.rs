//! Code lists in the hub: an approver pins the rows of a dataset, and codes are looked up on the day of the event.

use std::collections::BTreeMap;

use ndxp_audit::Entry;
use ndxp_client::proto::{
    error::Failure,
    exchange::{PublishResponse, PublishStreamBatch, PublishStreamOpen, Record},
    registry::DatasetCategory,
    timestamp,
};
use ndxp_schema::CodeList;
use ndxp_testkit::{Heard, RawPublish, Spec, TestHub, citizens, delete, upsert};
use serde_json::{Value, json};
use tonic::Status;

use crate::{contract::paths, leaves::entries, setup::reason};

const LIST: &str = "home/provinces";
const RESOURCE: &str = "agencies/home/datasets/provinces";
const APPROVER: &str = "agency/home/officer/approver-1";
const PORTAL: &str = "agency/tax/system/portal";

/// The days before and of a merger of provinces.
const BEFORE: &str = "2025-06-30T16:59:59Z";
const AFTER: &str = "2025-06-30T17:00:00Z";

fn spec(name: &str, category: DatasetCategory, asked: &str) -> Spec {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-ndxp-classification": "public",
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "province": {"type": "string", "x-ndxp-codelist": asked},
            "valid_from": {"type": ["string", "null"]},
            "valid_to": {"type": ["string", "null"]},
        },
        "required": ["code"],
    });
    let key = vec!["/code".to_owned()];
    let schema = schema.to_string();
    Spec { category, key, filterable: Vec::new(), partitions: 3, schema, ..citizens(name) }
}

fn rows() -> BTreeMap<String, Value> {
    let row = |code: &str, from: Option<&str>, to: Option<&str>| {
        (code.to_owned(), json!({"code": code, "valid_from": from, "valid_to": to}))
    };
    [
        row("01", None, None),
        row("26", None, Some("2025-07-01")),
        row("33", Some("2025-07-01"), None),
        // Its codes are the list's own.
        ("40".to_owned(), json!({"code": "40", "province": "01"})),
    ]
    .into()
}

fn hash(rows: &BTreeMap<String, Value>) -> String {
    CodeList::of_rows(LIST, rows).unwrap().sha256().to_owned()
}

/// A hub with the rows published and none pinned, and with the dataset `tax/parcels`, which asks them.
async fn hub() -> TestHub {
    let hub = TestHub::start().await;
    hub.agency("home").await;
    hub.agency("tax").await;
    hub.dataset(&spec(LIST, DatasetCategory::Reference, LIST)).await;
    hub.dataset(&spec("tax/parcels", DatasetCategory::Master, LIST)).await;
    let mut records: Vec<Record> =
        rows().values().map(|row| upsert(&row["code"].to_string(), row.to_string())).collect();
    records.push(upsert("gone", r#"{"code":"99"}"#));
    records.push(delete("end", r#"{"code":"99"}"#));
    records.insert(0, upsert("older", r#"{"code":"01","valid_to":"2000-01-01"}"#));
    hub.publish("home", LIST, records).await.unwrap();
    hub
}

async fn pin(hub: &TestHub, sha256: &str) -> Result<(), Failure> {
    hub.client(APPROVER).pin_code_list(RESOURCE, sha256).await.map(|_| ())
}

fn parcel(province: &str, at: &str, n: u32) -> Record {
    let at = timestamp(at.parse().unwrap());
    let payload = format!(r#"{{"code":"p-{n}","province":"{province}"}}"#);
    Record { event_time: at, ..upsert(&format!("{province}-{n}-{}", at.unwrap().seconds), payload) }
}

async fn publish(
    hub: &TestHub,
    province: &str,
    at: &str,
    n: u32,
) -> Result<PublishResponse, Status> {
    hub.publish("tax", "tax/parcels", vec![parcel(province, at, n)]).await
}

/// Whether each code is taken, for events before and after the merger.
async fn taken(hub: &TestHub, n: u32) -> Vec<(&'static str, bool, bool)> {
    let mut all = Vec::new();
    for code in ["01", "26", "33", "99"] {
        let [before, after] = [publish(hub, code, BEFORE, n), publish(hub, code, AFTER, n)];
        all.push((code, before.await.is_ok(), after.await.is_ok()));
    }
    all
}

const BY_THE_LIST: [(&str, bool, bool); 4] =
    [("01", true, true), ("26", true, false), ("33", false, true), ("99", false, false)];

#[tokio::test]
async fn codes_are_looked_up_on_the_day_of_the_event_from_the_pin_on() {
    let hub = hub().await;
    assert!(taken(&hub, 1).await.iter().all(|(_, before, after)| *before && *after));
    pin(&hub, &hash(&rows())).await.unwrap();
    assert_eq!(taken(&hub, 2).await, BY_THE_LIST);
    let wrong = publish(&hub, "26", AFTER, 3).await.unwrap_err();
    assert_eq!(
        (reason(&wrong).as_str(), paths(&wrong)),
        ("SCHEMA_VIOLATION", vec!["records[0]/province".to_owned()])
    );
    // Without a time of the event the day of its publication counts, and that is later.
    let today = Record { event_time: None, ..parcel("26", AFTER, 4) };
    assert!(hub.publish("tax", "tax/parcels", vec![today]).await.is_err());
    // Events of both days in one batch.
    let batch = vec![parcel("26", BEFORE, 5), parcel("33", AFTER, 5)];
    assert_eq!(hub.publish("tax", "tax/parcels", batch).await.unwrap().accepted, 2);

    let hub = hub.kill().await;
    assert_eq!(taken(&hub, 6).await, BY_THE_LIST);
}

#[tokio::test]
async fn a_pin_is_of_the_rows_as_they_stand_and_of_an_approver_alone() {
    let hub = hub().await;
    let (right, wrong) = (hash(&rows()), format!("sha256:{}", "0".repeat(64)));
    let refused = pin(&hub, &wrong).await.unwrap_err();
    assert_eq!(refused.reason.as_deref(), Some("STATE_CONFLICT"));
    assert!(refused.message.contains(&right), "{refused:?}");
    let malformed = pin(&hub, "0000").await.unwrap_err();
    assert_eq!(malformed.reason.as_deref(), Some("INVALID_FIELD"));
    for caller in ["agency/home/officer/steward-1", "agency/tax/officer/approver-1", PORTAL] {
        let refused = hub.client(caller).pin_code_list(RESOURCE, &right).await.unwrap_err();
        assert_eq!(refused.reason.as_deref(), Some("ROLE_REQUIRED"), "{caller}");
    }
    let tax = hub.client("agency/tax/officer/approver-1");
    let refused = tax.pin_code_list("agencies/tax/datasets/parcels", &right).await.unwrap_err();
    assert!(refused.message.contains("REFERENCE"), "{refused:?}");

    let home = hub.client(APPROVER);
    let first = home.pin_code_list(RESOURCE, &right).await.unwrap();
    // The rows move on, the pin does not; what is pinned already is pinned still.
    hub.publish("home", LIST, vec![upsert("new", r#"{"code":"50"}"#)]).await.unwrap();
    assert_eq!(home.pin_code_list(RESOURCE, &right).await.unwrap().receipt, first.receipt);
    assert!(publish(&hub, "50", AFTER, 1).await.is_err());
    let mut more = rows();
    more.insert("50".to_owned(), json!({"code": "50"}));
    pin(&hub, &hash(&more)).await.unwrap();
    publish(&hub, "50", AFTER, 2).await.unwrap();
    // The rows of before are not there any more.
    assert!(pin(&hub, &right).await.unwrap_err().message.contains(&hash(&more)));
}

#[tokio::test]
async fn rows_in_which_nothing_can_be_looked_up_are_not_pinned() {
    let hub = hub().await;
    let row = upsert("bad", r#"{"code":"60","valid_from":"soon"}"#);
    hub.publish("home", LIST, vec![row]).await.unwrap();
    let refused = pin(&hub, &hash(&rows())).await.unwrap_err();
    assert!(refused.message.contains("row 5: valid_from"), "{refused:?}");
}

#[tokio::test]
async fn receipts_audit_and_whoami_name_the_lists_that_gave_the_verdict() {
    let hub = hub().await;
    let whoami = async |hub: &TestHub| hub.client(PORTAL).who_am_i().await.unwrap();
    let shape = whoami(&hub).await;
    assert!(shape.verdict.unwrap().code_lists.is_empty());
    let before = publish(&hub, "01", AFTER, 1).await.unwrap().receipt.unwrap();
    assert_eq!(before.verdict_identity, shape.verdict_identity);

    pin(&hub, &hash(&rows())).await.unwrap();
    let listed = whoami(&hub).await;
    let lists = listed.verdict.unwrap().code_lists;
    let lists: Vec<_> = lists.into_iter().map(|list| (list.dataset, list.sha256)).collect();
    assert_eq!(lists, [(LIST.to_owned(), hash(&rows()))]);
    assert_ne!(listed.verdict_identity, shape.verdict_identity);
    let after = publish(&hub, "01", AFTER, 2).await.unwrap().receipt.unwrap();
    assert_eq!(after.verdict_identity, listed.verdict_identity);
    // A repeat is answered with what gave its verdict the first time.
    let again = publish(&hub, "01", AFTER, 1).await.unwrap();
    assert_eq!((again.duplicates, again.receipt.unwrap()), (1, before.clone()));
    // The list's own records are judged without it, and say so.
    let own = upsert("own", r#"{"code":"70","province":"no such"}"#);
    let own = hub.publish("home", LIST, vec![own]).await.unwrap().receipt.unwrap();
    assert_eq!(own.verdict_identity, shape.verdict_identity);
    let entries = entries(&hub.log()).await;
    for receipt in [before, after, own] {
        let Entry::Publish(entry) = &entries[usize::try_from(receipt.index).unwrap()] else {
            panic!("{receipt:?} is of no publication")
        };
        assert_eq!(entry.vid.to_string(), receipt.verdict_identity);
    }
}

#[tokio::test]
async fn a_stream_follows_a_pin() {
    let hub = hub().await;
    let open =
        PublishStreamOpen { dataset: "agencies/tax/datasets/parcels".into(), ..Default::default() };
    let mut stream = RawPublish::open(hub.channel(PORTAL), open).await.unwrap();
    let mut send = async |n: u64, province: &str| {
        let records = vec![parcel(province, AFTER, u32::try_from(n).unwrap())];
        let batch = PublishStreamBatch { seq: n, records, ..PublishStreamBatch::default() };
        stream.say(ndxp_client::proto::exchange::publish_stream_request::Frame::Batch(batch)).await;
        loop {
            match stream.next().await {
                Ok(Some(Heard::Result(result))) => return Ok(result.receipt.unwrap()),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Status::cancelled("")),
                Err(status) => return Err(status),
            }
        }
    };
    let first = send(1, "99").await.unwrap();
    pin(&hub, &hash(&rows())).await.unwrap();
    let second = send(2, "01").await.unwrap();
    assert_ne!(first.verdict_identity, second.verdict_identity);
    assert_eq!(reason(&send(3, "99").await.unwrap_err()), "SCHEMA_VIOLATION");
}

#[tokio::test]
async fn a_state_that_a_schema_names_decides_whatever_is_in_force() {
    let hub = hub().await;
    let old = hash(&rows());
    let asked = format!("{LIST}@{old}");
    let named = spec("tax/archive", DatasetCategory::Master, &asked);
    let portal = hub.client(PORTAL);
    // Not pinned yet, so nobody could have its rows.
    hub.dataset(&spec("tax/archive", DatasetCategory::Master, "home/none")).await;
    let archive = "agencies/tax/datasets/archive";
    let register =
        async |spec: &Spec| portal.register_schema(archive, spec.schema.clone().into()).await;
    let refused = register(&named).await.unwrap_err();
    assert!(refused.message.contains("never pinned"), "{refused:?}");

    pin(&hub, &old).await.unwrap();
    let archive = Spec { name: "tax/old".to_owned(), ..named };
    hub.dataset(&archive).await;
    hub.publish("home", LIST, vec![upsert("new", r#"{"code":"50"}"#)]).await.unwrap();
    let mut more = rows();
    more.insert("50".to_owned(), json!({"code": "50"}));
    pin(&hub, &hash(&more)).await.unwrap();
    let hub = hub.kill().await;
    publish(&hub, "50", AFTER, 1).await.unwrap();
    let publish =
        async |province| hub.publish("tax", "tax/old", vec![parcel(province, AFTER, 2)]).await;
    assert!(publish("50").await.is_err());
    assert!(publish("33").await.is_ok());

    // The desk gets both states, and only these.
    let bundle = hub.client(PORTAL).export_schema_bundle().await.unwrap();
    let mut states: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for chunk in bundle.code_lists {
        states.entry(chunk.sha256).or_default().extend(chunk.rows);
    }
    let expected = [rows(), more].map(|rows| {
        let state = CodeList::of_rows(LIST, &rows).unwrap();
        (state.sha256().to_owned(), state.bytes().to_vec())
    });
    assert_eq!(states, BTreeMap::from(expected));
}
