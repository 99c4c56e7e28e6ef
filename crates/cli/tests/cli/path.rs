//! The way of a record, by commands alone, against a hub over real mutual TLS.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::{delivery, hub::Hub};

pub(crate) fn nation() -> PathBuf {
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

pub(crate) fn lines(text: &str) -> Vec<Value> {
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
    good_lines_are_taken(&hub);
    delivery::steering(&hub);
}

const UNITS: &str = "home-affairs/administrative-units";

fn publish_and_receive(hub: &Hub) {
    let units = nation().join("records/administrative-units.ndjson");
    let units = units.to_str().unwrap();
    let publish = ["publish", UNITS, units, "--as", UNITS, "--json"];
    let done = json(&status(&hub.run(&publish), 0));
    assert_eq!((&done["accepted"], &done["duplicates"]), (&3355.into(), &0.into()), "{done}");
    let again = json(&status(&hub.run(&publish), 0));
    let is_resumed = (&again["records"], &again["resumed_behind_line"]);
    assert_eq!(is_resumed, (&0.into(), &3355.into()), "{again}");
    let whole = [&publish[..], &["--from-start"]].concat();
    let again = json(&status(&hub.run(&whole), 0));
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

    let said = status(&publish(hub, "\n{\"code\":\"1\",\"name\":\"Hà Nội\"}\n".as_bytes()), 1);
    assert!(said.contains("SCHEMA_VIOLATION") && said.contains("at line 2 (records[0]"), "{said}");
    assert!(said.contains("durable: nothing"), "{said}");
}

/// With `--per-record`; and a file that was changed is another file.
fn good_lines_are_taken(hub: &Hub) {
    let file = hub.data().join("units.ndjson");
    let line = |code: &str| {
        let rest = r#""name":"Thử nghiệm","kind":"ward","level":2,"parent_code":"01""#;
        format!("{{\"code\":\"{code}\",{rest}}}\n")
    };
    let publish = |lines: &[String], code: i32| {
        std::fs::write(&file, lines.concat()).unwrap();
        let args = ["publish", UNITS, file.to_str().unwrap(), "--as", UNITS, "--per-record"];
        let output = hub.run(&[&args[..], &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        (json(&String::from_utf8(output.stdout).unwrap()), words)
    };
    let bad = [line("99990"), line("9999"), line("99991")];
    let (done, words) = publish(&bad, 1);
    assert_eq!((&done["accepted"], &done["refused"]), (&2.into(), &1.into()), "{done}");
    assert_eq!(done["refused_lines"][0]["line"], 2, "{done}");
    assert!(words.contains("line 2: SCHEMA_VIOLATION\n  at /code: pattern: "), "{words}");
    let mended = [line("99990"), line("99992"), line("99991")];
    let (done, _) = publish(&mended, 0);
    assert_eq!((&done["accepted"], &done["duplicates"]), (&1.into(), &2.into()), "{done}");
    assert_eq!(done["resumed_behind_line"], 0, "{done}");
    let rest = hub.run(&["subscribe", "units", "--as", "evn/customers", "--until-idle"]);
    assert_eq!(lines(&status(&rest, 0)).len(), 3);
}

/// A live stream ends within moments, says why, and goes on where it was once the agreement holds
/// again.
fn suspension_cuts(hub: &Hub) {
    let of = |command: &str| {
        let officer = "home-affairs/officer/steward-1";
        json(&status(&hub.run(&["agreement", command, "agr-0005", "--as", officer, "--json"]), 0))
    };
    let mut live = hub
        .command(&["subscribe", "units", "--as", "evn/customers"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    publish_one(hub, "Phường Thử nghiệm 1");
    let mut line = String::new();
    BufReader::new(live.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(json(&line)["payload"]["name"], "Phường Thử nghiệm 1");

    assert_eq!(of("suspend")["resource"]["state"], "suspended");
    let said = status(&live.wait_with_output().unwrap(), 1);
    assert!(said.contains("refused: AGREEMENT_SUSPENDED"), "{said}");
    let again = hub.run(&["subscribe", "units", "--as", "evn/customers"]);
    assert!(status(&again, 1).contains("AGREEMENT_SUSPENDED"));

    publish_one(hub, "Phường Thử nghiệm 2");
    assert_eq!(of("resume")["resource"]["state"], "active");
    let rest = hub.run(&["subscribe", "units", "--as", "evn/customers", "--until-idle"]);
    let rest = lines(&status(&rest, 0));
    assert_eq!(rest.last().unwrap()["payload"]["name"], "Phường Thử nghiệm 2");
}

fn publish_one(hub: &Hub, name: &str) {
    let record = format!(
        "{{\"code\":\"00070\",\"name\":\"{name}\",\"kind\":\"ward\",\"level\":2,\"parent_code\":\"01\"}}\n"
    );
    let said = status(&publish(hub, record.as_bytes()), 0);
    assert!(said.starts_with("1 records durable: 1 new, 0 already there"), "{said}");
}

fn publish(hub: &Hub, input: &[u8]) -> Output {
    let mut child = hub
        .command(&["publish", UNITS, "-", "--as", UNITS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}
