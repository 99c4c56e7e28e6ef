//! Patterns as automata, and the texts that a conjunction of them accepts.

use std::{
    collections::{HashMap, HashSet, VecDeque},
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
    /// The point's number in the graph.
    number: usize,
    parent: usize,
    byte: u8,
}

/// The points seen so far.
#[derive(Default)]
struct Graph {
    /// Each with its number and the ways to it that were followed.
    ways: HashMap<Point, (usize, u8)>,
    edges: Vec<(usize, usize)>,
    /// Points at which a text may end.
    found: Vec<usize>,
    /// Points to which a way was not followed.
    left: Vec<usize>,
}

impl Graph {
    /// Notes a way to the point; its number, if the way shall be followed.
    fn step(&mut self, from: usize, point: &Point) -> Option<usize> {
        let next = self.ways.len();
        let (number, ways) = self.ways.entry(point.clone()).or_insert((next, 0));
        self.edges.push((from, *number));
        if *ways >= MAX_WAYS {
            self.left.push(*number);
            return None;
        }
        *ways += 1;
        Some(*number)
    }

    /// Tells whether every way that leads to a text was followed.
    fn is_followed(&self) -> bool {
        let mut back: HashMap<usize, Vec<usize>> = HashMap::new();
        for (from, to) in &self.edges {
            back.entry(*to).or_default().push(*from);
        }
        let mut leads: HashSet<usize> = HashSet::new();
        let mut open = self.found.clone();
        while let Some(point) = open.pop() {
            if leads.insert(point) {
                open.extend(back.get(&point).into_iter().flatten());
            }
        }
        !self.left.iter().any(|point| leads.contains(point))
    }
}

impl Search {
    /// Looks for texts, shortest first, within `budget` steps.
    pub(crate) fn run(&self, budget: usize) -> Texts {
        let automata: Vec<(&Automaton, bool)> =
            self.automata.iter().map(|(automaton, yes)| (&**automaton, *yes)).collect();
        let sets = byte_sets(&automata);
        let mut texts = self.follow(&automata, &sets, budget);
        self.vary(&sets, &mut texts);
        texts.found.truncate(self.most);
        texts
    }

    /// Adds the texts that differ from those found only in bytes that no automaton tells apart.
    fn vary(&self, sets: &[Vec<u8>], texts: &mut Texts) {
        let mut seen: HashSet<String> = texts.found.iter().cloned().collect();
        let mut at = 0;
        while let Some(text) = texts.found.get(at).cloned() {
            at += 1;
            for other in others(sets, text.as_bytes()) {
                if texts.found.len() >= self.most {
                    texts.complete = false;
                    return;
                }
                texts.steps += 1;
                match String::from_utf8(other) {
                    Ok(other) if seen.insert(other.clone()) => texts.found.push(other),
                    Ok(_) => {}
                    Err(_) => texts.complete = false,
                }
            }
        }
    }

    /// Follows one byte of each set.
    fn follow(&self, automata: &[(&Automaton, bool)], sets: &[Vec<u8>], budget: usize) -> Texts {
        let mut texts = Texts { complete: true, ..Texts::default() };
        let bytes: Vec<u8> = sets.iter().filter_map(|set| set.first().copied()).collect();
        let start: Point = (automata.iter().map(|(a, _)| a.start).collect(), 0);
        let mut graph = Graph::default();
        graph.ways.insert(start.clone(), (0, 1));
        let mut nodes = vec![Node { point: start, number: 0, parent: 0, byte: 0 }];
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            texts.steps += 1 + bytes.len() * automata.len() / 64;
            let Some(Node { point: (states, length), number, .. }) = nodes.get(at) else { break };
            let (states, length, from) = (states.clone(), *length, *number);
            if self.is_found(automata, &states, length) {
                graph.found.push(from);
                texts.found.extend(spell(&nodes, at));
                if texts.found.len() >= self.most {
                    texts.complete = false;
                    return texts;
                }
            }
            for byte in &bytes {
                let Some(point) = self.next(automata, &states, length, *byte) else { continue };
                let Some(number) = graph.step(from, &point) else { continue };
                if graph.ways.len() > MAX_STATES || texts.steps > budget {
                    texts.complete = false;
                    return texts;
                }
                nodes.push(Node { point, number, parent: at, byte: *byte });
                open.push_back(nodes.len() - 1);
            }
        }
        texts.complete = graph.is_followed();
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

/// Returns the texts that differ in one byte from this one.
fn others<'a>(sets: &'a [Vec<u8>], text: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
    text.iter().enumerate().flat_map(move |(at, byte)| {
        let set = sets.iter().find(|set| set.contains(byte)).map(Vec::as_slice).unwrap_or_default();
        set.iter().filter(move |other| *other != byte).map(move |other| {
            let mut text = text.to_vec();
            text.splice(at..=at, [*other]);
            text
        })
    })
}

/// Returns the sets of bytes that no automaton tells apart, in each letters and digits first.
fn byte_sets(automata: &[(&Automaton, bool)]) -> Vec<Vec<u8>> {
    let rest = 0..=u8::MAX;
    let preferred =
        (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~').chain(rest);
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut sets: Vec<Vec<u8>> = Vec::new();
    for byte in preferred {
        let class =
            automata.iter().map(|(automaton, _)| automaton.dfa.byte_classes().get(byte)).collect();
        let at = *known.entry(class).or_insert(sets.len());
        match sets.get_mut(at) {
            Some(set) if set.contains(&byte) => {}
            Some(set) => set.push(byte),
            None => sets.push(vec![byte]),
        }
    }
    sets
}
