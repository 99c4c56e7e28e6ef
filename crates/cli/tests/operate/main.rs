//! Running a hub as an operator does: the binary, its files, its exit statuses.
#![cfg(feature = "hub")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod config;
mod deploy;
#[path = "../../src/golden.rs"]
mod golden;
mod hub;
mod pki;
mod serve;

use std::process::{Command, Output};

/// The binary, without the environment's own settings.
fn ndxp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("NDXP_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> Output {
    ndxp().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The exit status and the words.
fn ending(output: &Output) -> (i32, &str) {
    (output.status.code().unwrap(), text(&output.stderr))
}

#[test]
fn help_reads_as_committed() {
    let commands = [
        "init",
        "serve",
        "dev",
        "demo",
        "bench",
        "bench publish",
        "bench fanout",
        "pki",
        "pki node",
        "pki system",
        "config",
        "config check",
    ];
    for command in commands {
        let mut args: Vec<&str> = command.split(' ').collect();
        args.push("--help");
        let output = run(&args);
        assert!(output.status.success(), "{command}");
        golden::check(&format!("help/{}.txt", command.replace(' ', "-")), text(&output.stdout));
    }
}

#[cfg(not(feature = "kafka"))]
#[test]
fn a_program_without_kafka_says_how_to_get_one() {
    let output = run(&["demo", "--engine", "kafka", "--once"]);
    let (status, said) = ending(&output);
    assert_eq!(status, 2);
    assert!(
        said.contains("this ndxp was built without kafka: make build FEATURES=kafka"),
        "{said}"
    );
}
