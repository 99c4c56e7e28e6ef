//! The commands around a schema, as people meet them: what they print is compared with committed files.
//! `NDXP_BLESS=1` rewrites them.
#![cfg(feature = "schema")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod basics;
mod bundle;
mod drafts;
#[path = "../../src/golden.rs"]
mod golden;
mod lint;
mod trade;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema_tools/fixtures")
}

/// What a run of the binary left behind.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn run_in(dir: &Path, command: &str, stdin: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ndxp"))
        .arg("schema")
        .args(command.split(' '))
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read: that is no mishap of the test.
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(command: &str) -> Ran {
    run_in(&fixtures(), command, "")
}

/// Writes down commands and what they print.
fn transcript(commands: &[&str]) -> String {
    let mut text = String::new();
    for command in commands {
        let Ran { status, stdout, stderr } = run(command);
        text += &format!("$ ndxp schema {command}\n{stdout}");
        text += &stderr.lines().map(|line| format!("stderr: {line}\n")).collect::<String>();
        text += &format!("exit {status}\n\n");
    }
    text
}

/// Compares a transcript with the file of that name.
fn check(name: &str, commands: &[&str]) {
    golden::check(&format!("schema-tools/{name}.txt"), &transcript(commands));
}
