//! Texts: patterns by their automata, formats by samples.

use std::rc::Rc;

use serde_json::Value;

use super::{Found, Goal, Solver, fact::Fact, leaf::lengths, samples};
use crate::compare::automata::{Automaton, Search};

/// Longest text that is looked for letter by letter; longer ones are only made of one letter.
const LONG: u64 = 1_500;
/// Longest text made.
const LONGEST: u64 = 20_000;

impl Solver<'_> {
    pub(super) fn text(&mut self, goal: &Goal, facts: &[Fact], more: &[Fact]) -> Found {
        let Some((min, max)) = lengths(facts) else { return Found::Empty };
        let left_out: usize = facts
            .iter()
            .chain(more)
            .map(|fact| if let Fact::Without(values) = fact { values.len() } else { 0 })
            .sum();
        let automata = self.automata(facts);
        let patterned = automata.len() > 1;
        if patterned || min <= LONG {
            let most = 16 + left_out.min(1_000);
            let budget = if patterned { 20_000 } else { 4_000 };
            let texts = Search { automata: automata.clone(), min, max, most }.run(budget);
            self.world.spend(texts.steps);
            if texts.complete && texts.found.is_empty() {
                return Found::Empty;
            }
            let found = texts.found.into_iter().map(Value::String);
            match self.try_all(goal, more, found, texts.complete) {
                Found::Unknown => {}
                found => return found,
            }
        }
        self.try_all(goal, more, self.guesses(facts, min, max, left_out), false)
            .or_else(|| self.of_national_format(goal, facts, more, automata, (min, max)))
    }

    /// The automata of the patterns; those that cannot be built are left out, which only adds texts.
    pub(super) fn automata(&mut self, facts: &[Fact]) -> Vec<(Rc<Automaton>, bool)> {
        let mut found: Vec<(Rc<Automaton>, bool)> =
            self.world.any_text().into_iter().map(|any| (any, true)).collect();
        for fact in facts {
            if let Fact::Pattern(pattern, yes) = fact
                && let Some(automaton) = self.world.automaton(pattern)
            {
                found.push((automaton, *yes));
            }
        }
        found
    }

    /// Texts worth trying, none of them certain.
    fn guesses(&self, facts: &[Fact], min: u64, max: Option<u64>, left_out: usize) -> Vec<Value> {
        let formats = facts
            .iter()
            .filter_map(|f| if let Fact::Format(name, true) = f { Some(&**name) } else { None });
        let mut texts: Vec<String> =
            formats.flat_map(samples::of_format).map(|text| (*text).to_owned()).collect();
        texts.extend(samples::MIXED.iter().map(|text| (*text).to_owned()));
        let lengths =
            [Some(min), Some(min + 1), max].into_iter().flatten().filter(|n| *n <= LONGEST);
        texts.extend(lengths.map(|n| "a".repeat(usize::try_from(n).unwrap_or(0))));
        let padding = "z".repeat(usize::try_from(min.min(LONG)).unwrap_or(0));
        texts.extend((0..left_out.min(2_000) + 2).map(|n| format!("{n}{padding}")));
        texts.retain(|text| {
            let length = text.chars().count() as u64;
            length >= min && max.is_none_or(|max| length <= max)
        });
        texts.into_iter().map(Value::String).collect()
    }

    /// Texts by the pattern of a national format: for witnesses only, since formats compare by name.
    fn of_national_format(
        &mut self,
        goal: &Goal,
        facts: &[Fact],
        more: &[Fact],
        mut automata: Vec<(Rc<Automaton>, bool)>,
        (min, max): (u64, Option<u64>),
    ) -> Found {
        let profile = self.world.profile();
        let patterns = facts.iter().filter_map(|fact| match fact {
            Fact::Format(name, yes) => {
                Some((profile.national_format(name)?.pattern.to_string(), *yes))
            }
            _ => None,
        });
        let patterns: Vec<(String, bool)> = patterns.collect();
        if patterns.is_empty() || !self.world.spend(400) {
            return Found::Unknown;
        }
        for (pattern, yes) in patterns {
            automata
                .extend(Automaton::of_whole(&pattern).map(|automaton| (Rc::new(automaton), yes)));
        }
        let texts = Search { automata, min, max, most: 16 }.run(10_000);
        self.world.spend(texts.steps);
        self.try_all(goal, more, texts.found.into_iter().map(Value::String), false)
    }
}

impl Found {
    /// Goes on only if nothing is known yet.
    pub(super) fn or_else(self, next: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Unknown => next(),
            known => known,
        }
    }
}
