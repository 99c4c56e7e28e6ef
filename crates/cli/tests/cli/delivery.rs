//! Moving, weighing and mending a subscription, by commands.

use ndxp_client::{Client, Identity, SubscriberOptions};
use serde_json::Value;

use crate::{
    hub::Hub,
    path::{json, lines, status},
};

const SYSTEM: &str = "evn/customers";
const STEWARD: &str = "evn/officer/steward-1";
const NAME: &str = "agencies/evn/subscriptions/units";

/// Everything of the subscription `evn/units` was received before.
pub(crate) fn steering(hub: &Hub) {
    seeking(hub);
    let ids = reject_three(hub);
    redriving(hub, &ids);
    changing(hub);
}

fn asked(hub: &Hub, caller: &str, args: &[&str]) -> Value {
    json(&status(&hub.run(&[args, &["--as", caller, "--json"]].concat()), 0))
}

fn seeking(hub: &Hub) {
    let stands = asked(hub, SYSTEM, &["subscription", "status", "units"]);
    assert_eq!((&stands["lag"], &stands["outstanding"]), (&0.into(), &0.into()), "{stands}");
    let seek = ["subscription", "seek", "units", "--to", "earliest"];
    let would = asked(hub, SYSTEM, &[&seek[..], &["--dry-run"]].concat());
    assert_eq!((&would["back"], &would["receipt"]), (&3360.into(), &Value::Null), "{would}");
    let stands = asked(hub, SYSTEM, &["subscription", "status", "units"]);
    assert_eq!(stands["lag"], 0, "a dry run moves nothing: {stands}");
    let said = status(&hub.run(&[&seek[..], &["--as", SYSTEM]].concat()), 0);
    let moved = "moved evn/units: back over 3360 records, which come again (audit main/";
    assert!(said.starts_with(moved), "{said}");
}

/// Rejects three records by the SDK, as a program would; returns their ids.
fn reject_three(hub: &Hub) -> Vec<String> {
    let home = hub.data().join("pki/agencies/evn/systems/customers");
    let address = std::fs::read_to_string(hub.data().join("pki/hub")).unwrap();
    let identity =
        Identity::load_with_ca(&home, &hub.data().join("pki/ca.pem"), address.trim()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&identity).await.unwrap();
        let mut subscriber = client.subscriber(NAME, SubscriberOptions::default());
        let mut rejected = Vec::new();
        while rejected.len() < 3 {
            let delivery = subscriber.next().await.unwrap().unwrap();
            for record in delivery.records.iter().take(3 - rejected.len()) {
                assert!(record.replayed, "{record:?}");
                subscriber.reject(record, "unknown form").await;
                rejected.push(record.record_id.clone());
            }
        }
        subscriber.close().await.unwrap();
        rejected
    })
}

fn redriving(hub: &Hub, rejected: &[String]) {
    let list = ["dead-letter", "list", "units"];
    let all = asked(hub, SYSTEM, &list);
    let letters = all.as_array().unwrap();
    let causes: Vec<_> =
        letters.iter().map(|letter| (&letter["cause"], &letter["reason"])).collect();
    assert_eq!(causes, [(&"REJECTED".into(), &"unknown form".into()); 3]);
    let exhausted = asked(hub, SYSTEM, &[&list[..], &["--cause", "exhausted"]].concat());
    assert_eq!(exhausted, Value::Array(Vec::new()));

    let first = letters[0]["id"].as_str().unwrap();
    let redrive = ["dead-letter", "redrive", "units", "--id", first];
    let refused = hub.run(&[&redrive[..], &["--as", SYSTEM]].concat());
    assert!(status(&refused, 1).contains("ROLE_REQUIRED"));
    let would = asked(hub, STEWARD, &[&redrive[..], &["--dry-run"]].concat());
    assert_eq!((&would["redriven"], &would["receipt"]), (&1.into(), &Value::Null), "{would}");
    assert_eq!(asked(hub, SYSTEM, &list).as_array().unwrap().len(), 3);
    assert_eq!(asked(hub, STEWARD, &redrive)["redriven"], 1);

    let rest = hub.run(&["subscribe", "units", "--as", SYSTEM, "--until-idle"]);
    let rest = lines(&status(&rest, 0));
    let came: Vec<_> = rejected
        .iter()
        .filter(|id| rest.iter().any(|record| record["record_id"] == id.as_str()))
        .collect();
    assert_eq!(
        (rest.len(), came.len()),
        (3358, 1),
        "all but the dead letters, and the redriven one"
    );

    let purged = hub.run(&["dead-letter", "purge", "units", "--as", STEWARD]);
    let words = String::from_utf8_lossy(&purged.stderr).into_owned();
    assert!(words.contains("removing 2 dead letters of evn/units"), "{words}");
    assert!(status(&purged, 0).starts_with("2 dead letters of evn/units removed"));
    assert_eq!(asked(hub, SYSTEM, &list), Value::Array(Vec::new()));
}

fn changing(hub: &Hub) {
    let update = ["subscription", "update", "units", "--as", SYSTEM];
    let nothing = status(&hub.run(&update), 2);
    assert!(nothing.contains("say what is to change"), "{nothing}");
    let changed = [&update[..], &["--max-attempts", "5", "--lease", "30s"]].concat();
    let said = status(&hub.run(&changed), 0);
    assert!(said.starts_with("changed subscription evn/units (audit main/"), "{said}");
    let wrong = [&update[..], &["--lease", "1d"]].concat();
    assert!(status(&hub.run(&wrong), 1).contains("INVALID_FIELD"));

    let deleted = hub.run(&["subscription", "delete", "units", "--as", SYSTEM]);
    let words = String::from_utf8_lossy(&deleted.stderr).into_owned();
    assert!(words.contains("its name is never given again"), "{words}");
    assert!(status(&deleted, 0).starts_with("deleted subscription evn/units"));
    let gone = hub.run(&["subscription", "status", "units", "--as", SYSTEM]);
    assert!(status(&gone, 1).contains("RESOURCE_NOT_FOUND"));
}
