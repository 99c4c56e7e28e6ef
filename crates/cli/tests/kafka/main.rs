//! A hub whose log is on a real broker, by commands alone.
#![cfg(feature = "kafka")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod cluster;
mod demo;
mod hub;
mod ready;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Output, Stdio},
};

use ndxp_brokers::{Cluster, Installation, Options, skip};
use serde_json::Value;

use hub::Hub;

const UNITS: &str = "home-affairs/administrative-units";

/// Whether brokers can be started here; says aloud that a test is skipped where not.
fn has_brokers(test: &str) -> bool {
    let found = Installation::find();
    if let Err(missing) = &found {
        skip(&format!("kafka: {test}"), &missing.to_string());
    }
    found.is_ok()
}

fn broker(test: &str) -> Option<Cluster> {
    match Installation::find() {
        Ok(installation) => Some(Cluster::start(&installation, &Options::default()).unwrap()),
        Err(missing) => {
            skip(&format!("kafka: {test}"), &missing.to_string());
            None
        }
    }
}

#[test]
fn records_go_through_a_broker_and_its_restart_needs_none_of_the_hub() {
    let name = "records_go_through_a_broker_and_its_restart_needs_none_of_the_hub";
    let Some(mut cluster) = broker(name) else { return };
    let hub = Hub::start(&cluster.bootstrap());
    accepted(&hub.publish("Phường Một"));
    let mut live = hub.subscribe();
    until(&mut live, "Phường Một");

    headers_are_cloudevents(&cluster);

    cluster.broker(0).kill();
    let publishing = hub.publishing("Phường Hai");
    cluster.broker(0).restart().unwrap();
    publishing.wait_with_output().unwrap();
    // The same hub and the same stream, as soon as the brokers are back. Whether the first call was
    // written its caller may not know, so it is made again: same record, same id.
    while !hub.publish("Phường Hai").status.success() {}
    until(&mut live, "Phường Hai");
    live.kill().unwrap();
    live.wait().unwrap();

    // What was acknowledged is there for a hub that begins anew.
    let hub = hub.restart();
    accepted(&hub.publish("Phường Ba"));
    let mut again = hub.subscribe();
    until(&mut again, "Phường Ba");
    again.kill().unwrap();
    again.wait().unwrap();
}

/// Looks at the topic with a tool that knows nothing of hubs.
fn headers_are_cloudevents(cluster: &Cluster) {
    let lines = cluster.tool().consume("ndxp.data.home-affairs.administrative-units", 1).unwrap();
    let line: Vec<_> = lines[0].split('\t').collect();
    let headers: Vec<_> = line[3].split(',').collect();
    for header in [
        "ce_specversion:1.0",
        "content-type:application/json",
        "ce_source:/agency/home-affairs/system/administrative-units",
        "ce_type:ndxp.home-affairs.administrative-units.UPSERT",
        "ce_ndxpposition:0",
    ] {
        assert!(headers.contains(&header), "{header} is not in {headers:?}");
    }
    let names = ["ce_id:", "ce_time:", "ce_dataschema:", "ce_partitionkey:", "ce_ndxpentry:main:"];
    for name in names {
        assert!(headers.iter().any(|header| header.starts_with(name)), "{name} in {headers:?}");
    }
    let value: Value = serde_json::from_str(line[5]).unwrap();
    assert_eq!(value["name"], "Phường Một");
}

fn accepted(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("1 records durable: 1 new"), "{output:?}");
}

/// Waits for the record with a name. One whose acknowledgement was lost may come again before it.
fn until(live: &mut Child, name: &str) {
    while next(live) != name {}
}

fn next(live: &mut Child) -> String {
    let mut line = String::new();
    let mut read = BufReader::with_capacity(1, live.stdout.as_mut().unwrap());
    read.read_line(&mut line).unwrap();
    let record: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    record["payload"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_hub_without_its_brokers_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = hub::ndxp(dir.path(), "127.0.0.1:1");
    command.args(["init", "--trust-domain", "hub.example", "--authority", "hub", "--officer", "a"]);
    command.args(["--authority-name-vi", "Trung tâm", "--authority-name-en", "Hub"]);
    command.args(["--officer", "b", "--config"]).arg(dir.path().join("hub.toml"));
    let output = command.arg("--data").arg(dir.path()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no broker of 127.0.0.1:1 answered within 30s"), "{said}");
}
