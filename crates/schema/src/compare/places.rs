//! What a schema declares at a place of a record: for readers that never see anything else.

use std::{collections::HashMap, rc::Rc};

use serde_json::{Map, Value};

use super::{
    ir::{Id, Rule},
    world::World,
};

/// The schemas that apply at a place in any branch, `not` apart; sorted.
pub(crate) type Place = Rc<Vec<Id>>;

/// What the schemas at a place declare.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(super) names: Vec<String>,
    pub(super) patterns: Vec<Rc<str>>,
    /// Nothing is declared, or others have a schema of their own: every name is seen.
    pub(super) map: bool,
}

/// Schemas at one place that are followed; beyond it the comparison gives up.
const MAX_SCHEMAS: usize = 4_000;

/// Children that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Places {
    children: HashMap<(Place, String), Place>,
    declared: HashMap<Place, Rc<Declared>>,
}

impl World<'_> {
    /// Returns the place where these schemas apply. `None`: a part is not understood.
    pub(super) fn place(&mut self, start: Vec<Id>) -> Option<Place> {
        let mut found: Vec<Id> = Vec::new();
        let mut open: Vec<Id> = start.into_iter().map(|id| self.arena.real(id)).collect();
        let mut seen = std::collections::HashSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if seen.len() > MAX_SCHEMAS || !self.spend(1) {
                return None;
            }
            found.push(id);
            for rule in self.arena.rules(id)?.iter() {
                let below: &[Id] = match rule {
                    Rule::All(ids) | Rule::Any(ids) | Rule::One(ids) => ids,
                    Rule::If(a, b, c) => &[*a, *b, *c],
                    Rule::Depends(_, id) => &[*id],
                    _ => &[],
                };
                open.extend(below.iter().map(|id| self.arena.real(*id)));
            }
        }
        found.sort();
        Some(Rc::new(found))
    }

    /// Returns what is declared at the place.
    pub(super) fn declared(&mut self, place: &Place) -> Option<Rc<Declared>> {
        if let Some(known) = self.places.declared.get(place) {
            return Some(Rc::clone(known));
        }
        let mut declared = Declared::default();
        for id in place.iter() {
            for rule in self.arena.rules(*id)?.iter() {
                match rule {
                    Rule::Props(props) => {
                        declared.names.extend(props.named.iter().map(|(name, _)| name.clone()));
                        declared.patterns.extend(props.patterns.iter().map(|(p, _)| Rc::clone(p)));
                        declared.map |= props.map;
                    }
                    Rule::Opaque { map, .. } => declared.map |= map,
                    _ => {}
                }
            }
        }
        declared.map |= declared.names.is_empty() && declared.patterns.is_empty();
        declared.names.sort();
        declared.names.dedup();
        declared.patterns.sort();
        declared.patterns.dedup();
        let declared = Rc::new(declared);
        self.places.declared.insert(Rc::clone(place), Rc::clone(&declared));
        Some(declared)
    }

    /// Tells whether a property of this name is seen at the place.
    pub(super) fn sees(&mut self, place: &Place, name: &str) -> Option<bool> {
        let declared = self.declared(place)?;
        if declared.map || declared.names.binary_search_by(|one| one.as_str().cmp(name)).is_ok() {
            return Some(true);
        }
        for pattern in &declared.patterns {
            if self.matches(pattern, name)? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Returns the place of the property of this name.
    pub(super) fn property_place(&mut self, place: &Place, name: &str) -> Option<Place> {
        let key = (Rc::clone(place), name.to_owned());
        if let Some(known) = self.places.children.get(&key) {
            return Some(Rc::clone(known));
        }
        let mut below = Vec::new();
        for id in place.iter() {
            for rule in self.arena.rules(*id)?.iter() {
                match rule {
                    Rule::Props(props) => below.extend(self.applying(props, name)?),
                    Rule::Opaque { below: Some(id), .. } => below.push(*id),
                    _ => {}
                }
            }
        }
        let child = self.place(below)?;
        self.places.children.insert(key, Rc::clone(&child));
        Some(child)
    }

    /// Returns the place of the item at `n`.
    pub(super) fn item_place(&mut self, place: &Place, n: usize) -> Option<Place> {
        let mut below = Vec::new();
        for id in place.iter() {
            for rule in self.arena.rules(*id)?.iter() {
                match rule {
                    Rule::Items(items) => below.extend(items.at(n)),
                    Rule::Contains { id, .. } | Rule::Opaque { below: Some(id), .. } => {
                        below.push(*id)
                    }
                    _ => {}
                }
            }
        }
        self.place(below)
    }

    /// Takes out of `value` what is not seen at the place.
    pub(super) fn stripped(&mut self, place: &Place, value: &Value) -> Option<Value> {
        if !self.spend(1) {
            return None;
        }
        Some(match value {
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, value) in members {
                    if self.sees(place, name)? {
                        let below = self.property_place(place, name)?;
                        kept.insert(name.clone(), self.stripped(&below, value)?);
                    }
                }
                Value::Object(kept)
            }
            Value::Array(items) => {
                let mut kept = Vec::with_capacity(items.len());
                for (n, item) in items.iter().enumerate() {
                    let below = self.item_place(place, n)?;
                    kept.push(self.stripped(&below, item)?);
                }
                Value::Array(kept)
            }
            other => other.clone(),
        })
    }
}
