use super::*;

const SCHEMA: &[u8] = br#"{"type":"object","required":["code"],"additionalProperties":false,
 "properties":{"code":{"type":"string"},"n":{"type":"integer"}}}"#;

fn report(data: &str, most: usize) -> Report {
    let profile = Profile::default();
    let validator = Schema::parse(SCHEMA, &profile).unwrap().compile().unwrap();
    validate(data.as_bytes(), &validator, &profile, most)
}

/// What a finding says about its place.
fn places(report: &Report) -> Vec<(usize, usize, usize, &str, &str)> {
    let place = |f: &'_ Finding| (f.record, f.line, f.column);
    let whole = report.errors.iter().map(|f| {
        let (record, line, column) = place(f);
        (record, line, column, f.instance_path.as_str(), f.keyword.as_str())
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
