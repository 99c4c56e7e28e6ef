use ndxp_schema::{Profile, Schema};
use serde_json::Value;

use crate::{ending, ndxp};

const SCHEMA: &str = include_str!("../../../../docs/bench.schema.json");

/// Runs a load test on a new folder, checks the shape, and returns the figures.
fn bench(args: &[&str]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let output = ndxp()
        .args(["bench", args[0], "--json", "--dir"])
        .arg(dir.path())
        .args(&args[1..])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", ending(&output).1);
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Schema::parse(SCHEMA.as_bytes(), &Profile::default()).unwrap();
    assert!(schema.compile().unwrap().decide(&figures), "{figures}");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "the bench cleans up behind itself");
    figures.as_array().unwrap().clone()
}

fn names(figures: &[Value]) -> Vec<&str> {
    figures.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn publishing_figures_are_as_their_schema_says() {
    let figures = bench(&["publish", "--seconds", "1"]);
    let expected = [
        "publish_unary",
        "publish_32_callers",
        "publish_128_callers",
        "publish_batch_500",
        "publish_stream_500",
    ];
    assert_eq!(names(&figures), expected);
}

#[test]
fn receiving_figures_are_as_their_schema_says() {
    let figures = bench(&["subscribe", "--records", "2000", "--seconds", "1"]);
    assert_eq!(names(&figures), ["subscribe_drain", "subscribe_latency"]);
    assert!(figures[0]["ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn costs_of_a_hub_in_its_own_process_are_as_their_schema_says() {
    let figures = bench(&["fanout", "--records", "1000", "--equal", "3", "--different", "3"]);
    let expected = ["fanout_none", "fanout_1", "fanout_equal", "fanout_different"];
    assert_eq!(names(&figures), expected);
    let subscribers = figures.iter().map(|one| one["subscribers"].as_u64().unwrap());
    assert_eq!(subscribers.collect::<Vec<_>>(), [0, 1, 3, 3]);
    let figures = bench(&["idle", "--streams", "70"]);
    assert_eq!(names(&figures), ["idle_streams"]);
    assert_eq!(figures[0]["subscribers"], 70);
}

#[test]
fn figures_of_neighbours_are_as_their_schema_says() {
    let figures = bench(&["neighbours", "--seconds", "1"]);
    assert_eq!(names(&figures), ["neighbours_alone", "neighbours_beside"]);
    assert!(figures[1]["ratio"].as_f64().unwrap() > 0.0);
}
