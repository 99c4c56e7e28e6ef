//! What was seen at one place of the records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::formats::Candidates;
use crate::{lint::nation, profile::Profile};

/// Names of one object place; with more it is a map.
const MAX_NAMES: usize = 200;
/// Members of a list that an `enum` may have.
pub(super) const MAX_LIST: usize = 12;
/// Characters of a member of a list.
const MAX_MEMBER: usize = 60;

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) count: usize,
    pub(super) nulls: usize,
    pub(super) booleans: usize,
    pub(super) integers: usize,
    pub(super) fractions: usize,
    pub(super) texts: Option<Texts>,
    pub(super) objects: Option<Objects>,
    pub(super) arrays: Option<Box<Seen>>,
}

#[derive(Debug)]
pub(super) struct Texts {
    pub(super) count: usize,
    /// Formats that every text has.
    pub(super) formats: Vec<usize>,
    /// The different texts; `None` once they are too many, or too long, for a list.
    pub(super) list: Option<BTreeSet<String>>,
}

#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) count: usize,
    pub(super) names: Names,
}

#[derive(Debug)]
pub(super) enum Names {
    Properties(BTreeMap<String, Seen>),
    /// The names are data themselves.
    Map(Box<Seen>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Properties(BTreeMap::new())
    }
}

impl Seen {
    pub(super) fn add(&mut self, value: &Value, candidates: &Candidates, profile: &Profile) {
        self.count += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(number) => {
                let fraction = number.as_f64().is_some_and(|number| number.fract() != 0.0);
                self.fractions += usize::from(fraction);
                self.integers += usize::from(!fraction);
            }
            Value::String(text) => {
                self.texts.get_or_insert_with(|| Texts::new(candidates)).add(text, candidates);
            }
            Value::Object(members) => {
                self.objects.get_or_insert_default().add(members, candidates, profile);
            }
            Value::Array(items) => {
                let seen = self.arrays.get_or_insert_default();
                items.iter().for_each(|item| seen.add(item, candidates, profile));
            }
        }
    }

    /// Takes over what another place saw: the two turn out to be one.
    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.nulls += other.nulls;
        self.booleans += other.booleans;
        self.integers += other.integers;
        self.fractions += other.fractions;
        self.texts = both(self.texts.take(), other.texts, Texts::absorb);
        self.objects = both(self.objects.take(), other.objects, Objects::absorb);
        self.arrays = both(self.arrays.take(), other.arrays, |one, other| one.absorb(*other));
    }
}

fn both<T>(one: Option<T>, other: Option<T>, absorb: impl Fn(&mut T, T)) -> Option<T> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            absorb(&mut one, other);
            Some(one)
        }
        (one, other) => one.or(other),
    }
}

impl Texts {
    fn new(candidates: &Candidates) -> Self {
        Self { count: 0, formats: candidates.all(), list: Some(BTreeSet::new()) }
    }

    fn add(&mut self, text: &str, candidates: &Candidates) {
        self.count += 1;
        self.formats.retain(|number| candidates.has(*number, text));
        if let Some(list) = &mut self.list
            && !list.contains(text)
        {
            list.insert(text.to_owned());
            if list.len() > MAX_LIST || text.chars().count() > MAX_MEMBER {
                self.list = None;
            }
        }
    }

    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.formats.retain(|number| other.formats.contains(number));
        self.list = match (self.list.take(), other.list) {
            (Some(mut list), Some(more)) => {
                list.extend(more);
                (list.len() <= MAX_LIST).then_some(list)
            }
            _ => None,
        };
    }
}

impl Objects {
    fn add(&mut self, members: &Map<String, Value>, candidates: &Candidates, profile: &Profile) {
        self.count += 1;
        for (name, value) in members {
            // A name that is somebody's number must not end up in a schema.
            if nation::personal_format_of(profile, name).is_some() {
                self.names.become_map();
            }
            self.names.at(name).add(value, candidates, profile);
        }
    }

    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        match other.names {
            Names::Map(seen) => self.names.become_map().absorb(*seen),
            Names::Properties(named) => {
                named.into_iter().for_each(|(name, seen)| self.names.at(&name).absorb(seen));
            }
        }
    }
}

impl Names {
    fn at(&mut self, name: &str) -> &mut Seen {
        let full = match self {
            Self::Properties(named) => named.len() >= MAX_NAMES && !named.contains_key(name),
            Self::Map(_) => true,
        };
        if full {
            return self.become_map();
        }
        match self {
            Self::Properties(named) => named.entry(name.to_owned()).or_default(),
            Self::Map(seen) => seen,
        }
    }

    fn become_map(&mut self) -> &mut Seen {
        if let Self::Properties(named) = self {
            let mut all = Seen::default();
            std::mem::take(named).into_values().for_each(|seen| all.absorb(seen));
            *self = Self::Map(Box::new(all));
        }
        match self {
            Self::Map(seen) => seen,
            // Just made a map above.
            Self::Properties(named) => named.entry(String::new()).or_default(),
        }
    }
}
