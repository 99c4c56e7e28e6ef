//! Everything that one comparison looks at: rules, the validator's leaves, automata, and the steps that are left.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{
    automata::Automaton,
    ir::{Arena, Id, Pair},
    places::Places,
};
use crate::{Schema, codes, profile::Profile, schema::Inner};

/// Automata built for one comparison: each may take a MiB.
const MAX_AUTOMATA: usize = 24;

/// What a comparison works on.
pub(crate) struct World<'s> {
    pub(crate) arena: Arena,
    sides: [&'s Inner; 2],
    leaves: HashMap<String, Option<Validator>>,
    automata: HashMap<Rc<str>, Option<Rc<Automaton>>>,
    any_text: Option<Rc<Automaton>>,
    pub(crate) places: Places,
    /// Whether code lists are taken to hold what has their form. That proves nothing: it finds records to try.
    pub(crate) trusts_lists: bool,
    /// Codes to make records with, by the name of their rule.
    pub(crate) codes: BTreeMap<String, Rc<[String]>>,
    steps: usize,
}

impl<'s> World<'s> {
    /// Lowers a schema and returns its root.
    pub(crate) fn of_one(schema: &'s Schema, steps: usize) -> (Self, Id) {
        let (world, root, _) = Self::new(Pair::new(schema, schema), steps);
        (world, root)
    }

    /// Returns a world of two schemas, and the roots of both.
    pub(crate) fn new(pair: Pair<'s>, steps: usize) -> (Self, Id, Id) {
        let [first, second] = pair.roots;
        let world = Self {
            arena: pair.arena,
            sides: pair.schemas,
            leaves: HashMap::new(),
            automata: HashMap::new(),
            any_text: None,
            places: Places::default(),
            trusts_lists: false,
            codes: BTreeMap::new(),
            steps,
        };
        (world, first, second)
    }

    /// Takes steps; `false` once there are none left.
    pub(crate) fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Gives steps for the next piece of work.
    pub(crate) fn refill(&mut self, steps: usize) {
        self.steps = steps;
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.steps == 0
    }

    pub(crate) fn profile(&self) -> &'s Profile {
        &self.sides[0].profile
    }

    /// Tells whether a text matches a pattern, as the validator does.
    pub(crate) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let value = Value::String(text.to_owned());
        self.sides
            .iter()
            .find_map(|side| side.leaves.pattern(pattern, &value))
            .or_else(|| self.leaf(&json!({ "pattern": pattern }), &value))
    }

    /// Tells whether a text has a format, or is in a code list. Lists change, so of a text of the right form that is
    /// not known.
    pub(crate) fn has_format(&mut self, format: &str, value: &Value) -> Option<bool> {
        if format.starts_with(codes::KEYWORD) {
            return self.trusts_lists.then_some(true);
        }
        let listed = self.profile().national_format(format).is_some_and(|one| one.codes.is_some());
        match self.has_shape(format, value)? {
            true if listed => self.trusts_lists.then_some(true),
            shaped => Some(shaped),
        }
    }

    fn has_shape(&mut self, format: &str, value: &Value) -> Option<bool> {
        self.sides
            .iter()
            .find_map(|side| side.leaves.format(format, value))
            .or_else(|| self.leaf(&json!({ "format": format }), value))
    }

    pub(crate) fn has_content(&mut self, keyword: &str, name: &str, value: &Value) -> Option<bool> {
        if keyword.is_empty() {
            let schema =
                json!({ "contentEncoding": "base64", "contentMediaType": "application/json" });
            return self.leaf(&schema, value);
        }
        self.leaf(&json!({ keyword: name }), value)
    }

    /// Fractions are left to the validator: it divides exactly.
    pub(crate) fn is_multiple(&mut self, value: &Value, divisor: f64) -> Option<bool> {
        let number = value.as_f64()?;
        if divisor.fract() == 0.0 {
            return Some(number % divisor == 0.0);
        }
        self.leaf(&json!({ "multipleOf": divisor }), value)
    }

    /// Asks a validator of a few keywords, in the dialect that asserts them.
    fn leaf(&mut self, schema: &Value, value: &Value) -> Option<bool> {
        let key = schema.to_string();
        if !self.leaves.contains_key(&key) {
            let draft7 = self.sides.iter().find(|side| side.dialect == crate::Dialect::Draft7);
            let side = draft7.unwrap_or(&self.sides[0]);
            self.leaves.insert(key.clone(), side.leaves.build(schema).ok());
            self.spend(50);
        }
        Some(self.leaves.get(&key)?.as_ref()?.is_valid(value))
    }

    /// Returns the automaton of a pattern. `None`: it is too large, or one cannot be built.
    pub(crate) fn automaton(&mut self, pattern: &Rc<str>) -> Option<Rc<Automaton>> {
        if let Some(known) = self.automata.get(pattern) {
            return known.clone();
        }
        let room = self.automata.len() < MAX_AUTOMATA && !self.is_spent();
        let built = if room { Automaton::of_pattern(pattern) } else { None };
        self.spend(built.as_ref().map_or(10_000, Automaton::cost));
        let built = built.map(Rc::new);
        self.automata.insert(Rc::clone(pattern), built.clone());
        built
    }

    /// Returns the automaton of all texts.
    pub(crate) fn any_text(&mut self) -> Option<Rc<Automaton>> {
        if self.any_text.is_none() {
            self.any_text = Automaton::of_whole("(?s:.)*").map(Rc::new);
        }
        self.any_text.clone()
    }
}
