//! The schema tool from outside: its contract, its output, its limits. No hub is needed.
#![cfg(feature = "schema")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod contract;
#[path = "../../src/golden.rs"]
mod golden;
mod hostile;
mod masking;
mod memory;
mod output;
mod suite;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use ndxp_brokers::skip;
use serde_json::Value;

fn ndxp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    command.args(["schema"]).env_remove("NO_COLOR");
    command
}

/// Runs `validate` with `schema` on `data`, both written to files of these names.
fn validate(schema: &str, name: &str, data: &[u8], args: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("schema.json"), schema).unwrap();
    fs::write(dir.path().join(name), data).unwrap();
    let mut command = ndxp();
    command.current_dir(dir.path()).args(["validate", "--schema", "schema.json", name]).args(args);
    command.output().unwrap()
}

/// Runs `validate` with data on stdin.
fn validate_stdin(schema: &Path, data: &[u8], args: &[&str]) -> Output {
    let mut command = ndxp();
    command.args(["validate", "--schema"]).arg(schema).arg("-").args(args);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(data).unwrap();
    child.wait_with_output().unwrap()
}

/// Checks the exit status and returns the JSON object.
fn json(output: &Output, code: i32) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn seed(dataset: &str) -> PathBuf {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/nation/datasets");
    seeds.join(dataset).join("schema.json")
}
