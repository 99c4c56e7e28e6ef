//! The fixed contract: counts, places, exit statuses, and the same output whatever the number of workers.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{json, ndxp, seed, validate, validate_stdin};

const SCHEMA: &str = r#"{"type":"object","required":["code"],"additionalProperties":false,
 "properties":{"code":{"type":"string"},"n":{"type":"integer"},"ok":{"type":"boolean"},"at":{"type":["string","null"]},
 "list":{"type":"array","maxItems":1}}}"#;

fn places(report: &Value) -> Vec<String> {
    let place = |e: &Value| {
        format!(
            "{} {}:{} {} {}",
            e["record"],
            e["line"],
            e["column"],
            e["instance_path"].as_str().unwrap(),
            e["keyword"].as_str().unwrap()
        )
    };
    report["errors"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn the_object_has_what_the_contract_says() {
    let data = "{\"code\":\"a\"}\n\n{\"n\":1}\r\n{\"code\":\"ă\", \"n\":\"x\"}\n{\"code\":\"a\",\"z\":1}\n{\n";
    let output = validate(SCHEMA, "d.ndjson", data.as_bytes(), &["--format", "json"]);
    let report = json(&output, 1);
    assert_eq!(
        (&report["records"], &report["valid"], &report["invalid"]),
        (&json!(5), &json!(1), &json!(4))
    );
    assert_eq!(
        places(&report),
        ["2 3:1  required", "3 4:18 /n type", "4 5:13 /z additionalProperties", "5 6:2  json"]
    );
    assert_eq!(report["errors"][1]["schema_path"], "/properties/n/type");
    assert!(report.get("truncated").is_none());
    let again = validate(SCHEMA, "d.ndjson", data.as_bytes(), &["--json"]);
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn the_exit_status_says_valid_invalid_or_could_not_run() {
    json(&validate(SCHEMA, "d.ndjson", b"{\"code\":\"a\"}", &["--json"]), 0);
    json(&validate(SCHEMA, "d.ndjson", b"", &["--json"]), 0);
    json(&validate(SCHEMA, "d.ndjson", b"[]", &["--json"]), 1);
    for (schema, args) in
        [("{", &[][..]), (SCHEMA, &["no-such-file.ndjson"]), (SCHEMA, &["--jobs", "0"])]
    {
        let output = validate(schema, "d.ndjson", b"[]", args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn the_output_is_the_same_whatever_the_number_of_jobs() {
    let mut data = String::new();
    for n in 0..60_000 {
        data.push_str(match n % 11 {
            0 => "{\"code\":1,\"n\":\"x\"}\n",
            5 => "\n",
            7 => "{\"code\":\"a\",\"n\":1.5}\r\n",
            _ => "{\"code\":\"a\",\"n\":7,\"list\":[1]}\n",
        });
    }
    for format in ["json", "human"] {
        for most in ["1000", "7", "100000"] {
            let run = |jobs| {
                let args = ["--format", format, "--max-errors", most, "--jobs", jobs];
                validate(SCHEMA, "d.ndjson", data.as_bytes(), &args).stdout
            };
            let one = run("1");
            assert!(one == run("2") && one == run("7"), "{format}, {most} findings");
        }
    }
}

#[test]
fn counts_are_exact_beyond_the_most_findings() {
    let data = "[]\n".repeat(5_000);
    let report =
        json(&validate(SCHEMA, "d.ndjson", data.as_bytes(), &["--json", "--max-errors", "3"]), 1);
    assert_eq!((&report["invalid"], &report["truncated"]), (&json!(5000), &json!(true)));
    assert_eq!(report["errors"].as_array().unwrap().len(), 3);
    let report = json(&validate(SCHEMA, "d.ndjson", data.as_bytes(), &["--json"]), 1);
    assert_eq!(report["errors"].as_array().unwrap().len(), 1000);
}

#[test]
fn compressed_files_and_stdin_are_read_alike() {
    let data = b"{\"code\":\"a\"}\n{\"code\":1}\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    let folded = encoder.finish().unwrap();
    let plain = json(&validate(SCHEMA, "d.ndjson", data, &["--json"]), 1);
    let packed = json(&validate(SCHEMA, "d.ndjson.gz", &folded, &["--json"]), 1);
    assert_eq!(places(&plain), places(&packed));
    let dir = tempfile::tempdir().unwrap();
    let schema = dir.path().join("s.json");
    std::fs::write(&schema, SCHEMA).unwrap();
    let piped = json(&validate_stdin(&schema, data, &["--json"]), 1);
    assert_eq!((places(&plain), &piped["errors"][0]["file"]), (places(&piped), &json!("-")));
}

#[test]
fn a_table_has_its_types_from_the_schema() {
    let data =
        "code,n,ok,at,list\n007,12,true,,[1]\n\"\",1.5,yes,x,\"[1,2]\"\n8,9,false,\"a\nb\",\n9\n";
    let report = json(&validate(SCHEMA, "d.csv", data.as_bytes(), &["--json"]), 1);
    assert_eq!((&report["records"], &report["valid"]), (&json!(4), &json!(2)));
    assert_eq!(
        places(&report),
        ["2 3:4 /n type", "2 3:8 /ok type", "2 3:14 /list maxItems", "4 6:1  csv"]
    );
}

#[test]
fn documents_of_yaml_have_their_places() {
    let data = "code: a\nn: 1\n---\ncode: 7\nn: x\nz: 1\n--- {\"code\": b}\n";
    let report = json(&validate(SCHEMA, "d.yaml", data.as_bytes(), &["--json"]), 1);
    assert_eq!((&report["records"], &report["valid"]), (&json!(3), &json!(2)));
    assert_eq!(
        places(&report),
        ["2 4:7 /code type", "2 5:4 /n type", "2 6:1 /z additionalProperties"]
    );
}

#[test]
fn a_document_over_many_lines_has_places_of_its_own() {
    let data = "{\n \"code\": \"a\",\n \"n\": [\n ]\n}\n";
    let report = json(&validate(SCHEMA, "d.json", data.as_bytes(), &["--json"]), 1);
    assert_eq!(places(&report), ["1 3:7 /n type"]);
    let report =
        json(&validate(SCHEMA, "d.txt", data.as_bytes(), &["--json", "--input", "json"]), 1);
    assert_eq!(places(&report), ["1 3:7 /n type"]);
}

#[test]
fn several_files_are_counted_together_and_placed_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("s.json"), SCHEMA).unwrap();
    std::fs::write(path("a.ndjson"), "{\"code\":\"a\"}\n[]\n").unwrap();
    std::fs::write(path("b.ndjson"), "{\"code\":\"a\"}\n{\"code\":1}").unwrap();
    let mut command = ndxp();
    command.current_dir(dir.path());
    let args = [
        "validate",
        "--schema",
        "s.json",
        "a.ndjson",
        "b.ndjson",
        "--summary",
        "--json",
        "-j",
        "3",
    ];
    let report = json(&command.args(args).output().unwrap(), 1);
    assert_eq!(places(&report), ["2 2:1  type", "2 2:9 /code type"]);
    assert_eq!(report["errors"][1]["file"], "b.ndjson");
    assert_eq!(report["summary"][0]["count"], 1);
    assert_eq!((&report["records"], &report["valid"]), (&json!(4), &json!(2)));
}

#[test]
fn verdicts_say_what_gave_them() {
    let data = br#"{"code":"00070","name":"x","kind":"ward","level":2,"parent_code":"01"}"#;
    let report =
        json(&validate_stdin(&seed("home-affairs/administrative-units"), data, &["--json"]), 0);
    for (part, begins) in [("engine_version", "ndxp-schema "), ("profile_sha256", "sha256:")] {
        assert!(report["identity"][part].as_str().unwrap().starts_with(begins), "{report}");
    }
    assert!(report["schema"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn check_shows_the_place_in_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("s.json"),
        "{\n  \"type\": \"strin\",\n  \"pattern\": \"(?=a)\"\n}\n",
    )
    .unwrap();
    let mut command = ndxp();
    let output = command.current_dir(dir.path()).args(["check", "s.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("s.json:2:11: /type: "), "{said}");
    assert!(said.contains("  3 |   \"pattern\": \"(?=a)\"\n    |              ^\n"), "{said}");
}
