//! The difference between files and hub, for people and for programs.

use std::{io, time::Duration};

use serde_json::{Map, Value, json};

use super::plan::{Kind, Plan};
use crate::{
    printer::{Format, Printer},
    view,
};

/// Up to this many, each step is named.
const FEW: usize = 20;

/// Says what differs.
pub(super) fn plan(plan: &Plan, printer: &mut Printer) {
    if printer.format() == Format::Human {
        printer.say(&text(plan));
    }
    for conflict in &plan.conflicts {
        printer.say(&format!("conflict: {conflict}"));
    }
}

/// Writes how it ended.
pub(super) fn outcome(
    plan: &Plan,
    is_applied: bool,
    took: Duration,
    printer: &mut Printer,
) -> io::Result<()> {
    let seconds = took.as_secs_f64();
    let (steps, conflicts) = (plan.steps(), plan.conflicts.len());
    let text = match (is_applied, conflicts) {
        (true, _) => format!("{steps} changes made in {seconds:.1} s"),
        (false, 0) if steps == 0 => "nothing to do".to_owned(),
        (false, 0) => format!("{steps} changes to make; nothing was done"),
        (false, _) => format!("{conflicts} conflicts; nothing was done"),
    };
    printer.data(&value(plan, is_applied, seconds), text)
}

fn counts(plan: &Plan, kind: Kind) -> (usize, usize, usize) {
    let of = |revision| {
        plan.all().filter(|step| step.kind() == kind && step.is_revision() == revision).count()
    };
    (of(false), of(true), plan.equal.get(&kind).copied().unwrap_or(0))
}

fn text(plan: &Plan) -> String {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let (create, revise, equal) = counts(plan, kind);
        if create + revise + equal > 0 {
            let cell = |number, word| format!("{number:>6} {word}");
            let cells = [cell(create, "to make"), cell(revise, "to revise"), cell(equal, "equal")];
            rows.push([vec![kind.plural().to_owned()], cells.to_vec()].concat());
        }
    }
    let mut text = view::table(&rows);
    if plan.steps() <= FEW {
        for step in plan.all() {
            let sign = if step.is_revision() { '~' } else { '+' };
            text.push_str(&format!("\n{sign} {step}"));
        }
    }
    text
}

fn value(plan: &Plan, is_applied: bool, seconds: f64) -> Value {
    let kinds = Kind::ALL.into_iter().map(|kind| {
        let (create, revise, equal) = counts(plan, kind);
        let counts = json!({ "create": create, "revise": revise, "equal": equal });
        (kind.plural().to_owned(), counts)
    });
    let kinds: Map<String, Value> = kinds.collect();
    let conflicts = &plan.conflicts;
    json!({ "plan": kinds, "conflicts": conflicts, "applied": is_applied, "seconds": seconds })
}
