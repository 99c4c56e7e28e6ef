//! Whether a schema holds for a value: asked for parts of a refused record, remembered, and counted.
//!
//! Each pair of schema and value is worked out once, so recursive `anyOf` costs their product at most. `None` means
//! that the walk cannot tell: the keyword is not covered, or the budget is spent.

use std::{collections::HashMap, mem};

use serde_json::{Map, Value};

use super::{Place, leaf, objects};
use crate::{
    codes::CodesAt,
    schema::{self, Dialect, Inner},
};

/// Nested questions: the walk's stack. Far above what schemas of people need.
const MAX_DEPTH: usize = 256;

pub(super) struct Walk<'s> {
    pub(super) schema: &'s Inner,
    pub(super) codes: Option<&'s CodesAt>,
    steps: usize,
    /// The budget at the start.
    most: usize,
    depth: usize,
    memo: HashMap<(*const Value, *const Value), Option<bool>>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(schema: &'s Inner, codes: Option<&'s CodesAt>, steps: usize) -> Self {
        Self { schema, codes, steps, most: steps, depth: 0, memo: HashMap::new() }
    }

    pub(super) fn exhausted(&self) -> bool {
        self.steps == 0
    }

    /// The most items worth listing for one schema: each costs a step when it is first asked about, so one more is
    /// beyond any budget.
    pub(super) const fn most_items(&self) -> usize {
        self.most.saturating_add(1)
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.schema.dialect
    }

    /// Takes `steps` from the budget; `false` when it is spent.
    pub(super) fn charge(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Goes one level down the stack; `None` when that is too deep or the budget is spent.
    pub(super) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH || !self.charge(1) {
            return None;
        }
        self.depth += 1;
        let answer = work(self);
        self.depth -= 1;
        answer
    }

    /// Answers on a value that lives shorter than the record: its address must not be remembered.
    pub(super) fn holds_for_name(&mut self, schema: &Value, name: &str) -> Option<bool> {
        let record_memo = mem::take(&mut self.memo);
        let answer = self.holds(schema, &Value::String(name.to_owned()));
        self.memo = record_memo;
        answer
    }

    /// Tells whether `schema` holds for `value`.
    pub(super) fn holds(&mut self, schema: &Value, value: &Value) -> Option<bool> {
        let rules = match schema {
            Value::Bool(always) => return Some(*always),
            Value::Object(rules) => rules,
            _ => return None,
        };
        let question = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        if let Some(known) = self.memo.get(&question) {
            return *known;
        }
        // A question inside its own answer cannot be told.
        self.memo.insert(question, None);
        let answer = self.deeper(|walk| walk.all_rules(rules, value));
        self.memo.insert(question, answer);
        answer
    }

    fn all_rules(&mut self, rules: &Map<String, Value>, value: &Value) -> Option<bool> {
        let only_ref = rules.contains_key("$ref") && self.dialect() == Dialect::Draft7;
        let applied = rules.iter().filter(|(keyword, _)| !only_ref || *keyword == "$ref");
        let mut unknown = false;
        for (keyword, rule) in applied {
            match self.rule_holds(rules, keyword, rule, value) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => unknown = true,
            }
        }
        (!unknown).then_some(true)
    }

    /// Tells whether one keyword holds, with its siblings where they belong together.
    pub(super) fn rule_holds(
        &mut self,
        rules: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
    ) -> Option<bool> {
        match (keyword, rule) {
            ("$ref", Value::String(target)) => self.reference(target, rule, value),
            ("allOf", Value::Array(all)) => {
                all_of(all.iter().map(|inner| self.holds(inner, value)))
            }
            ("anyOf", Value::Array(any)) => {
                any_of(any.iter().map(|inner| self.holds(inner, value)))
            }
            ("oneOf", Value::Array(one)) => self.one_of(one, value),
            ("not", inner) => self.holds(inner, value).map(|holds| !holds),
            ("if", condition) => self.condition(rules, condition, value),
            ("contentMediaType", _) if self.dialect() == Dialect::Draft7 => {
                self.content(rules, value)
            }
            _ if objects::is_about_parts(self.dialect(), keyword) => {
                objects::holds(self, rules, keyword, rule, value)
            }
            _ => leaf::holds(self, keyword, rule, value),
        }
    }

    pub(super) fn resolve(&self, target: &str) -> Option<Place<'s>> {
        schema::resolve(&self.schema.root, &self.schema.anchors, target)
    }

    fn reference(&mut self, target: &str, rule: &Value, value: &Value) -> Option<bool> {
        match self.resolve(target) {
            Some(found) => self.holds(found.schema, value),
            None => leaf::ask_engine(self, "$ref", rule, value),
        }
    }

    /// What is encoded has its media type once it is decoded.
    fn content(&mut self, rules: &Map<String, Value>, value: &Value) -> Option<bool> {
        let keywords = rules.iter().filter(|(keyword, _)| keyword.starts_with("content"));
        let schema = keywords.map(|(keyword, rule)| (keyword.clone(), rule.clone())).collect();
        leaf::ask_engine_about(self, &Value::Object(schema), value)
    }

    fn one_of(&mut self, one: &[Value], value: &Value) -> Option<bool> {
        let mut holding = 0;
        let mut unknown = false;
        for inner in one {
            match self.holds(inner, value) {
                Some(true) => holding += 1,
                Some(false) => {}
                None => unknown = true,
            }
        }
        if holding > 1 {
            return Some(false);
        }
        (!unknown).then_some(holding == 1)
    }

    fn condition(
        &mut self,
        rules: &Map<String, Value>,
        condition: &Value,
        value: &Value,
    ) -> Option<bool> {
        let branch = if self.holds(condition, value)? { "then" } else { "else" };
        rules.get(branch).map_or(Some(true), |inner| self.holds(inner, value))
    }
}

/// All must hold; a `false` decides although another is unknown.
pub(super) fn all_of(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut unknown = false;
    for answer in answers {
        match answer {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}

/// One must hold; a `true` decides although another is unknown.
pub(super) fn any_of(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all_of(answers.map(|answer| answer.map(|holds| !holds))).map(|none| !none)
}
