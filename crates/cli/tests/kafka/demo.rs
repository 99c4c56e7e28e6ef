//! The demonstration on a broker that it starts itself.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::has_brokers;

fn demo(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    command.args(["demo", "--engine", "kafka", "--once", "--clean", "--json", "--data"]).arg(data);
    command.stdin(Stdio::null());
    command
}

fn ending(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_demonstration_holds_on_a_broker_that_it_starts_and_ends() {
    if !has_brokers("the_demonstration_holds_on_a_broker_that_it_starts_and_ends") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // Brokers' files go below it, so that what is left of them is seen.
    let place = tempfile::tempdir().unwrap();
    let output = demo(&dir.path().join("hub")).env("TMPDIR", place.path()).output().unwrap();
    let (status, said) = ending(&output);
    assert_eq!(status, Some(0), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["mismatches"], serde_json::json!([]));
    assert_eq!(told["figures"]["records_in_the_log"], 6_710);
    assert_eq!(told["figures"]["interruptions_are_felt"], true);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "the broker's files are gone");
    assert!(!dir.path().join("hub").exists());
}

#[test]
fn a_demonstration_without_java_or_jars_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let output = demo(&dir.path().join("hub")).env("PATH", "").output().unwrap();
    let (status, said) = ending(&output);
    assert_eq!(status, Some(2));
    assert!(said.contains("there is no java on the path"), "{said}");
    if !has_brokers("a_demonstration_without_java_or_jars_says_what_is_missing (of jars)") {
        return;
    }
    let output = demo(&dir.path().join("hub")).env("NDXP_BROKERS_LIBS", dir.path()).output();
    let (status, said) = ending(&output.unwrap());
    assert_eq!(status, Some(2));
    assert!(said.contains("run tools/kafka/fetch.sh"), "{said}");
    assert!(!dir.path().join("hub").exists(), "nothing was begun");
}
