//! Patterns as automata, and the texts that a conjunction of them accepts.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use regex_automata::{
    Anchored, MatchKind,
    dfa::{Automaton as _, StartKind, dense},
    nfa::thompson,
    util::{primitives::StateID, start},
};

/// Largest automaton, and most memory while it is made.
const MAX_BYTES: usize = 256 << 10;
/// Largest form of a pattern before it is made an automaton: the time that takes grows with both.
const MAX_NFA_BYTES: usize = 64 << 10;
/// States of a product that are looked at.
const MAX_STATES: usize = 10_000;
/// Ways to one state that are followed, so that more than one text is found.
const MAX_WAYS: u8 = 3;

/// The automaton of a pattern: whole texts in which it is found somewhere.
pub(crate) struct Automaton {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Automaton {
    /// Builds the automaton of a pattern as JSON Schema means it: found anywhere in the text.
    pub(crate) fn of_pattern(pattern: &str) -> Option<Self> {
        let translated = jsonschema_regex::to_rust_regex(pattern).ok()?;
        Self::build(&format!("(?s:.)*(?:{translated})(?s:.)*"))
    }

    /// Builds the automaton of a regular expression that is meant for whole texts.
    pub(crate) fn of_whole(pattern: &str) -> Option<Self> {
        Self::build(&format!("(?:{pattern})"))
    }

    fn build(regex: &str) -> Option<Self> {
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(MAX_BYTES))
            .determinize_size_limit(Some(MAX_BYTES));
        // The library has panicked on patterns before; then there is no automaton.
        let dfa = catch_unwind(AssertUnwindSafe(|| {
            let small = thompson::Config::new().nfa_size_limit(Some(MAX_NFA_BYTES));
            dense::Builder::new().configure(config).thompson(small).build(regex).ok()
        }));
        let dfa = dfa.ok().flatten()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        Some(Self { dfa, start })
    }

    /// What building it counts for.
    pub(crate) fn cost(&self) -> usize {
        20 + self.dfa.memory_usage() / 64
    }

    fn accepts(&self, state: StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }
}

/// Texts that are looked for: those that all automata accept or refuse as said, of a length.
pub(crate) struct Search {
    /// One of them is that of all texts: bytes that are none are not looked at.
    pub(crate) automata: Vec<(Rc<Automaton>, bool)>,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    /// How many texts are wanted.
    pub(crate) most: usize,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) found: Vec<String>,
    /// Whether there are no others.
    pub(crate) complete: bool,
    /// States looked at, as steps.
    pub(crate) steps: usize,
}

/// A state of the product: of each automaton, and the length as far as it matters.
type Point = (Vec<StateID>, u64);

struct Node {
    point: Point,
    parent: usize,
    byte: u8,
}

impl Search {
    /// Looks for texts, shortest first, within `budget` steps.
    pub(crate) fn run(&self, budget: usize) -> Texts {
        let mut texts = Texts { complete: true, ..Texts::default() };
        let automata: Vec<(&Automaton, bool)> =
            self.automata.iter().map(|(automaton, yes)| (&**automaton, *yes)).collect();
        let bytes = representatives(&automata);
        let start = (automata.iter().map(|(a, _)| a.start).collect(), 0);
        let mut ways: HashMap<Point, u8> = HashMap::from([(start, 1)]);
        let first = ways.keys().next().cloned().unwrap_or_default();
        let mut nodes = vec![Node { point: first, parent: 0, byte: 0 }];
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            texts.steps += 1 + bytes.len() * automata.len() / 64;
            let Some(Node { point: (states, length), .. }) = nodes.get(at) else { break };
            let (states, length) = (states.clone(), *length);
            if self.is_found(&automata, &states, length) {
                texts.found.extend(spell(&nodes, at));
                if texts.found.len() >= self.most {
                    texts.complete = false;
                    return texts;
                }
            }
            for byte in &bytes {
                let Some(point) = self.next(&automata, &states, length, *byte) else { continue };
                let way = ways.entry(point.clone()).or_insert(0);
                if *way >= MAX_WAYS {
                    texts.complete &= texts.found.is_empty();
                    continue;
                }
                *way += 1;
                if ways.len() > MAX_STATES || texts.steps > budget {
                    texts.complete = false;
                    return texts;
                }
                nodes.push(Node { point, parent: at, byte: *byte });
                open.push_back(nodes.len() - 1);
            }
        }
        // Ways that were not followed lead to texts only if the ways that were followed do.
        texts.complete &= texts.found.is_empty() || ways.values().all(|way| *way < MAX_WAYS);
        texts
    }

    fn is_found(&self, automata: &[(&Automaton, bool)], states: &[StateID], length: u64) -> bool {
        length >= self.min
            && automata
                .iter()
                .zip(states)
                .all(|((automaton, yes), state)| automaton.accepts(*state) == *yes)
    }

    /// Returns the next point, or `None` where no text goes on.
    fn next(
        &self,
        automata: &[(&Automaton, bool)],
        states: &[StateID],
        length: u64,
        byte: u8,
    ) -> Option<Point> {
        let mut next = Vec::with_capacity(states.len());
        for ((automaton, yes), state) in automata.iter().zip(states) {
            let to = automaton.dfa.next_state(*state, byte);
            if *yes && automaton.dfa.is_dead_state(to) {
                return None;
            }
            next.push(to);
        }
        let starts_character = byte & 0b1100_0000 != 0b1000_0000;
        let length = length + u64::from(starts_character);
        match self.max {
            Some(max) if length > max => None,
            Some(_) => Some((next, length)),
            None => Some((next, length.min(self.min))),
        }
    }
}

fn spell(nodes: &[Node], mut at: usize) -> Option<String> {
    let mut bytes = Vec::new();
    while at != 0 {
        let node = nodes.get(at)?;
        bytes.push(node.byte);
        at = node.parent;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

/// Returns one byte for each set of bytes that no automaton tells apart, letters and digits first.
fn representatives(automata: &[(&Automaton, bool)]) -> Vec<u8> {
    let preferred =
        (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~').chain(0..=255);
    let mut seen: HashMap<Vec<u8>, u8> = HashMap::new();
    let mut bytes = Vec::new();
    for byte in preferred {
        let class =
            automata.iter().map(|(automaton, _)| automaton.dfa.byte_classes().get(byte)).collect();
        if seen.insert(class, byte).is_none() {
            bytes.push(byte);
        }
    }
    bytes
}
