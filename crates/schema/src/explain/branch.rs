//! `anyOf` and `oneOf`: the branch that was meant, and what is wrong with it.

use serde_json::{Map, Value};

use super::{
    Place, hints,
    visit::{Report, Rule, visit},
    walk::Walk,
    words,
};

/// Reports the branch that a discriminator names; else the one that fails deepest, then with the fewest violations.
pub(super) fn report(
    walk: &mut Walk<'_>,
    rule: &Rule<'_>,
    branches: &[Value],
    report: &mut Report,
) {
    if rule.keyword == "oneOf" && several(walk, rule, branches, report) {
        return;
    }
    let named = discriminated(walk, branches, rule.value);
    let mut tried: Vec<(usize, Report)> = Vec::new();
    for (n, schema) in branches.iter().enumerate() {
        if named.is_some_and(|named| named != n) {
            continue;
        }
        let place = Place { schema, pointer: format!("{}/{n}", rule.place) };
        let mut trial = report.trial();
        visit(walk, &place, rule.value, rule.path, &mut trial);
        tried.push((n, trial));
    }
    let scores = tried.iter().enumerate().map(|(at, (_, trial))| (score(trial), at));
    // Of equal ones the first.
    let best = scores.max_by(|(a, at), (b, bt)| a.cmp(b).then(bt.cmp(at)));
    let Some((_, best)) = best else { return };
    let (chosen, mut trial) = tried.swap_remove(best);
    tried.sort_by_key(|(n, _)| *n);
    if branches.len() > 1
        && trial.violations.iter().any(|v| v.keyword == "type" && v.instance_path == rule.path)
    {
        report.push(rule.violation(format!(
            "none of {} allows {}",
            words::count(branches.len(), "alternative"),
            words::kind(rule.value)
        )));
        return;
    }
    let note = note(rule, branches.len(), chosen, &tried);
    for violation in &mut trial.violations {
        // Only the innermost choice is named: it is the one to mend.
        if !violation.message.contains(" (alternative ") {
            violation.message.push_str(&note);
        }
    }
    report.absorb(trial);
}

/// Other alternatives that are named.
const MAX_OTHERS: usize = 4;

/// Names the alternative that is explained, and in a few words why it is not one of the others.
fn note(rule: &Rule<'_>, count: usize, chosen: usize, others: &[(usize, Report)]) -> String {
    let listed = others.iter().take(MAX_OTHERS);
    let listed: Vec<String> = listed
        .map(|(n, trial)| format!("{} fails {}", n + 1, hints::failing(&trial.violations)))
        .collect();
    let more = if others.len() > MAX_OTHERS { ", …" } else { "" };
    let others =
        if listed.is_empty() { String::new() } else { format!("; {}{more}", listed.join(", ")) };
    format!(" (alternative {} of {count} of {}{others})", chosen + 1, rule.keyword)
}

/// Deeper is better, then fewer. A branch of which nothing is known comes last.
type Score = (usize, std::cmp::Reverse<usize>);

fn score(trial: &Report) -> Score {
    let depth = |path: &str| 1 + path.bytes().filter(|byte| *byte == b'/').count();
    let deepest = trial.violations.iter().map(|violation| depth(&violation.instance_path)).max();
    (deepest.unwrap_or(0), std::cmp::Reverse(trial.violations.len()))
}

/// Names the branches of a `oneOf` where more than one holds.
fn several(walk: &mut Walk<'_>, rule: &Rule<'_>, branches: &[Value], report: &mut Report) -> bool {
    let mut holding = Vec::new();
    for (n, branch) in branches.iter().enumerate() {
        if walk.holds(branch, rule.value) == Some(true) {
            holding.push((n + 1).to_string());
        }
    }
    if holding.len() > 1 {
        let message = format!("exactly one alternative must hold, {} do", holding.join(" and "));
        report.push(rule.violation(message));
    }
    holding.len() > 1
}

/// Returns the only branch whose `const` and `enum` properties fit the object.
fn discriminated(walk: &mut Walk<'_>, branches: &[Value], value: &Value) -> Option<usize> {
    let object = value.as_object()?;
    let mut fitting = Vec::new();
    for (n, branch) in branches.iter().enumerate() {
        if fits(walk, branch, object) {
            fitting.push(n);
        }
    }
    match fitting.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn fits(walk: &mut Walk<'_>, branch: &Value, object: &Map<String, Value>) -> bool {
    let target = branch.get("$ref").and_then(Value::as_str).and_then(|target| walk.resolve(target));
    let branch = target.as_ref().map_or(branch, |target| target.schema);
    let Some(named) = branch.get("properties").and_then(Value::as_object) else { return false };
    let mut fits = false;
    for (name, schema) in named {
        let decides = schema.get("const").is_some() || schema.get("enum").is_some();
        let Some(member) = object.get(name).filter(|_| decides) else { continue };
        if walk.holds(schema, member) != Some(true) {
            return false;
        }
        fits = true;
    }
    fits
}
