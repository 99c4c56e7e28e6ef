//! What a comparison looks like: the contract's object, or lines for people.

use anyhow::Result;
use ndxp_schema::{Change, Comparison, Direction, Verdict, Witness};
use serde::Serialize;
use serde_json::Value;

use super::{
    Document,
    touched::{EffectView, Registered, RegisteredReport},
};
use crate::{
    commands::schema::report::{self as findings, Finding, Level, Output, OutputFormat},
    printer::Printer,
};

/// The contract's object.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    verdict: &'static str,
    changes: Vec<ChangeReport<'a>>,
    witness: Option<WitnessReport<'a>>,
    bump: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hub: Option<RegisteredReport<'a>>,
}

#[derive(Debug, Serialize)]
struct ChangeReport<'a> {
    kind: &'static str,
    pointer: &'a str,
    old_line: Option<usize>,
    new_line: Option<usize>,
    verdict: &'static str,
    proof: &'static str,
    breaks: &'static str,
    message: &'a str,
    suggestion: Option<&'a str>,
    bump: &'static str,
    /// The agreements that it touches, where a hub was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreements: Option<&'a [&'a EffectView]>,
}

/// The contract's witness.
#[derive(Debug, Serialize)]
pub(super) struct WitnessReport<'a> {
    direction: &'static str,
    record: &'a Value,
    instance_path: &'a str,
    keyword: &'a str,
}

impl<'a> From<&'a Change> for ChangeReport<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            kind: change.kind,
            pointer: &change.pointer,
            old_line: change.old_line,
            new_line: change.new_line,
            verdict: change.verdict.as_str(),
            proof: change.proof.as_str(),
            breaks: change.breaks.as_str(),
            message: &change.message,
            suggestion: change.suggestion.as_deref(),
            bump: change.bump.as_str(),
            agreements: None,
        }
    }
}

impl<'a> From<&'a Witness> for WitnessReport<'a> {
    fn from(witness: &'a Witness) -> Self {
        Self {
            direction: witness.direction.as_str(),
            record: &witness.record,
            instance_path: &witness.instance_path,
            keyword: &witness.keyword,
        }
    }
}

/// What a run found.
pub(super) struct Outcome<'a> {
    pub(super) comparison: &'a Comparison,
    pub(super) old: &'a Document,
    pub(super) new: &'a Document,
    pub(super) registered: Option<&'a Registered>,
}

impl Outcome<'_> {
    pub(super) fn write(&self, output: &Output, printer: &mut Printer) -> Result<()> {
        let Self { comparison, old, new, registered } = self;
        let changes = &comparison.changes;
        let touched = registered.map(|one| one.touched(&old.schema, &new.schema, changes));
        let found = self.findings(touched.as_deref());
        let files = [old.name.clone(), new.name.clone()];
        let report = findings::Report { command: "diff", files: &files, findings: &found };
        report.write(&self.document(touched.as_deref()), output, printer)?;
        if output.format(printer) == OutputFormat::Human {
            conclusion(comparison, old, new, printer)?;
            for line in registered.iter().flat_map(|one| one.lines()) {
                printer.line(line)?;
            }
        }
        if !output.quiet && output.format(printer) != OutputFormat::Json {
            let (verdict, bump) = (comparison.verdict, comparison.bump.as_str());
            printer.say(&format!("{verdict}; {} changes; next version: {bump}", found.len()));
        }
        Ok(())
    }

    fn findings(&self, touched: Option<&[Vec<&EffectView>]>) -> Vec<Finding> {
        let changes = self.comparison.changes.iter();
        let mut found: Vec<Finding> =
            changes.map(|change| finding(change, self.old, self.new)).collect();
        if let (Some(registered), Some(touched)) = (self.registered, touched) {
            for (finding, touched) in found.iter_mut().zip(touched) {
                finding.message.push_str(&format!("; {}", registered.words(touched)));
            }
        }
        found
    }

    fn document<'b>(&'b self, touched: Option<&'b [Vec<&'b EffectView>]>) -> Report<'b> {
        let comparison = self.comparison;
        let mut changes: Vec<_> = comparison.changes.iter().map(ChangeReport::from).collect();
        for (change, touched) in changes.iter_mut().zip(touched.unwrap_or_default()) {
            change.agreements = Some(touched);
        }
        Report {
            verdict: comparison.verdict.as_str(),
            changes,
            witness: comparison.witness.as_ref().map(WitnessReport::from),
            bump: comparison.bump.as_str(),
            reason: comparison.reason.as_deref(),
            truncated: comparison.truncated,
            hub: self.registered.map(Registered::report),
        }
    }
}

fn finding(change: &Change, old: &Document, new: &Document) -> Finding {
    let (file, line) = match (change.new_line, change.old_line) {
        (Some(line), _) => (&new.name, line),
        (None, line) => (&old.name, line.unwrap_or(1)),
    };
    Finding {
        file: file.clone(),
        line,
        column: 1,
        pointer: Some(change.pointer.clone()),
        keyword: change.kind.to_owned(),
        level: match change.verdict {
            Verdict::Breaking => Level::Error,
            Verdict::Undecided => Level::Warning,
            Verdict::Compatible => Level::Note,
        },
        message: format!("{}: {}", change.verdict, change.message),
        hint: change.suggestion.clone(),
        ..Finding::default()
    }
}

/// The verdict and the record that proves it, for people.
fn conclusion(
    comparison: &Comparison,
    old: &Document,
    new: &Document,
    printer: &mut Printer,
) -> Result<()> {
    if let Some(Witness { direction, record, instance_path, keyword }) = &comparison.witness {
        let (writer, reader) = match direction {
            Direction::Backward => (&old.name, &new.name),
            Direction::Forward => (&new.name, &old.name),
        };
        let place = if instance_path.is_empty() { "/" } else { instance_path };
        printer.line(format_args!(
            "{direction}: valid under {writer}, refused by {reader} ({place}: {keyword}):"
        ))?;
        printer.line(format_args!("  {record}"))?;
    }
    let reason = comparison.reason.as_ref().map(|reason| format!(": {reason}"));
    printer.line(format_args!("{}{}", comparison.verdict, reason.unwrap_or_default()))?;
    Ok(())
}
