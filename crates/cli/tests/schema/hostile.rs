//! Files and schemas made to break the tool: an answer or a refusal, soon and in little memory.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use crate::validate;

/// Far above what a release build needs (docs/performance.md), far below a hang.
const SOON: Duration = Duration::from_secs(20);

/// Runs and returns the exit status, with the keyword of the first finding.
fn check(schema: &str, name: &str, data: &[u8], expected: (i32, &str)) {
    let begin = Instant::now();
    let output = validate(schema, name, data, &["--json"]);
    assert!(begin.elapsed() < SOON, "{name}: {:?}", begin.elapsed());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let keyword = found["errors"][0]["keyword"].as_str().unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), keyword), (Some(expected.0), expected.1), "{name}: {said}");
}

#[test]
fn records_made_to_break_the_reader_are_refused() {
    let twice = br#"{"a":1,"\u0061":2}"#;
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let many = format!("[{}1]", "1,".repeat(600_000));
    for (data, keyword) in [
        ("[".repeat(500_000).as_bytes(), "limit"),
        (format!("{}{}", "[".repeat(65), "]".repeat(65)).as_bytes(), "limit"),
        (&twice[..], "duplicate-key"),
        (br#""\ud800""#, "json"),
        (b"\"\xff\xfe\"", "json"),
        (b"9007199254740993", "limit"),
        (b"9007199254740993.0", "limit"),
        (b"1e999999999", "limit"),
        (b"-9007199254740993e0", "limit"),
        (b"NaN", "json"),
        (b"\0", "json"),
        (large.as_bytes(), "limit"),
        (many.as_bytes(), "limit"),
    ] {
        check("{}", "d.ndjson", data, (1, keyword));
        check("{}", "d.json", data, (1, keyword));
    }
}

#[test]
fn schemas_made_to_break_the_validator_are_answered() {
    let explosive = r##"{"anyOf":[{"type":"null"},{"items":{"$ref":"#"},"type":"array"},{"items":{"$ref":"#"},"type":"array","maxItems":9}]}"##;
    let nested = format!("{}1{}", "[".repeat(62), "]".repeat(62));
    check(explosive, "d.ndjson", nested.as_bytes(), (1, "anyOf"));
    let text = format!("\"{}c\"", "ab".repeat(100_000));
    check(r#"{"pattern":"^(a|b|ab)*$"}"#, "d.ndjson", text.as_bytes(), (1, "pattern"));
    check(
        r#"{"pattern":"^(([a-z])+.)+[A-Z]([a-z])+$"}"#,
        "d.ndjson",
        text.as_bytes(),
        (1, "pattern"),
    );
    for refused in [
        r##"{"$ref":"#"}"##.to_owned(),
        r#"{"$ref":"https://example.vn/schema.json"}"#.to_owned(),
        r#"{"$ref":"file:///etc/passwd"}"#.to_owned(),
        r#"{"pattern":"(?=a)"}"#.to_owned(),
        r#"{"pattern":"(\\p{L}{1,100}){1,100}"}"#.to_owned(),
        format!("{}{{}}{}", "{\"not\":".repeat(40), "}".repeat(40)),
        format!("{{\"title\":\"{}\"}}", "x".repeat(256 << 10)),
    ] {
        check(&refused, "d.ndjson", b"1", (2, ""));
    }
}

#[test]
fn limits_can_be_lifted_but_not_the_ground_under_them() {
    for schema in [
        r##"{"$ref":"#"}"##,
        r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
    ] {
        let output = validate(schema, "d.ndjson", b"1", &["--limits", "none"]);
        assert!(output.status.code().is_some(), "{schema}: killed");
    }
    let deep = format!("{}{{}}{}", "{\"not\":".repeat(120), "}".repeat(120));
    let output = validate(&deep, "d.ndjson", b"1", &["--limits", "none"]);
    assert!(output.status.code().is_some(), "killed");
}

fn bomb(chunk: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        encoder.write_all(chunk).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn bombs_of_gzip_are_refused() {
    let zeros = bomb(&vec![b'0'; 1 << 20], 80);
    check("{}", "d.ndjson.gz", &zeros, (2, ""));
    check("{}", "d.json.gz", &zeros, (1, "limit"));
    check("{}", "d.csv.gz", &zeros, (2, ""));
    check("{}", "d.yaml.gz", &zeros, (2, ""));
    check("{}", "d.ndjson.gz", &zeros[..zeros.len() / 2], (2, ""));
}

#[test]
fn bombs_of_yaml_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        text.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")));
    }
    check("{}", "d.yaml", text.as_bytes(), (1, "limit"));
    check("{}", "d.yaml", b"a: &a [*a]\n", (1, "yaml"));
    check("{}", "d.yaml", "[".repeat(100_000).as_bytes(), (1, "limit"));
    check("{}", "d.yaml", "- ".repeat(50_000).as_bytes(), (1, "limit"));
    check("{}", "d.yaml", format!("a: \"{}\"", "x".repeat(2 << 20)).as_bytes(), (1, "limit"));
}
