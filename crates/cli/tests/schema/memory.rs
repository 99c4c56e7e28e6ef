//! A large file in little memory: what the process held at most, read before its input ends.

use std::{
    fs,
    io::Write,
    process::{Child, Stdio},
};

use crate::{ndxp, seed, skip};

/// The most resident memory so far, in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Feeds `chunk` until `bytes` have gone through, and returns the peak while the input is still open.
fn fed(chunk: &[u8], bytes: usize, args: &[&str]) -> Option<u64> {
    let mut command = ndxp();
    command.args(["validate", "--schema"]).arg(seed("home-affairs/administrative-units"));
    command.args(["-", "--json"]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..bytes / chunk.len() {
        stdin.write_all(chunk).unwrap();
    }
    let peak = peak(&child);
    drop(stdin);
    child.wait_with_output().unwrap();
    peak
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let good =
        r#"{"code":"00070","name":"Phường Hoàn Kiếm","kind":"ward","level":2,"parent_code":"01"}"#;
    let bad = r#"{"code":7,"name":"","kind":"x","level":0,"parent_code":"1","a":1}"#;
    let lines = |line: &str| format!("{line}\n").repeat((256 << 10) / line.len()).into_bytes();
    let blank = vec![b' '; 256 << 10];
    for (what, chunk) in
        [("valid", lines(good)), ("invalid", lines(bad)), ("a line without end", blank)]
    {
        let Some(peak) = fed(&chunk, 24 << 20, &["--jobs", "2"]) else {
            return skip("peak memory of validate", "no /proc");
        };
        assert!(peak <= 128 << 10, "{what}: {peak} KiB");
    }
}
