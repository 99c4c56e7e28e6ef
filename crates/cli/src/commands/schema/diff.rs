//! `ndxp schema diff`: the fixed contract of the schema tool, for two files or for a file of pairs.

mod cases;
mod older;
#[cfg(feature = "client")]
mod registered;
mod report;
mod touched;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use ndxp_model::Compatibility;
use ndxp_schema::{
    Comparison, Context, Effort, Mode, Policy, Profile, Schema, Verdict, compare_with, json,
};

#[cfg(feature = "client")]
pub(super) use touched::EffectView;

use super::{
    hub::Online,
    records::lines,
    report::Output,
    rules::{self, Rules},
};
use crate::{exit::ExitStatus, input, printer::Printer};
use touched::Registered;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schema that is in use; with --dataset the hub's may stand in for it
    #[arg(required_unless_present = "cases")]
    old: Option<PathBuf>,
    /// The schema that shall follow it
    #[arg(required_unless_present_any = ["cases", "dataset"])]
    new: Option<PathBuf>,
    /// Which records have to stay readable [default: full; with --hub what the dataset has]
    #[arg(long, value_enum)]
    mode: Option<ModeArg>,
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
    /// The dataset that the schema is for: its newest schema is compared with [default: the one that has OLD]
    #[arg(long, value_name = "AGENCY/DATASET", requires = "hub", conflicts_with = "cases")]
    dataset: Option<String>,
    #[command(flatten)]
    online: Online,
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
    let rules = args.rules.load()?;
    let Sides { old, new, registered } = Sides::read(args, &rules)?;
    let question =
        Question { mode: args.mode(registered.as_ref()), policy: args.policy.into(), effort };
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
    let registered = registered.as_ref();
    let report = report::Outcome { comparison: &comparison, old: &against, new: &new, registered };
    report.write(&args.output, printer)?;
    Ok(match registered {
        Some(registered) => registered.status(comparison.verdict),
        None if comparison.verdict == Verdict::Compatible => ExitStatus::Done,
        None => ExitStatus::Refused,
    })
}

impl Args {
    fn mode(&self, registered: Option<&Registered>) -> Mode {
        let of_dataset = || match registered.map(|one| one.mode).unwrap_or_default() {
            Compatibility::Backward => Mode::Backward,
            Compatibility::Forward => Mode::Forward,
            Compatibility::Full => Mode::Full,
        };
        self.mode.map_or_else(of_dataset, Mode::from)
    }
}

/// What is compared.
struct Sides {
    old: Document,
    new: Document,
    registered: Option<Registered>,
}

impl Sides {
    fn read(args: &Args, rules: &(Profile, Context)) -> Result<Self> {
        let (old, new) = match (&args.old, &args.new) {
            (old, Some(new)) => (old.as_deref(), new),
            (Some(new), None) => (None, new),
            (None, None) => bail!("two schemas are needed"),
        };
        let old = old.map(|path| document(path, rules)).transpose()?;
        let new = document(new, rules)?;
        if args.online.asked() {
            return Self::ask(args, old, new, rules);
        }
        let old = old.context("two schemas are needed")?;
        Ok(Self { old, new, registered: None })
    }

    #[cfg(feature = "client")]
    fn ask(
        args: &Args,
        old: Option<Document>,
        new: Document,
        rules: &(Profile, Context),
    ) -> Result<Self> {
        let dataset = args.dataset.as_deref();
        let found = registered::ask(&args.online, dataset, old.as_ref(), &new.bytes)?;
        let old = match old {
            Some(old) => old,
            None => of_bytes(found.name, found.old, rules)?,
        };
        Ok(Self { old, new, registered: Some(found.registered) })
    }

    #[cfg(not(feature = "client"))]
    fn ask(args: &Args, _: Option<Document>, _: Document, _: &(Profile, Context)) -> Result<Self> {
        Err(args.online.refusal())
    }
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

fn document(path: &Path, rules: &(Profile, Context)) -> Result<Document> {
    of_bytes(path.display().to_string(), input::read(path)?, rules)
}

fn of_bytes(
    name: String,
    bytes: Vec<u8>,
    (profile, context): &(Profile, Context),
) -> Result<Document> {
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
