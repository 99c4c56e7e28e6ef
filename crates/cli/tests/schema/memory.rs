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

/// Feeds one line and more behind it, one job, and returns the peak: the line was judged before those were read.
fn peak_of(line: &[u8], schema: &str) -> Option<u64> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("schema.json"), schema).unwrap();
    let mut command = ndxp();
    command.current_dir(dir.path()).args(["validate", "--schema", "schema.json", "-", "--json"]);
    command.args(["--jobs", "1"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(line).unwrap();
    stdin.write_all(&b"\n1".repeat(2 << 20)).unwrap();
    let peak = peak(&child);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code().is_some(), "killed");
    peak
}

/// The densest record that the limits allow, filled up to 1 MiB: 39,999 objects, 39,999 arrays, and numbers.
fn densest() -> Vec<u8> {
    let mut text = format!("[{}{}", "{\"\":0},".repeat(39_999), "[0],".repeat(39_999));
    text.push_str(&"1,".repeat(((1 << 20) - text.len() - 2) / 2));
    text.push_str("1]");
    text.into_bytes()
}

#[test]
fn no_record_takes_more_than_64_mebibytes() {
    let Some(least) = peak_of(b"1", "{}") else {
        return skip("peak memory of one record", "no /proc");
    };
    // The whole program brings another allocator, which gives less back.
    let most = if cfg!(feature = "hub") { 60 << 10 } else { 50 << 10 };
    let check = |record: &[u8], schema: &str| {
        // Without the program itself, which is larger here than in a release build; there it takes 12 MiB.
        let taken = peak_of(record, schema).unwrap_or(u64::MAX).saturating_sub(least);
        let shown = String::from_utf8_lossy(record.get(..20).unwrap_or(record));
        assert!(taken <= most, "{taken} KiB, {shown} {}", schema.get(..40).unwrap_or(schema));
    };
    for (one, times) in [("{\"\":0}", 149_000), ("[0]", 260_000), ("\"a\"", 260_000)] {
        check(format!("[{}]", vec![one; times].join(",")).as_bytes(), "{}");
    }
    let members: Vec<String> = (0..1_000).map(|n| format!("{{\"a\":{n}}}")).collect();
    let record = densest();
    for schema in [
        "{}".to_owned(),
        r#"{"items":{"type":"string"}}"#.to_owned(),
        r#"{"items":{"anyOf":[{"type":"string"},{"minItems":2}]}}"#.to_owned(),
        r#"{"uniqueItems":true}"#.to_owned(),
        format!(r#"{{"items":{{"enum":[{}]}}}}"#, members.join(",")),
    ] {
        check(&record, &schema);
    }
}
