//! The load test on brokers that it starts itself.

use std::process::{Command, Stdio};

use ndxp_schema::{Profile, Schema};
use serde_json::Value;

use crate::has_brokers;

const SCHEMA: &str = include_str!("../../../../docs/bench.schema.json");

fn bench(args: &[&str]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    command.args(["bench", args[0], "--engine", "kafka", "--json", "--dir"]).arg(dir.path());
    let output = command.args(&args[1..]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Schema::parse(SCHEMA.as_bytes(), &Profile::default()).unwrap();
    assert!(schema.compile().unwrap().decide(&figures), "{figures}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "it cleans up behind itself");
    figures.as_array().unwrap().clone()
}

fn number(figure: &Value, name: &str) -> f64 {
    figure[name].as_f64().unwrap_or_else(|| panic!("{name} is not in {figure}"))
}

#[test]
fn publishing_stands_beside_the_bare_producer_with_the_time_of_each_process() {
    if !has_brokers("publishing_stands_beside_the_bare_producer_with_the_time_of_each_process") {
        return;
    }
    let figures = bench(&["publish", "--seconds", "1"]);
    for figure in &figures {
        assert_eq!(figure["engine"], "kafka");
        for name in ["ratio", "baseline_rate", "hub_cpu_us", "client_cpu_us", "broker_cpu_us"] {
            assert!(number(figure, name) > 0.0, "{name} in {figure}");
        }
    }
    assert!(number(&figures[0], "p50_ratio") > 0.0);
}

#[test]
fn many_subscribers_read_the_brokers_once() {
    if !has_brokers("many_subscribers_read_the_brokers_once") {
        return;
    }
    let figures = bench(&["fanout", "--records", "4000", "--equal", "8", "--different", "0"]);
    let names: Vec<_> = figures.iter().map(|figure| figure["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fanout_none", "fanout_1", "fanout_equal"]);
    let [one, eight] = [&figures[1], &figures[2]].map(|of| number(of, "broker_bytes_out"));
    assert!(one > 0.0);
    // Batches differ from run to run, and so what their compression saves; eight readings would be
    // eight times as much.
    assert!(eight < one * 2.0, "one subscriber: {one} bytes a record; eight: {eight}");
}
