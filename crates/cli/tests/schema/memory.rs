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

/// Feeds `chunk` until 6 MiB and then until 30 MiB have gone through; returns both peaks, the input still open.
fn fed(chunk: &[u8], args: &[&str]) -> Option<(u64, u64)> {
    let mut command = ndxp();
    command.args(["validate", "--schema"]).arg(seed("home-affairs/administrative-units"));
    command.args(["-", "--json"]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut peaks = [6, 24].map(|mebibytes| {
        for _ in 0..(mebibytes << 20) / chunk.len() {
            stdin.write_all(chunk).unwrap();
        }
        peak(&child)
    });
    drop(stdin);
    child.wait_with_output().unwrap();
    Some((peaks[0].take()?, peaks[1].take()?))
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
        let Some((early, late)) = fed(&chunk, &["--jobs", "2"]) else {
            return skip("peak memory of validate", "no /proc");
        };
        assert!(late <= 128 << 10, "{what}: {late} KiB");
        // Batches in work vary; what is kept of 24 MiB would not fit in here.
        assert!(late <= early + (12 << 10), "{what}: {early} KiB, then {late} KiB");
    }
}
