//! Names of properties: those that somebody mentions, and others by the patterns they match.

use std::rc::Rc;

use serde_json::Value;

use super::{
    Needed,
    shape::{Shape, Wanted},
};
use crate::compare::{
    ir::Kind,
    solve::{Found, Goal, Lit, Solver, fact::Fact},
};

/// Patterns of which every combination is tried.
const MAX_PATTERNS: usize = 6;

/// Names that nobody mentions, by the patterns that they match.
#[derive(Debug, Clone)]
pub(super) struct Class {
    facts: Vec<Fact>,
    matched: Vec<Rc<str>>,
    /// Whether all combinations are tried.
    pub(super) whole: bool,
}

impl Solver<'_> {
    /// Whether the reader sees the property.
    pub(super) fn is_seen(&mut self, shape: &Shape<'_>, name: &str) -> Option<bool> {
        match &shape.goal.places {
            None => Some(true),
            Some((_, reader)) => self.world.sees(reader, name),
        }
    }

    /// Whether the writer declares the property: it sends no others.
    pub(super) fn writer_sees(&mut self, shape: &Shape<'_>, name: &str) -> Option<bool> {
        match &shape.goal.places {
            None => Some(true),
            Some((writer, _)) => self.world.sees(writer, name),
        }
    }

    /// Whether the rules for names allow it.
    pub(super) fn may_be_named(&mut self, shape: &Shape<'_>, name: &str) -> Option<bool> {
        let seen = self.is_seen(shape, name)?;
        let text = Value::String(name.to_owned());
        let mut known = true;
        for lit in shape.names.iter().filter(|lit| seen || !lit.reader) {
            match self.world.accepts(lit.id, &text, 0) {
                Some(answer) if answer == lit.yes => {}
                Some(_) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }

    /// Returns the properties that may answer for what is wanted, and whether there may be others.
    pub(super) fn candidates(
        &mut self,
        shape: &Shape<'_>,
        wanted: &Wanted,
        needed: &Needed,
    ) -> (Vec<String>, bool) {
        let mut names = Vec::new();
        let mut unknown = false;
        let mentioned: Vec<String> = needed
            .keys()
            .chain(shape.universe.iter().filter(|n| !needed.contains_key(*n)))
            .cloned()
            .collect();
        for name in mentioned {
            self.world.spend(1);
            match self.may_answer(shape, wanted, &name) {
                Some(true) => names.push(name),
                Some(false) => {}
                None => unknown = true,
            }
        }
        let taken: Vec<String> = needed.keys().cloned().collect();
        for class in self.classes(shape) {
            unknown |= !class.whole;
            if !self.class_answers(shape, wanted, &class) {
                continue;
            }
            let not = if let Wanted::Name(lit) = wanted { vec![*lit] } else { Vec::new() };
            let (name, open) = self.fresh(shape, &class, &not, &taken);
            unknown |= open;
            names.extend(name);
        }
        (names, unknown)
    }

    fn may_answer(&mut self, shape: &Shape<'_>, wanted: &Wanted, name: &str) -> Option<bool> {
        if shape.lacks.contains(name) || !self.writer_sees(shape, name)? {
            return Some(false);
        }
        if wanted.lit().reader && !self.is_seen(shape, name)? {
            return Some(false);
        }
        match wanted {
            Wanted::Match(pattern, _) => self.world.matches(pattern, name),
            Wanted::Rest(props, _) => {
                if props.named(name).is_some() {
                    return Some(false);
                }
                for (pattern, _) in &props.patterns {
                    if self.world.matches(pattern, name)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Wanted::Name(lit) => {
                let answer = self.world.accepts(lit.id, &Value::String(name.to_owned()), 0)?;
                Some(answer == lit.yes)
            }
        }
    }

    /// Every combination of patterns that a name may match; of many patterns only the plain ones.
    pub(super) fn classes(&mut self, shape: &Shape<'_>) -> Vec<Class> {
        let patterns = &shape.patterns;
        let whole = patterns.len() <= MAX_PATTERNS;
        let combinations: Vec<u64> = if whole {
            (0..1 << patterns.len()).collect()
        } else {
            std::iter::once(0).chain((0..patterns.len().min(60)).map(|n| 1 << n)).collect()
        };
        self.world.spend(combinations.len());
        let class = |bits: u64| {
            let has = |n: usize| n < 64 && bits >> n & 1 == 1;
            let facts =
                patterns.iter().enumerate().map(|(n, p)| Fact::Pattern(Rc::clone(p), has(n)));
            let matched =
                patterns.iter().enumerate().filter(|(n, _)| has(*n)).map(|(_, p)| Rc::clone(p));
            Class { facts: facts.collect(), matched: matched.collect(), whole }
        };
        combinations
            .into_iter()
            .map(class)
            .filter(|class| declares(shape, class, Side::Writer))
            .collect()
    }

    fn class_answers(&self, shape: &Shape<'_>, wanted: &Wanted, class: &Class) -> bool {
        let seen = !wanted.lit().reader || declares(shape, class, Side::Reader);
        seen && match wanted {
            Wanted::Match(pattern, _) => class.matched.contains(pattern),
            Wanted::Rest(props, _) => {
                props.patterns.iter().all(|(pattern, _)| !class.matched.contains(pattern))
            }
            Wanted::Name(_) => true,
        }
    }

    /// Returns a name of the class that nobody mentions, and whether there may be one though none was found.
    pub(super) fn fresh(
        &mut self,
        shape: &Shape<'_>,
        class: &Class,
        more: &[Lit],
        taken: &[String],
    ) -> (Option<String>, bool) {
        let seen = declares(shape, class, Side::Reader);
        let lits = shape.names.iter().filter(|lit| seen || !lit.reader).chain(more);
        // Names are the same to writer and reader.
        let goal = Goal::new(lits.map(|lit| Lit { reader: false, ..*lit }).collect(), None);
        let used = shape.universe.iter().chain(taken).map(|name| Value::String(name.clone()));
        let mut facts = class.facts.clone();
        facts.push(Fact::Without(Rc::new(used.collect())));
        match self.text_under(&goal, &facts) {
            Found::Value(Value::String(name)) => (Some(name), false),
            Found::Empty => (None, false),
            Found::Value(_) | Found::Unknown => (None, true),
        }
    }

    fn text_under(&mut self, goal: &Goal, facts: &[Fact]) -> Found {
        if !self.enter() {
            return Found::Unknown;
        }
        let found = self.of_kind(goal, Kind::Text, facts);
        self.leave();
        found
    }
}

enum Side {
    Writer,
    Reader,
}

/// Whether the side declares properties of the class, which no name of its own mentions.
fn declares(shape: &Shape<'_>, class: &Class, side: Side) -> bool {
    let Some((writer, reader)) = &shape.declared else { return true };
    let declared = match side {
        Side::Writer => writer,
        Side::Reader => reader,
    };
    declared.map || declared.patterns.iter().any(|pattern| class.matched.contains(pattern))
}
