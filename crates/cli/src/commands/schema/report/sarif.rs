//! SARIF 2.1.0 (OASIS): one run, a rule for each keyword, a result for each finding.

use std::{collections::BTreeSet, fmt::Write};

use serde::Serialize;

use super::{Finding, Report};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    artifacts: Vec<Artifact>,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: String,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Artifact {
    location: ArtifactLocation,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    fully_qualified_name: &'a str,
}

#[derive(Serialize)]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_path: Option<&'a str>,
}

pub(super) fn render(report: &Report<'_>) -> String {
    let ids: BTreeSet<&str> = report.findings.iter().map(|f| f.keyword.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let artifact = |file: &String| Artifact { location: location(file) };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: format!("ndxp schema {}", report.command),
                    version: env!("CARGO_PKG_VERSION"),
                    rules: ids.iter().map(|id| Rule { id }).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            artifacts: report.files.iter().map(artifact).collect(),
            results: report.findings.iter().map(|finding| outcome(finding, &ids)).collect(),
        }],
    };
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn outcome<'a>(finding: &'a Finding, ids: &[&str]) -> Outcome<'a> {
    let id = finding.keyword.as_str();
    Outcome {
        rule_id: id,
        rule_index: ids.binary_search(&id).unwrap_or_default(),
        level: finding.level.as_str(),
        message: Message { text: finding.text() },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: location(&finding.file),
                region: Region { start_line: finding.line, start_column: finding.column },
            },
            logical_locations: [LogicalLocation { fully_qualified_name: finding.place() }],
        }],
        properties: Properties {
            record: finding.record,
            schema_path: finding.schema_path.as_deref(),
        },
    }
}

/// A path as a URI reference: everything but unreserved characters and `/` is escaped.
fn location(file: &str) -> ArtifactLocation {
    let file = file.replace('\\', "/");
    let mut uri = String::with_capacity(file.len());
    if file.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in file.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => write!(uri, "%{other:02X}").unwrap_or_default(),
        }
    }
    ArtifactLocation { uri }
}
