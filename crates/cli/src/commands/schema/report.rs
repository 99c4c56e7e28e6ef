//! What a command found, and how it is written: for people, programs, code hosts and test dashboards.
//!
//! `check`, `validate`, `lint` and `diff` make [`Finding`]s and hand them over as a [`Report`]; the fixed JSON object
//! is each command's own.

mod github;
mod human;
mod junit;
mod sarif;

use std::io::IsTerminal;

use anyhow::Result;
use serde::Serialize;

use crate::printer::{self, Printer};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutputFormat {
    /// Lines for people, with the source
    Human,
    /// One JSON object
    Json,
    /// One JSON object a finding
    Ndjson,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// JUnit's XML, for test dashboards
    Junit,
    /// Workflow commands of GitHub Actions
    Github,
}

/// When lines for people have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// The flags of every command that finds something; `--json` means `--format json`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Output {
    /// How findings are written
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, hide_possible_values = true, value_name = "human|json|ndjson|sarif|junit|github")]
    pub(super) format: OutputFormat,
    /// Whether lines for people have colours: auto, always, never
    #[arg(long, value_enum, default_value_t = Color::Auto, hide_possible_values = true, value_name = "WHEN")]
    color: Color,
    /// Say nothing about the run on stderr
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl Output {
    /// Returns the format asked for.
    pub(super) fn format(&self, printer: &Printer) -> OutputFormat {
        match printer.format() {
            printer::Format::Json => OutputFormat::Json,
            printer::Format::Human => self.format,
        }
    }

    fn style(&self) -> human::Style {
        let auto = || std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let colored = match self.color {
            Color::Auto => auto(),
            Color::Always => true,
            Color::Never => false,
        };
        if colored { human::Style::Colored } else { human::Style::Plain }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// The command fails because of it.
    #[default]
    Error,
    /// Worth a look.
    Warning,
    /// For information.
    Note,
}

impl Level {
    fn is_error(&self) -> bool {
        *self == Self::Error
    }

    /// Returns the word of the human, SARIF and GitHub formats.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing found at one place. Its JSON form is a line of `ndjson` and an element of the JSON objects' lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) file: String,
    /// The number of the record in its file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<usize>,
    pub(super) line: usize,
    pub(super) column: usize,
    /// The JSON Pointer of the place in a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance_path: Option<String>,
    /// The JSON Pointer of the keyword that a record breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schema_path: Option<String>,
    /// The JSON Pointer of the place in a schema that is itself at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pointer: Option<String>,
    /// The keyword, or the id of a rule.
    pub(super) keyword: String,
    #[serde(skip_serializing_if = "Level::is_error")]
    pub(super) level: Level,
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// The offending value, only where values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip)]
    pub(super) excerpt: Option<Excerpt>,
}

impl Finding {
    /// Returns the place within the document, `/` for its root.
    fn place(&self) -> &str {
        let path = self.instance_path.as_deref().or(self.pointer.as_deref()).unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// Returns message, value and hint in one line.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        if let Some(value) = &self.value {
            text.push_str(&format!(" (the value: {value})"));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("; {hint}"));
        }
        text
    }
}

/// A line of a file as far as it may be shown, and the stretch that a finding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Characters before the stretch.
    pub(super) start: usize,
    /// Characters of the stretch, at least 1.
    pub(super) width: usize,
}

/// What a run of a command found.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// The command, as `validate`.
    pub(super) command: &'static str,
    /// The files looked at, also those without findings.
    pub(super) files: &'a [String],
    /// In the order of files and places.
    pub(super) findings: &'a [Finding],
}

impl Report<'_> {
    /// Writes the report; `document` is the command's own JSON object.
    pub(super) fn write(
        &self,
        document: &impl Serialize,
        output: &Output,
        printer: &mut Printer,
    ) -> Result<()> {
        match output.format(printer) {
            OutputFormat::Json => printer.json(document)?,
            OutputFormat::Ndjson => {
                for finding in self.findings {
                    printer.json(finding)?;
                }
            }
            format => printer.bytes(self.render(format, output.style()).as_bytes())?,
        }
        Ok(())
    }

    fn render(&self, format: OutputFormat, style: human::Style) -> String {
        match format {
            OutputFormat::Sarif => sarif::render(self),
            OutputFormat::Junit => junit::render(self),
            OutputFormat::Github => github::render(self),
            OutputFormat::Human | OutputFormat::Json | OutputFormat::Ndjson => {
                human::render(self, style)
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
