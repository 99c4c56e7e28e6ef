//! Properties, required names and what an object does with the others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Keywords, Pair, Walk};
use crate::compare::{Policy, change::Effect};

/// Tells whether this module compares the keyword.
pub(super) fn owns(keyword: &str) -> bool {
    matches!(keyword, "properties" | "required" | "additionalProperties" | "patternProperties")
}

pub(super) fn compare<'s>(walk: &mut Walk<'s>, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
    properties(walk, pair, old, new);
    patterns(walk, pair, old, new);
    required(walk, pair, old, new);
    additional(walk, pair, old, new);
}

fn names<'s>(schema: &'s Keywords, keyword: &str) -> BTreeSet<&'s str> {
    let members = schema.get(keyword).and_then(Value::as_object);
    members.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn required_names(schema: &Keywords) -> BTreeSet<&str> {
    schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn properties<'s>(walk: &mut Walk<'s>, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
    let (before, after) = (names(old, "properties"), names(new, "properties"));
    let here = pair.below("properties");
    for name in before.union(&after) {
        let both = before.contains(name) && after.contains(name);
        let place = here.below(name);
        if both {
            walk.open.push(place);
            continue;
        }
        let added = after.contains(name);
        // The side that does not name the property: what it does with it decides.
        let other = if added { old } else { new };
        let needed = required_names(if added { new } else { old }).contains(name);
        let effect = appearance(walk.policy, other, added);
        let (kind, verb) =
            if added { ("property-added", "added") } else { ("property-removed", "removed") };
        let sort = if needed { "required" } else { "optional" };
        walk.report(&place, None, kind, effect, format!("the {sort} property {name} was {verb}"));
    }
}

/// What naming one more property does; `required` is a change of its own.
fn appearance(policy: Policy, other: &Keywords, added: bool) -> Effect {
    let closed = other.get("additionalProperties") == Some(&Value::Bool(false));
    let open = matches!(other.get("additionalProperties"), None | Some(Value::Bool(true)));
    let patterned = other.contains_key("patternProperties");
    match (policy, closed, open, added) {
        _ if patterned => Effect::UNKNOWN,
        (Policy::Role, true, _, _) | (Policy::Role, _, true, _) => Effect::NEUTRAL,
        (Policy::Strict, true, _, true) | (Policy::Strict, _, true, false) => Effect::WIDER,
        (Policy::Strict, true, _, false) | (Policy::Strict, _, true, true) => Effect::NARROWER,
        _ => Effect::UNKNOWN,
    }
}

fn patterns<'s>(walk: &mut Walk<'s>, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
    let (before, after) = (names(old, "patternProperties"), names(new, "patternProperties"));
    let here = pair.below("patternProperties");
    for pattern in before.union(&after) {
        let place = here.below(pattern);
        if before.contains(pattern) && after.contains(pattern) {
            walk.open.push(place);
            continue;
        }
        let verb = if after.contains(pattern) { "added" } else { "removed" };
        let kind = if verb == "added" { "pattern-added" } else { "pattern-removed" };
        let message = format!("the properties named like {pattern} were {verb}");
        walk.report(&place, None, kind, Effect::UNKNOWN, message);
    }
}

fn required<'s>(walk: &mut Walk<'s>, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
    let (before, after) = (required_names(old), required_names(new));
    for name in after.difference(&before) {
        let message = format!("the property {name} is required now");
        walk.report(pair, Some("required"), "required-added", Effect::NARROWER, message);
        walk.about(name);
    }
    for name in before.difference(&after) {
        let message = format!("the property {name} is no longer required");
        walk.report(pair, Some("required"), "required-removed", Effect::WIDER, message);
        walk.about(name);
    }
}

fn additional<'s>(walk: &mut Walk<'s>, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
    const NAME: &str = "additionalProperties";
    let allowed = Value::Bool(true);
    let before = old.get(NAME).unwrap_or(&allowed);
    let after = new.get(NAME).unwrap_or(&allowed);
    match (before, after) {
        (Value::Object(_), Value::Object(_)) => walk.open.push(pair.below(NAME)),
        (before, after) if before == after => {}
        (Value::Bool(_), Value::Bool(open)) => {
            let (kind, effect) =
                if *open { ("opened", Effect::WIDER) } else { ("closed", Effect::NARROWER) };
            let effect = if walk.policy == Policy::Role { Effect::NEUTRAL } else { effect };
            let message = format!(
                "properties that are not declared are {} now",
                if *open { "allowed" } else { "refused" }
            );
            walk.report(pair, Some(NAME), kind, effect, message);
        }
        _ => {
            let message = "what undeclared properties may be was changed".to_owned();
            walk.report(pair, Some(NAME), "additional-changed", Effect::UNKNOWN, message);
        }
    }
}
