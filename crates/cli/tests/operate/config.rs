use std::fs;

use crate::{ending, golden, hub, ndxp, run, text};

#[test]
fn checked_in_configuration_is_fine() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/ndxp.toml");
    let output = run(&["config", "check", file]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "the configuration is fine\n");
}

/// A binary without Kafka says so rather than half understand it.
#[test]
fn checked_in_configuration_of_several_nodes_is_fine() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/several-nodes.toml");
    let output = run(&["config", "check", file]);
    let said = text(&output.stdout);
    if cfg!(feature = "kafka") {
        assert_eq!((output.status.code(), said), (Some(0), "the configuration is fine\n"));
    } else {
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("built without kafka"), "{said}");
    }
}

#[test]
fn mistake_is_a_finding_and_a_missing_file_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hub.toml");
    fs::write(&file, "[log]\nmin_fre = \"1GiB\"\n").unwrap();
    let output = ndxp().current_dir(&dir).args(["config", "check", "hub.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = "hub.toml:2:1: unknown key log.min_fre; the nearest known one is log.min_free\n";
    assert_eq!(text(&output.stdout), expected);
    let output = run(&["config", "check", "/nowhere/hub.toml"]);
    assert_eq!(ending(&output).0, 2, "{}", ending(&output).1);
}

#[test]
fn hub_does_not_start_on_a_mistake() {
    let output = ndxp().arg("serve").env("NDXP_LOG_MINFREE", "1").output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains("NDXP_LOG_MIN_FREE"), "{words}");
}

#[test]
fn what_holds_is_shown_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hub.toml"), "node = \"n7\"\n[telemetry]\nformat = \"json\"\n")
        .unwrap();
    let mut command = ndxp();
    command.current_dir(&dir).env("NDXP_LOG_MIN_FREE", "1GiB");
    let output = command.args(["config", "show", "hub.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    golden::check("config/show.txt", text(&output.stdout));
    let output = command.arg("--json").output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["node"]["value"], "n7");
    assert_eq!(shown["log.min_free"]["from"], "environment variable NDXP_LOG_MIN_FREE");
}

#[test]
fn hub_does_not_start_on_a_profile_that_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(ending(&hub::init(&data)).0, 0);
    let profile = dir.path().join("country.toml");
    fs::write(&profile, "name = \"lumen\"\nformast = []\n").unwrap();
    for (value, words) in [
        (profile.to_str().unwrap(), "unknown field `formast`"),
        ("/nowhere/country.toml", "no profile /nowhere/country.toml"),
    ] {
        let set = format!("schema.profile={value}");
        let output = hub::serve(&data).args(["--set", &set]).output().unwrap();
        let (status, said) = ending(&output);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("schema.profile") && said.contains(words), "{said}");
    }
}
