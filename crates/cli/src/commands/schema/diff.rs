//! `ndxp schema diff`: the fixed contract of the schema tool, for two files or for a file of pairs.

mod cases;
mod older;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use ndxp_schema::{
    Comparison, Context, Effort, Mode, Policy, Profile, Schema, Verdict, compare_with, json,
};

use super::{
    records::lines,
    report::Output,
    rules::{self, Rules},
};
use crate::{exit::ExitStatus, input, printer::Printer};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schema that is in use
    #[arg(required_unless_present = "cases")]
    old: Option<PathBuf>,
    /// The schema that shall follow it
    #[arg(required_unless_present = "cases")]
    new: Option<PathBuf>,
    /// Which records have to stay readable
    #[arg(long, value_enum, default_value_t = ModeArg::Full)]
    mode: ModeArg,
    /// What readers do with properties they do not declare: judge them, or never see them
    #[arg(long, value_enum, default_value_t = PolicyArg::Role)]
    policy: PolicyArg,
    /// Judge the pairs of this file instead, one {"id","old","new","mode","policy"} a line; '-' for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new", "history", "samples"])]
    cases: Option<PathBuf>,
    /// Earlier schemas, oldest first: NEW is compared with each of them too
    #[arg(long, value_name = "FILE", num_args = 1..)]
    history: Vec<PathBuf>,
    /// Records, one JSON value a line, tried as witnesses
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// How many times the usual work may be done
    #[arg(long, value_name = "FACTOR", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    effort: u16,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModeArg {
    /// Records of OLD with NEW
    Backward,
    /// Records of NEW with OLD
    Forward,
    /// Both
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum PolicyArg {
    /// Plain sets of records
    Strict,
    /// Producers send what they declare, consumers ignore what they do not know
    Role,
}

/// What every comparison of a run is made with.
#[derive(Debug, Clone, Copy)]
struct Question {
    mode: Mode,
    policy: Policy,
    effort: Effort,
}

/// A schema with the bytes it was read from.
struct Document {
    name: String,
    bytes: Vec<u8>,
    schema: Schema,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let effort = Effort::default().times(usize::from(args.effort));
    if let Some(cases) = &args.cases {
        let (profile, context) = args.rules.load()?;
        return cases::run(cases, &cases::Ground { profile, context, effort }, printer);
    }
    let (Some(old), Some(new)) = (&args.old, &args.new) else { bail!("two schemas are needed") };
    let question = Question { mode: args.mode.into(), policy: args.policy.into(), effort };
    let rules = args.rules.load()?;
    let (old, new) = (document(old, &rules)?, document(new, &rules)?);
    let samples = args.samples.as_deref().map(samples).transpose()?.unwrap_or_default();
    let mut comparison = question.ask(&old, &new, &samples);
    let mut against = old;
    for path in &args.history {
        let earlier = document(path, &rules)?;
        let found = question.ask(&earlier, &new, &samples);
        if worse(found.verdict, comparison.verdict) {
            (comparison, against) = (found, earlier);
        }
    }
    report::write(&comparison, &against, &new, &args.output, printer)?;
    Ok(if comparison.verdict == Verdict::Compatible {
        ExitStatus::Done
    } else {
        ExitStatus::Refused
    })
}

impl Question {
    fn ask(&self, old: &Document, new: &Document, samples: &[serde_json::Value]) -> Comparison {
        let Self { mode, policy, effort } = *self;
        let mut comparison = compare_with(&old.schema, &new.schema, mode, policy, effort, samples);
        comparison.place(&old.bytes, &new.bytes);
        comparison
    }
}

fn worse(one: Verdict, other: Verdict) -> bool {
    let rank = |verdict| match verdict {
        Verdict::Compatible => 0,
        Verdict::Undecided => 1,
        Verdict::Breaking => 2,
    };
    rank(one) > rank(other)
}

fn document(path: &Path, (profile, context): &(Profile, Context)) -> Result<Document> {
    let bytes = input::read(path)?;
    let name = path.display().to_string();
    let schema = rules::parse(&name, &older::modern(&bytes), profile, context)?;
    schema.compile().with_context(|| name.clone())?;
    Ok(Document { name, bytes, schema })
}

fn samples(path: &Path) -> Result<Vec<serde_json::Value>> {
    let bytes = input::read(path)?;
    let limits = json::Limits::default();
    let read = |(number, line): (usize, &[u8])| {
        json::read(line, &limits).with_context(|| format!("{}:{number}", path.display()))
    };
    lines(&bytes).map(read).collect()
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Backward => Self::Backward,
            ModeArg::Forward => Self::Forward,
            ModeArg::Full => Self::Full,
        }
    }
}

impl From<PolicyArg> for Policy {
    fn from(policy: PolicyArg) -> Self {
        match policy {
            PolicyArg::Strict => Self::Strict,
            PolicyArg::Role => Self::Role,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
