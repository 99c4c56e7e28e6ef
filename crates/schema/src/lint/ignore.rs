//! `x-ndxp-lint-ignore`: a schema's own exceptions, each with its reason, for itself and all below it.

use serde_json::Value;

use super::{
    AgencyRule, Found, On, catalogue,
    document::{Document, Place},
    fix::Edit,
};
use crate::pointer;

const KEYWORD: &str = "x-ndxp-lint-ignore";

/// One entry of an ignore.
struct Entry {
    /// The place of the schema that ignores.
    scope: String,
    rule: String,
    pointer: String,
    with_reason: bool,
    used: usize,
}

/// Takes out what the document ignores, and adds what is wrong with its ignores. Returns how many were taken out.
pub(super) fn apply(
    document: &Document<'_>,
    found: Vec<Found>,
    agency: &[AgencyRule],
) -> (Vec<Found>, usize) {
    let mut entries = entries(document);
    let before = found.len();
    let mut left: Vec<Found> =
        found.into_iter().filter(|found| !is_ignored(found, &mut entries)).collect();
    let ignored = before - left.len();
    left.extend(entries.iter().filter_map(|entry| complaint(entry, agency)));
    left.extend(document.places.iter().filter_map(empty));
    (left, ignored)
}

fn entries(document: &Document<'_>) -> Vec<Entry> {
    let ignores = document.places.iter().filter_map(|place| {
        let rules = place.schema.get(KEYWORD)?.as_object()?;
        Some(rules.iter().map(move |(rule, reason)| Entry {
            scope: place.pointer.clone(),
            rule: rule.clone(),
            pointer: pointer::join(&place.keyword(KEYWORD), rule),
            with_reason: reason.as_str().is_some_and(|reason| !reason.trim().is_empty()),
            used: 0,
        }))
    });
    ignores.flatten().collect()
}

fn empty(place: &Place<'_>) -> Option<Found> {
    let empty = place.schema.get(KEYWORD)?.as_object()?.is_empty();
    let found = Found::new("NDX091", place.keyword(KEYWORD), On::Key, "it ignores nothing");
    empty.then(|| found.hint("remove it").fixed_by(Edit::Remove))
}

/// What the hub refuses cannot be ignored.
fn is_ignored(found: &Found, entries: &mut [Entry]) -> bool {
    if found.rule == "NDX000" {
        return false;
    }
    let mut ignored = false;
    for entry in entries.iter_mut() {
        let below = found.pointer.strip_prefix(entry.scope.as_str());
        let inside = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if inside && entry.rule == found.rule && entry.with_reason {
            entry.used += 1;
            ignored = true;
        }
    }
    ignored
}

fn complaint(entry: &Entry, agency: &[AgencyRule]) -> Option<Found> {
    let Entry { rule, pointer, with_reason, used, .. } = entry;
    if !with_reason {
        let message = format!("{rule} is ignored without a reason");
        return Some(
            Found::new("NDX090", pointer, On::Value, message)
                .hint("say why, as the entry's text; until then nothing is ignored"),
        );
    }
    if *used > 0 {
        return None;
    }
    let known = catalogue::find(rule).is_some();
    // A rule of an agency's may be one that was not loaded this time.
    if !known && !rule.starts_with("NDX") && !agency.iter().any(|known| known.id() == rule) {
        return None;
    }
    let (message, hint) = if known || !rule.starts_with("NDX") {
        (format!("{rule} finds nothing here"), "remove the entry")
    } else {
        (format!("there is no rule {rule}"), "remove the entry, or mend the id")
    };
    let found = Found::new("NDX091", pointer, On::Key, message).hint(hint);
    Some(if known { found.fixed_by(Edit::Remove) } else { found })
}

/// Tells what is wrong with the value of the keyword, if it is no object of texts.
pub(super) fn shape(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(rules) if rules.keys().all(|rule| !rule.is_empty()) => None,
        _ => Some("an object from rule id to reason"),
    }
}
