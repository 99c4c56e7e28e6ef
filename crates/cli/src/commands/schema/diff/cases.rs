//! `ndxp schema diff --cases`: a file of pairs, a verdict a line.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ndxp_schema::{Comparison, Context, Effort, Profile, Schema, compare, position};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ModeArg, PolicyArg, older, report::WitnessReport};
use crate::{commands::schema::records::lines, exit::ExitStatus, input, printer::Printer};

/// What every pair is judged with.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) profile: Profile,
    pub(super) context: Context,
    pub(super) effort: Effort,
}

/// One pair. The schemas are read from the line's own bytes, so that nothing of them is lost on the way.
#[derive(Debug, Deserialize)]
struct Case {
    id: Value,
    #[serde(rename = "old")]
    _old: Value,
    #[serde(rename = "new")]
    _new: Value,
    mode: ModeArg,
    policy: PolicyArg,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a Value,
    verdict: &'static str,
    witness: Option<WitnessReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

pub(super) fn run(path: &Path, ground: &Ground, printer: &mut Printer) -> Result<ExitStatus> {
    let file = input::read(path)?;
    for (number, line) in lines(&file) {
        let case: Case = serde_json::from_slice(line)
            .with_context(|| format!("{}:{number}: not a case", path.display()))?;
        match judge(line, &case, ground) {
            Ok(comparison) => print(&case, &comparison, printer)?,
            Err(reason) => printer.json(&Answer {
                id: &case.id,
                verdict: "undecided",
                witness: None,
                reason: Some(&format!("{reason:#}")),
            })?,
        }
    }
    Ok(ExitStatus::Done)
}

fn judge(line: &[u8], case: &Case, ground: &Ground) -> Result<Comparison> {
    let old = schema(line, "/old", ground).context("the old schema")?;
    let new = schema(line, "/new", ground).context("the new schema")?;
    Ok(compare(&old, &new, case.mode.into(), case.policy.into(), ground.effort))
}

fn schema(line: &[u8], member: &str, ground: &Ground) -> Result<Schema> {
    let span = position::value(line, member).ok_or_else(|| anyhow!("it is not there"))?;
    let text = line.get(span.start.offset..span.end.offset).unwrap_or_default();
    let schema = Schema::parse_in(&older::modern(text), &ground.profile, &ground.context)?;
    schema.compile()?;
    Ok(schema)
}

fn print(case: &Case, comparison: &Comparison, printer: &mut Printer) -> Result<()> {
    printer.json(&Answer {
        id: &case.id,
        verdict: comparison.verdict.as_str(),
        witness: comparison.witness.as_ref().map(WitnessReport::from),
        reason: comparison.reason.as_deref(),
    })?;
    Ok(())
}
