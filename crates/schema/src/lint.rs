//! What a schema says that its author hardly meant: rules with stable ids, fixes where they are certain.
//!
//! [`lint`] looks at any JSON document that claims to be a schema, also at one that the hub would refuse. Invariants:
//! a fix never changes a verdict of a schema that compiles, and fixing twice changes nothing more.

mod agency;
mod catalogue;
mod document;
mod fix;
mod ignore;
pub(crate) mod nation;
mod rules;

use crate::{
    json,
    position::{self, Span},
    profile::Profile,
};
use document::Document;

pub use agency::{AgencyRule, AgencyRuleError};
pub use catalogue::{RULES, Rule, Severity};
pub use fix::{Fixed, fix};

/// What stands beside a schema and decides which rules apply to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context {
    /// Whether it is a published dataset's, even if it names no `x-ndxp-owner`.
    pub published: bool,
    /// Whether the dataset's description names the fields of its key.
    pub key_elsewhere: bool,
    /// Whether the dataset's description names the fields of its subject.
    pub subject_elsewhere: bool,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, as `NDX007`; an agency's rule has an id of its own.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The JSON Pointer of the place in the schema.
    pub pointer: String,
    /// The place in the bytes.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Whether [`fix`] mends it.
    pub fixable: bool,
}

/// Findings in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is left after the schema's own `x-ndxp-lint-ignore`.
    pub findings: Vec<Finding>,
    /// How many findings the schema ignores, each with its reason.
    pub ignored: usize,
    /// Whether more was found than a report holds: 500.
    pub truncated: bool,
}

/// Findings in one report: the work of placing them is bounded, and nobody reads more.
const MAX_FINDINGS: usize = 500;

/// Looks at one schema with the built-in rules and those of an agency.
///
/// # Errors
/// [`json::Refusal`] when the bytes are not strict JSON.
pub fn lint(
    bytes: &[u8],
    profile: &Profile,
    context: Context,
    agency: &[AgencyRule],
) -> Result<Report, json::Refusal> {
    let root = json::read(bytes, &crate::SchemaLimits::none().json)?;
    let document = Document::new(bytes, &root, profile, context);
    let (mut found, ignored) = look(&document, agency);
    // Errors first, so that none is left out for a warning. Finding a place reads the document once more.
    found.sort_by_key(|found| found.severity);
    let truncated = found.len() > MAX_FINDINGS;
    found.truncate(MAX_FINDINGS);
    let mut findings: Vec<Finding> = found.into_iter().map(|found| found.placed(bytes)).collect();
    findings.sort_by(|a, b| (a.span.start, &a.rule).cmp(&(b.span.start, &b.rule)));
    Ok(Report { findings, ignored, truncated })
}

/// Returns what the rules find and the schema does not ignore, and how many findings it ignores.
fn look(document: &Document<'_>, agency: &[AgencyRule]) -> (Vec<Found>, usize) {
    let mut found = Vec::new();
    rules::apply(document, &mut found);
    agency.iter().for_each(|rule| rule.apply(document, &mut found));
    ignore::apply(document, found, agency)
}

/// A finding before its place in the bytes is known.
#[derive(Debug, Clone)]
struct Found {
    rule: String,
    severity: Severity,
    pointer: String,
    on: On,
    message: String,
    hint: Option<String>,
    edit: Option<fix::Edit>,
}

/// Which part of a member a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Key,
    Value,
}

impl Found {
    fn new(
        id: &'static str,
        pointer: impl Into<String>,
        on: On,
        message: impl Into<String>,
    ) -> Self {
        let severity = catalogue::find(id).map_or(Severity::Error, |rule| rule.severity);
        let (pointer, message) = (pointer.into(), message.into());
        Self { rule: id.to_owned(), severity, pointer, on, message, hint: None, edit: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn fixed_by(mut self, edit: fix::Edit) -> Self {
        self.edit = Some(edit);
        self
    }

    fn placed(self, bytes: &[u8]) -> Finding {
        let key = if self.on == On::Key { position::key(bytes, &self.pointer) } else { None };
        let start = position::at(bytes, 0);
        let span = key
            .or_else(|| position::value(bytes, &self.pointer))
            .unwrap_or(Span { start, end: start });
        Finding {
            rule: self.rule,
            severity: self.severity,
            pointer: self.pointer,
            span,
            message: self.message,
            hint: self.hint,
            fixable: self.edit.is_some(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
