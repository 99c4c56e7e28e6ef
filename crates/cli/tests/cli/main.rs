//! What people read is compared with committed files. `NDXP_BLESS=1` rewrites them.
#![cfg(feature = "hub")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apply;
mod code_lists;
mod country;
mod delivery;
#[path = "../../src/golden.rs"]
mod golden;
mod hub;
mod online;
mod path;
mod pull;

use std::process::Command;

/// The binary, without the environment's own settings.
fn ndxp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    let variables =
        ["HUB", "IDENTITY", "AS", "DATA", "IDENTITIES"].map(|name| format!("NDXP_{name}"));
    for variable in variables.into_iter().chain(["TRACEPARENT".to_owned()]) {
        command.env_remove(variable);
    }
    command
}

fn run(args: &[&str]) -> std::process::Output {
    ndxp().args(args).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Compares the help of a command with its file.
fn check(command: &str) {
    let mut args: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
    args.push("--help");
    let output = run(&args);
    assert!(output.status.success(), "{command}");
    let name = if command.is_empty() { "ndxp".to_owned() } else { command.replace(' ', "-") };
    golden::check(&format!("help/{name}.txt"), &text(output.stdout));
}

#[test]
fn help_reads_as_committed() {
    let commands = [
        "whoami",
        "agency",
        "agency create",
        "system create",
        "officer create",
        "dataset create",
        "schema",
        "schema check",
        "schema validate",
        "schema register",
        "schema compatibility",
        "schema diff",
        "schema override",
        "schema pull",
        "agreement",
        "agreement approve",
        "subscription create",
        "subscription update",
        "subscription seek",
        "dead-letter",
        "dead-letter list",
        "dead-letter redrive",
        "publish",
        "subscribe",
        "apply",
    ];
    commands.into_iter().for_each(check);
}

#[test]
fn usage_errors_could_not_run() {
    for args in [&["no-such-command"][..], &["publish"], &["agency", "create", "Tax"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn a_caller_who_does_not_say_who_she_is_is_told_how() {
    let output = run(&["whoami"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(output.stderr),
        "error: say who you are: --identity DIR, or --as AGENCY/SYSTEM with --data DIR\n"
    );
}

#[test]
fn a_hub_that_is_not_there_could_not_be_asked() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        std::fs::write(dir.path().join(file), "").unwrap();
    }
    let identity = dir.path().to_str().unwrap();
    let output = run(&["whoami", "--identity", identity, "--hub", "https://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(output.stderr);
    assert!(said.starts_with("failed: ") && !said.contains("request:"), "{said}");
}
