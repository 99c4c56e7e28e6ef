use ndxp_schema::{Profile, Schema};

use crate::{ending, ndxp};

const SCHEMA: &str = include_str!("../../../../docs/bench.schema.json");

#[test]
fn figures_are_as_their_schema_says() {
    let dir = tempfile::tempdir().unwrap();
    let output = ndxp()
        .args(["bench", "publish", "--json", "--seconds", "1", "--dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", ending(&output).1);
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Schema::parse(SCHEMA.as_bytes(), &Profile::default()).unwrap();
    assert!(schema.compile().unwrap().decide(&figures), "{figures}");
    let names: Vec<_> = figures.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["publish_unary", "publish_32_callers", "publish_batch_500"]);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "the bench cleans up behind itself");
}
