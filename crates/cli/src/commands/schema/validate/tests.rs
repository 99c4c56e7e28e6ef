use super::{judge::Detail, *};
use crate::commands::schema::records::{Batch, Records};

const SCHEMA: &[u8] = br#"{"type":"object","required":["code"],"additionalProperties":false,
 "properties":{"code":{"type":"string"},"n":{"type":"integer"}}}"#;

/// Judges lines, as if they were a file cut into batches of `chunk` lines.
fn report_in(data: &str, most: usize, chunk: usize) -> Report {
    let profile = Profile::default();
    let schema = Schema::parse(SCHEMA, &profile).unwrap();
    let validator = schema.compile().unwrap();
    let judge = Judge {
        columns: schema.columns(),
        privacy: schema.privacy(),
        validator: &validator,
        limits: profile.record,
        show: Show::Names,
        excerpts: false,
        most,
        summary: false,
    };
    let names = ["data.ndjson".to_owned()];
    let mut total = Total::new(&names, most);
    let lines: Vec<&str> = data.split_inclusive('\n').collect();
    for lines in lines.chunks(chunk) {
        let bytes = lines.concat().into_bytes();
        let batch = Batch { file: 0, bytes: bytes.len(), records: Records::Lines(bytes) };
        let detail = if total.is_full() { Detail::Counts } else { Detail::Findings };
        total.add(judge.batch(&batch, detail));
    }
    let Total { records, valid, invalid, findings, truncated, .. } = total;
    Report { records, valid, invalid, errors: findings, truncated }
}

fn report(data: &str, most: usize) -> Report {
    let whole = report_in(data, most, usize::MAX);
    for chunk in 1..4 {
        assert_eq!(report_in(data, most, chunk), whole, "in batches of {chunk}");
    }
    whole
}

#[derive(Debug, PartialEq)]
struct Report {
    records: usize,
    valid: usize,
    invalid: usize,
    errors: Vec<Finding>,
    truncated: bool,
}

/// What a finding says about its place.
fn places(report: &Report) -> Vec<(usize, usize, usize, &str, &str)> {
    let whole = report.errors.iter().map(|f| {
        let path = f.instance_path.as_deref().unwrap();
        (f.record.unwrap(), f.line, f.column, path, f.keyword.as_str())
    });
    whole.collect()
}

#[test]
fn valid_records_are_counted_and_nothing_else() {
    let report = report("{\"code\":\"a\"}\n\n{\"code\":\"b\",\"n\":1}\n", 1_000);
    assert_eq!((report.records, report.valid, report.invalid), (2, 2, 0));
    assert!(report.errors.is_empty() && !report.truncated);
}

#[test]
fn findings_stand_where_the_contract_says() {
    let data = "{\"n\":1}\n{\"code\":\"ă\", \"n\":\"x\"}\n{\"code\":\"a\",\"z\":1}\n";
    let expected = [
        (1, 1, 1, "", "required"),
        (2, 2, 18, "/n", "type"),
        (3, 3, 13, "/z", "additionalProperties"),
    ];
    assert_eq!(places(&report(data, 1_000)), expected);
}

#[test]
fn unreadable_lines_are_invalid_records_and_reading_goes_on() {
    let data = "{\"code\":\n{\"code\":\"a\",\"code\":\"b\"}\n{\"code\":\"a\"}\n";
    let report = report(data, 1_000);
    assert_eq!((report.records, report.valid, report.invalid), (3, 1, 2));
    let keywords: Vec<_> = report.errors.iter().map(|f| f.keyword.as_str()).collect();
    assert_eq!(keywords, ["json", "duplicate-key"]);
}

#[test]
fn counts_stay_exact_beyond_the_most_findings() {
    let report = report(&"[]\n".repeat(5), 2);
    assert_eq!((report.invalid, report.errors.len(), report.truncated), (5, 2, true));
}
