use super::*;

fn findings() -> Vec<Finding> {
    let record = |record, line, column, path: &str, keyword: &str, message: &str| Finding {
        file: "xã, phường.ndjson".to_owned(),
        record: Some(record),
        line,
        column,
        instance_path: Some(path.to_owned()),
        schema_path: Some("/properties/code/pattern".to_owned()),
        keyword: keyword.to_owned(),
        message: message.to_owned(),
        ..Finding::default()
    };
    let excerpt = Excerpt { text: "{\"code\": \"…\"}\u{1b}[2J".to_owned(), start: 9, width: 3 };
    vec![
        Finding {
            excerpt: Some(excerpt),
            hint: Some("write <5 digits>".to_owned()),
            ..record(1, 1, 10, "/code", "pattern", "expected a text that matches \"^[0-9]{5}$\"")
        },
        record(1, 1, 1, "", "required", "missing property 100%\n::error::injected"),
        record(7, 9, 2, "/a&b", "additionalProperties", "unexpected property"),
        Finding {
            file: "s.json".to_owned(),
            line: 3,
            column: 4,
            pointer: Some("/title".to_owned()),
            keyword: "NDX000".to_owned(),
            message: "a title".to_owned(),
            ..Finding::default()
        },
    ]
}

fn render(format: OutputFormat) -> String {
    let files = ["xã, phường.ndjson", "s.json", "clean.ndjson"].map(str::to_owned);
    Report { command: "validate", files: &files, findings: &findings() }
        .render(format, human::Style::Plain)
}

#[test]
fn people_see_the_place_and_no_control_character() {
    let text = render(OutputFormat::Human);
    assert!(text.starts_with(
        "xã, phường.ndjson:1:10: /code: pattern: expected a text that matches \"^[0-9]{5}$\"\n  \
         1 | {\"code\": \"…\"}\u{fffd}[2J\n    |          ^^^\n  next: write <5 digits>\n"
    ), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn a_finding_cannot_begin_another_workflow_command() {
    let text = render(OutputFormat::Github);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.lines().all(|line| line.starts_with("::error file=")), "{text}");
    assert!(
        text.contains("file=xã%2C phường.ndjson,line=1,col=10,title=pattern::/code: "),
        "{text}"
    );
    assert!(text.contains("100%25%0A::error::injected"), "{text}");
}

#[test]
fn a_suite_is_a_file_and_a_case_a_record() {
    let text = render(OutputFormat::Junit);
    assert!(text.contains("tests=\"4\" failures=\"3\""), "{text}");
    assert!(text.contains("name=\"record 1, line 1\""), "{text}");
    assert!(text.contains("/a&amp;b"), "{text}");
    assert!(
        text.contains("<testcase classname=\"clean.ndjson\" name=\"clean.ndjson\"/>"),
        "{text}"
    );
}

#[test]
fn sarif_names_rules_places_and_files() {
    let log: serde_json::Value = serde_json::from_str(&render(OutputFormat::Sarif)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&log["version"], &run["columnKind"]),
        (&"2.1.0".into(), &"unicodeCodePoints".into())
    );
    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "x%C3%A3%2C%20ph%C6%B0%E1%BB%9Dng.ndjson");
    assert_eq!(
        (&place["region"]["startLine"], &place["region"]["startColumn"]),
        (&1.into(), &10.into())
    );
}

#[test]
fn a_line_of_ndjson_has_the_members_of_the_contract() {
    let line = serde_json::to_value(findings().first().unwrap()).unwrap();
    for member in ["record", "line", "column", "instance_path", "schema_path", "keyword", "message"]
    {
        assert!(line.get(member).is_some(), "{member}");
    }
    assert!(line.get("excerpt").is_none());
}
