//! The stored form: a file for each kind of record, of every version that was ever written. A file
//! of a released version is never changed: the nation's log is full of its like.

mod script;

use std::collections::BTreeSet;

use ndxp_registry::{Applied, RecordError, RegistryRecord, State};
use serde_json::Value;

use self::script::script;

/// Names with stored bytes, in the order of their log.
macro_rules! files {
    ($version:literal: $($name:literal)*) => {
        [$((
            concat!($version, "/", $name),
            include_bytes!(concat!("../golden/", $version, "/", $name, ".json")).as_slice(),
        )),*]
    };
}

const V1: [(&str, &[u8]); 27] = files! { "v1":
    "01-genesis" "02-create-agency" "03-create-agency" "04-create-system" "05-create-system"
    "06-create-officer" "07-create-officer" "08-create-officer" "09-create-dataset"
    "10-register-schema" "11-activate-dataset" "12-propose-agreement" "13-approve-agreement"
    "14-approve-agreement" "15-create-subscription" "16-update-subscription" "17-delete-subscription"
    "18-suspend-agreement" "19-resume-agreement" "20-terminate-agreement" "21-suspend-agency"
    "22-resume-agency" "23-raise-format" "24-set-compatibility" "25-override-comparison"
    "26-register-schema" "27-pin-code-list"
};

fn read(name: &str, bytes: &[u8]) -> RegistryRecord {
    RegistryRecord::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

#[test]
fn every_stored_version_is_read_applied_and_written_back_to_the_byte() {
    let mut state = State::default();
    for (name, bytes) in V1 {
        let record = read(name, bytes);
        assert_eq!(record.encode(), bytes, "{name}");
        assert_eq!(state.apply(&record), Ok(Applied::Accepted), "{name}");
    }
    let mut live = State::default();
    for record in script() {
        live.apply(&record).unwrap();
    }
    assert_eq!(state.to_bytes(), live.to_bytes());
}

#[test]
fn this_version_writes_format_1_to_the_byte() {
    let written = script();
    assert_eq!(written.len(), V1.len());
    for ((name, bytes), record) in V1.into_iter().zip(written) {
        assert!(name.ends_with(&record.command), "{name} is a {}", record.command);
        let (was, is) = (String::from_utf8_lossy(bytes), record.encode());
        assert_eq!(String::from_utf8_lossy(&is), was, "{name}");
    }
}

#[test]
fn every_kind_of_event_has_a_golden_file() {
    let events = V1.into_iter().flat_map(|(name, bytes)| read(name, bytes).events);
    let stored: BTreeSet<String> =
        events.map(|event| word(&serde_json::to_value(event).unwrap()["type"])).collect();
    // What the reader knows, in its own words: "unknown variant `x`, expected one of `genesis`, …".
    let error = with_kind(V1[0].1, "agency-dissolved").to_string();
    let known = error.split('`').skip(3).step_by(2).map(str::to_owned);
    assert_eq!(known.collect::<BTreeSet<String>>(), stored);
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn with_kind(bytes: &[u8], kind: &str) -> serde_json::Error {
    let mut record: Value = serde_json::from_slice(bytes).unwrap();
    record["events"][0]["type"] = kind.into();
    unreadable(&record)
}

/// Why a record that was tampered with cannot be read.
#[track_caller]
fn unreadable(record: &Value) -> serde_json::Error {
    match RegistryRecord::decode(&serde_json::to_vec(record).unwrap()) {
        Err(RecordError::Unreadable(error)) => error,
        other => panic!("{record}: {other:?}"),
    }
}

#[test]
fn an_unknown_kind_of_event_stops_the_reader() {
    for (_, bytes) in V1 {
        let error = with_kind(bytes, "agency-dissolved").to_string();
        assert!(error.starts_with("unknown variant `agency-dissolved`"), "{error}");
    }
}

/// Every object inside a record, by its pointer.
fn objects(at: &Value, pointer: String, found: &mut Vec<String>) {
    match at {
        Value::Object(members) => {
            for (name, inner) in members {
                objects(inner, format!("{pointer}/{name}"), found);
            }
            found.push(pointer);
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                objects(inner, format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn an_unknown_member_stops_the_reader_wherever_it_is() {
    for (_, bytes) in V1 {
        let record: Value = serde_json::from_slice(bytes).unwrap();
        let mut places = Vec::new();
        objects(&record, String::new(), &mut places);
        for place in places {
            let mut changed = record.clone();
            changed.pointer_mut(&place).unwrap()["unheard-of"] = 1.into();
            let error = unreadable(&changed).to_string();
            assert!(error.starts_with("unknown field `unheard-of`"), "{place}: {error}");
        }
    }
}

#[test]
fn a_missing_or_repeated_member_stops_the_reader() {
    for (name, bytes) in V1 {
        let text = std::str::from_utf8(bytes).unwrap();
        let twice = text.replacen('{', "{\"base\":0,", 1);
        let error = RegistryRecord::decode(twice.as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Unreadable(_)), "{name}: base twice");
        let record: Value = serde_json::from_slice(bytes).unwrap();
        for member in ["v", "base", "t", "request_id", "body", "command", "events"] {
            let mut changed = record.clone();
            changed.as_object_mut().unwrap().remove(member);
            unreadable(&changed);
        }
    }
}

#[test]
fn a_newer_format_is_named_before_anything_else_of_it_is_read() {
    for found in [2, 3, u32::MAX] {
        let stored = format!(r#"{{"v":{found},"shape":"nobody knows yet"}}"#);
        match RegistryRecord::decode(stored.as_bytes()) {
            Err(RecordError::Newer { found: named }) => assert_eq!(named, found),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_format_that_never_was_stops_the_reader() {
    let mut record: Value = serde_json::from_slice(V1[0].1).unwrap();
    for v in [Value::from(0), Value::from(-1), Value::from("1"), Value::Null] {
        record["v"] = v;
        unreadable(&record);
    }
}

#[test]
fn a_damaged_record_stops_the_reader_and_never_panics_it() {
    for (name, bytes) in V1 {
        for end in 0..bytes.len() {
            assert!(RegistryRecord::decode(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        let trailing = [bytes, b"x"].concat();
        assert!(RegistryRecord::decode(&trailing).is_err(), "{name} with a tail");
    }
}
