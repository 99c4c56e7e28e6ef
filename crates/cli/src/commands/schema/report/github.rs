//! Workflow commands of GitHub Actions: a comment beside the line of a change.

use super::{Level, Report};

pub(super) fn render(report: &Report<'_>) -> String {
    let line = |finding: &super::Finding| {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        format!(
            "::{command} file={},line={},col={},title={}::{}\n",
            property(&finding.file),
            finding.line,
            finding.column,
            property(&finding.keyword),
            data(&format!("{}: {}", finding.place(), finding.text())),
        )
    };
    report.findings.iter().map(line).collect()
}

/// Escapes what would end the command or begin another.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
