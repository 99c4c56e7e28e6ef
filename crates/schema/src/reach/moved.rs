//! Classifications that rise or fall at a field or below it, from one schema to the next.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::{At, in_place_of, step};
use crate::{
    Label, Schema, pointer,
    schema::{Inner, children, hidden_by_ref},
};

const ANNOTATION: &str = "x-ndxp-classification";

/// Pairs of places that are looked at; real schemas have hundreds.
const MAX_PAIRS: usize = 10_000;

/// A place whose classification is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The JSON Pointer of the place in records.
    pub place: String,
    /// What held before; of a place that is new, what held for anything at it.
    pub was: Label,
    /// What holds now.
    pub is: Label,
}

/// What tells a pair from those looked at before.
type Known = (BTreeSet<*const Value>, BTreeSet<*const Value>, [Option<Label>; 2]);

/// A place of records with what both schemas say of it.
struct Pair<'s> {
    place: String,
    old: Vec<At<'s>>,
    new: Vec<At<'s>>,
    labels: [Option<Label>; 2],
}

/// Returns the places at `field` and below it whose classification moves from `old` to `new`, in the order of their
/// pointers. Of places that are compared already, under another name, each is listed once.
#[must_use]
pub fn moved(old: &Schema, new: &Schema, field: &str) -> Vec<Moved> {
    let (old, new) = (&*old.inner, &*new.inner);
    let mut seen: HashSet<Known> = HashSet::new();
    let mut open = vec![at(old, new, field)];
    let mut found = Vec::new();
    while let Some(pair) = open.pop() {
        let known = (addresses(&pair.old), addresses(&pair.new), pair.labels);
        if seen.len() >= MAX_PAIRS || !seen.insert(known) {
            continue;
        }
        if let [Some(was), Some(is)] = pair.labels
            && was != is
        {
            found.push(Moved { place: pair.place.clone(), was, is });
        }
        for token in tokens(new, &pair.new) {
            open.push(pair.below(old, new, &token));
        }
    }
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

fn at<'s>(old: &'s Inner, new: &'s Inner, field: &str) -> Pair<'s> {
    let root = |schema: &'s Inner| in_place_of(schema, vec![(String::new(), &schema.root)]);
    let (from, to) = (root(old), root(new));
    let labels = [label(&from), label(&to)];
    let pair = Pair { place: String::new(), old: from, new: to, labels };
    let tokens = pointer::tokens(field).unwrap_or_default();
    tokens.iter().fold(pair, |pair, token| pair.below(old, new, token))
}

impl<'s> Pair<'s> {
    fn below(&self, old: &'s Inner, new: &'s Inner, token: &str) -> Self {
        let (from, to) = (step(old, &self.old, token), step(new, &self.new, token));
        let [was, is] = self.labels;
        let labels = [label(&from).or(was), label(&to).or(is)];
        Self { place: pointer::join(&self.place, token), old: from, new: to, labels }
    }
}

fn addresses(here: &[At<'_>]) -> BTreeSet<*const Value> {
    here.iter().map(|(_, at)| std::ptr::from_ref(*at)).collect()
}

fn label(here: &[At<'_>]) -> Option<Label> {
    here.iter().filter_map(|(_, at)| Label::read(at.get(ANNOTATION)?.as_str()?)).max()
}

/// The steps that the schemas here name: properties, and `*` for items.
fn tokens(schema: &Inner, here: &[At<'_>]) -> BTreeSet<String> {
    let open = here.iter().filter(|(_, at)| !hidden_by_ref(schema.dialect, at));
    let inner = open.flat_map(|(place, at)| children(schema.dialect, at, place));
    inner
        .filter_map(|(keyword, place, _)| match keyword {
            "properties" => Some(crate::schema::last_token(&place)),
            "items" | "prefixItems" | "additionalItems" => Some("*".to_owned()),
            _ => None,
        })
        .collect()
}
