//! Lines for people: place, rule, message, and the source line with a caret.

use std::fmt::Write;

use super::{Excerpt, Finding, Level, Report};

/// Whether lines have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Colored,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colored => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

pub(super) fn render(report: &Report<'_>, style: Style) -> String {
    report.findings.iter().map(|finding| one(finding, style)).collect()
}

fn one(finding: &Finding, style: Style) -> String {
    let Finding { file, line, column, keyword, message, value, hint, .. } = finding;
    let place = style.paint("1", &format!("{}:{line}:{column}", printable(file)));
    let (word, code) = match finding.level {
        Level::Error => ("", "31"),
        Level::Warning => ("warning: ", "33"),
        Level::Note => ("note: ", "36"),
    };
    let rule = style.paint(code, &format!("{word}{keyword}"));
    let mut text =
        format!("{place}: {}: {rule}: {}\n", printable(finding.place()), printable(message));
    if let Some(excerpt) = &finding.excerpt {
        text.push_str(&source(
            *line,
            excerpt,
            style.paint(code, &"^".repeat(excerpt.width.max(1))),
        ));
    }
    for (name, more) in [("found", value), ("next", hint)] {
        if let Some(more) = more {
            writeln!(text, "  {name}: {}", printable(more)).unwrap_or_default();
        }
    }
    text
}

fn source(line: usize, excerpt: &Excerpt, caret: String) -> String {
    let number = line.to_string();
    let (gutter, before) = (" ".repeat(number.len()), " ".repeat(excerpt.start));
    format!("  {number} | {}\n  {gutter} | {before}{caret}\n", printable(&excerpt.text))
}

/// Replaces control characters one by one: a record must not steer a terminal, and carets stay in their column.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
