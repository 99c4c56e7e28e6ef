//! Satisfiability of a goal: schemas that one value shall satisfy and others that it shall not.
//!
//! A goal is taken apart kind by kind of value and branch by branch, as a tableau. A branch ends in a contradiction, in
//! a value, or unfinished. All branches contradicted: no value exists, which proves an inclusion. A value found is
//! evaluated before it is believed. Values are finite, so a goal inside itself may be taken as empty: a smallest value
//! would not contain another of the same goal.

mod array;
mod branch;
mod fact;
mod leaf;
mod number;
mod object;
pub(crate) mod samples;
mod text;

use std::collections::HashMap;

use serde_json::Value;

use super::{
    ir::{Id, Kind},
    places::Place,
    world::World,
};
use fact::Fact;

/// Goals inside each other: the depth of the records looked at, and the stack.
const MAX_OPEN: usize = 24;

/// One schema, wanted or not, as the writer means it or as the reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lit {
    pub(crate) id: Id,
    pub(crate) yes: bool,
    /// Whether it is asked about what the reader sees of the value.
    pub(crate) reader: bool,
}

/// What one value shall be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Goal {
    /// Sorted, each once.
    lits: Vec<Lit>,
    /// Where the writer and the reader are, if readers see only what they declare.
    places: Option<(Place, Place)>,
}

impl Goal {
    pub(crate) fn new(mut lits: Vec<Lit>, places: Option<(Place, Place)>) -> Self {
        lits.sort();
        lits.dedup();
        Self { lits, places }
    }

    /// Whether both sides see the same of the value.
    fn sees_alike(&self) -> bool {
        self.places.as_ref().is_none_or(|(writer, reader)| writer == reader)
    }
}

/// What is known about a goal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// A value that satisfies it.
    Value(Value),
    /// No value does.
    Empty,
    /// Neither was found.
    Unknown,
}

/// The search, with what it has found so far.
pub(crate) struct Solver<'s> {
    pub(super) world: World<'s>,
    done: HashMap<Goal, Found>,
    /// Goals with more facts beside them are no goal that another may rest on: `None`.
    open: Vec<Option<Goal>>,
    /// The outermost open goal that something found since rests on.
    lowest: usize,
    /// Choices that are open, in all goals together: the stack.
    splits: usize,
}

impl<'s> Solver<'s> {
    pub(crate) fn new(world: World<'s>) -> Self {
        Self { world, done: HashMap::new(), open: Vec::new(), lowest: usize::MAX, splits: 0 }
    }

    /// Looks for a value.
    pub(crate) fn solve(&mut self, goal: Goal) -> Found {
        if let Some(found) = self.done.get(&goal) {
            return found.clone();
        }
        if let Some(at) = self.open.iter().position(|open| open.as_ref() == Some(&goal)) {
            self.lowest = self.lowest.min(at);
            return Found::Empty;
        }
        if self.open.len() >= MAX_OPEN || !self.world.spend(4 + goal.lits.len() / 4) {
            return Found::Unknown;
        }
        let index = self.open.len();
        let before = std::mem::replace(&mut self.lowest, usize::MAX);
        self.open.push(Some(goal.clone()));
        let found = self.kinds(&goal, &[]);
        self.open.pop();
        // What rests on a goal further out holds only as long as that one is open.
        let rests_on = self.lowest;
        if rests_on >= index || matches!(found, Found::Value(_)) {
            self.done.insert(goal, found.clone());
        }
        self.lowest = before.min(if rests_on < index { rests_on } else { usize::MAX });
        found
    }

    /// Looks for a value that also is none of some others.
    fn solve_under(&mut self, goal: &Goal, more: &[Fact]) -> Found {
        if !self.enter() {
            return Found::Unknown;
        }
        let found = self.kinds(goal, more);
        self.leave();
        found
    }

    /// Goes one goal deeper without a goal that others could rest on; `false`: too deep.
    fn enter(&mut self) -> bool {
        let room = self.open.len() < MAX_OPEN && self.world.spend(4);
        if room {
            self.open.push(None);
        }
        room
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    /// Looks for a value of any kind under more facts.
    fn kinds(&mut self, goal: &Goal, more: &[Fact]) -> Found {
        let mut unknown = false;
        for kind in Kind::ALL {
            match self.of_kind(goal, kind, more) {
                Found::Empty => {}
                Found::Unknown => unknown = true,
                value @ Found::Value(_) => return value,
            }
        }
        if unknown { Found::Unknown } else { Found::Empty }
    }

    /// Tries values one by one. `complete`: there are no others.
    fn try_all(
        &mut self,
        goal: &Goal,
        more: &[Fact],
        values: impl IntoIterator<Item = Value>,
        complete: bool,
    ) -> Found {
        let mut unknown = !complete;
        for value in values {
            match self.holds(goal, more, &value) {
                Some(true) => return Found::Value(value),
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown { Found::Unknown } else { Found::Empty }
    }

    /// Tells whether the value satisfies the goal and the facts beside it.
    fn holds(&mut self, goal: &Goal, more: &[Fact], value: &Value) -> Option<bool> {
        for fact in more {
            if let Fact::Without(values) = fact
                && values.iter().any(|one| super::eval::equal(one, value))
            {
                return Some(false);
            }
            if let (Fact::Pattern(pattern, yes), Value::String(text)) = (fact, value)
                && self.world.matches(pattern, text)? != *yes
            {
                return Some(false);
            }
        }
        let mut seen = None;
        if let Some((writer, reader)) = &goal.places {
            if self.world.stripped(writer, value)? != *value {
                return Some(false);
            }
            seen = Some(self.world.stripped(reader, value)?);
        }
        let mut known = true;
        for lit in &goal.lits {
            let view = if lit.reader { seen.as_ref().unwrap_or(value) } else { value };
            match self.world.accepts(lit.id, view, 0) {
                Some(answer) if answer == lit.yes => {}
                Some(_) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }
}
