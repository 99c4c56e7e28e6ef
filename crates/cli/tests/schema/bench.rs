//! The shape of `ndxp bench schema --json`; the figures of a build for tests say nothing.

use ndxp_schema::{Profile, Schema};
use serde_json::Value;

const SHAPE: &str = include_str!("../../../../docs/bench.schema.json");

#[test]
fn figures_are_as_their_schema_says() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ndxp"));
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../seeds/nation");
    command.args([
        "bench",
        "schema",
        "--json",
        "--rounds",
        "1",
        "--megabytes",
        "1",
        "--seeds",
        seeds,
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Schema::parse(SHAPE.as_bytes(), &Profile::default()).unwrap();
    assert!(schema.compile().unwrap().decide(&figures), "{figures}");
    // Each figure for 15 schemas and over all of them.
    for name in ["schema_decide", "schema_file"] {
        let of = |figure: &&Value| figure["name"] == name;
        assert_eq!(figures.as_array().unwrap().iter().filter(of).count(), 16, "{name}");
    }
}
