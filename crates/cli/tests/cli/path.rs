//! The way of a record, by commands alone, against a hub over real mutual TLS.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::hub::Hub;

fn nation() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/nation")
}

/// Checks the exit status and returns what was printed.
pub(crate) fn status(output: &Output, code: i32) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout: {out}\nstderr: {err}");
    if code == 0 { out.into_owned() } else { err.into_owned() }
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

#[test]
fn records_go_from_one_agency_to_another_by_commands_alone() {
    let hub = Hub::start(&nation(), |_| true);
    let directory = nation();
    let directory = directory.to_str().unwrap();

    let applied = json(&status(&hub.run(&["apply", "-f", directory, "--json"]), 0));
    assert_eq!(applied["plan"]["systems"]["create"], 388, "{applied}");
    assert_eq!(applied["applied"], true);
    let again = json(&status(&hub.run(&["apply", "-f", directory, "--json"]), 0));
    assert_eq!(
        (&again["applied"], &again["plan"]["agreements"]["create"]),
        (&false.into(), &0.into())
    );

    let me = json(&status(&hub.run(&["whoami", "--as", "evn/customers", "--json"]), 0));
    assert_eq!(me["principal"], "agency/evn/system/customers");
    let agencies = status(&hub.run(&["agency", "list", "--as", "evn/customers", "--json"]), 0);
    assert_eq!(json(&agencies).as_array().map(Vec::len), Some(95));

    publish_and_receive(&hub);
    refusals(&hub);
    suspension_cuts(&hub);
}

const UNITS: &str = "home-affairs/administrative-units";

fn publish_and_receive(hub: &Hub) {
    let units = nation().join("records/administrative-units.ndjson");
    let units = units.to_str().unwrap();
    let publish = ["publish", UNITS, units, "--as", UNITS, "--json"];
    let done = json(&status(&hub.run(&publish), 0));
    assert_eq!((&done["accepted"], &done["duplicates"]), (&3355.into(), &0.into()), "{done}");
    let again = json(&status(&hub.run(&publish), 0));
    assert_eq!((&again["accepted"], &again["duplicates"]), (&0.into(), &3355.into()), "{again}");

    let subscribe = |name: &str, system: &str, more: &[&str]| {
        let purpose = ["--dataset", UNITS, "--purpose", "reference-data", "--as", system];
        let args = [&["subscribe", name][..], &purpose, more].concat();
        lines(&status(&hub.run(&args), 0))
    };
    let first = subscribe("evn/units", "evn/customers", &["--count", "10"]);
    assert_eq!(first.len(), 10);
    let rest = subscribe("units", "evn/customers", &["--until-idle"]);
    assert_eq!(rest.len(), 3345, "what was acknowledged does not come again");
    let fields: Vec<_> = rest[0]["payload"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["code", "name"]);
    assert_eq!(rest[0]["attempt"], 1);
}

fn refusals(hub: &Hub) {
    let people = ["subscribe", "evn/people", "--dataset", "police-administration/citizens"];
    let args = [&people[..], &["--purpose", "reference-data", "--as", "evn/customers"]].concat();
    let said = status(&hub.run(&args), 1);
    assert!(said.starts_with("refused: "), "{said}");

    let mut child = hub
        .command(&["publish", UNITS, "-", "--as", UNITS])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n{\"code\":\"1\",\"name\":\"H\xc3\xa0 N\xe1\xbb\x99i\"}\n").unwrap();
    drop(stdin);
    let said = status(&child.wait_with_output().unwrap(), 1);
    assert!(said.contains("SCHEMA_VIOLATION") && said.contains("at line 2 (records[0]"), "{said}");
    assert!(said.contains("durable: nothing"), "{said}");
}

fn suspension_cuts(hub: &Hub) {
    let of = |command: &str| {
        let officer = "home-affairs/officer/steward-1";
        hub.run(&["agreement", command, "agr-0005", "--as", officer, "--json"])
    };
    let suspended = json(&status(&of("suspend"), 0));
    assert_eq!(suspended["resource"]["state"], "suspended");
    let said = status(&hub.run(&["subscribe", "units", "--as", "evn/customers"]), 1);
    assert!(said.contains("AGREEMENT_SUSPENDED"), "{said}");
    status(&of("resume"), 0);
    let name = ["subscribe", "units", "--as", "evn/customers", "--until-idle"];
    assert_eq!(status(&hub.run(&name), 0), "");
}
