//! JUnit's XML: a suite a file, a case for each record with findings, one case for a file without.

use std::fmt::Write;

use super::{Finding, Report};

pub(super) fn render(report: &Report<'_>) -> String {
    let suites: Vec<Suite<'_>> = report.files.iter().map(|file| Suite::of(file, report)).collect();
    let cases: usize = suites.iter().map(|suite| suite.cases().max(1)).sum();
    let failures: usize = suites.iter().map(Suite::cases).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = format!("ndxp schema {}", report.command);
    writeln!(
        xml,
        "<testsuites name=\"{name}\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\">"
    )
    .unwrap_or_default();
    for suite in suites {
        suite.write(&mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite<'r> {
    file: &'r str,
    /// Findings of the same record, or one finding each where there are no records.
    failed: Vec<Vec<&'r Finding>>,
}

impl<'r> Suite<'r> {
    fn of(file: &'r str, report: &Report<'r>) -> Self {
        let mut failed: Vec<Vec<&Finding>> = Vec::new();
        for finding in report.findings.iter().filter(|finding| finding.file == file) {
            let same = |group: &&mut Vec<&Finding>| {
                let first = group.first().and_then(|first| first.record);
                first.is_some() && first == finding.record
            };
            match failed.last_mut().filter(same) {
                Some(group) => group.push(finding),
                None => failed.push(vec![finding]),
            }
        }
        Self { file, failed }
    }

    fn cases(&self) -> usize {
        self.failed.len()
    }

    fn write(&self, xml: &mut String) {
        let (file, failures) = (escape(self.file), self.cases());
        writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
            failures.max(1)
        )
        .unwrap_or_default();
        if self.failed.is_empty() {
            writeln!(xml, "    <testcase classname=\"{file}\" name=\"{file}\"/>")
                .unwrap_or_default();
        }
        for group in &self.failed {
            case(xml, &file, group);
        }
        xml.push_str("  </testsuite>\n");
    }
}

fn case(xml: &mut String, file: &str, group: &[&Finding]) {
    let Some(first) = group.first() else { return };
    let name = match first.record {
        Some(record) => format!("record {record}, line {}", first.line),
        None => format!("{} {}:{}", first.keyword, first.line, first.column),
    };
    let text: Vec<String> = group
        .iter()
        .map(|f| {
            let (place, text) = (f.place(), f.text());
            format!("{}:{}:{}: {place}: {}: {text}", f.file, f.line, f.column, f.keyword)
        })
        .collect();
    write!(
        xml,
        "    <testcase classname=\"{file}\" name=\"{}\">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
        escape(&name),
        escape(&first.keyword),
        escape(&first.message),
        escape(&text.join("\n")),
    )
    .unwrap_or_default();
}

/// Escapes markup; characters that XML cannot hold at all become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
