//! The facts about an object, sorted.

use std::{collections::BTreeSet, rc::Rc};

use super::{Needed, Stop};
use crate::compare::{
    ir::Props,
    places::Declared,
    solve::{Goal, Lit, Solver, fact::Fact},
};

/// Something wanted of some property.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Of one whose name matches.
    Match(Rc<str>, Lit),
    /// Of one that the rule neither names nor matches.
    Rest(Rc<Props>, Lit),
    /// Of a name.
    Name(Lit),
}

impl Wanted {
    pub(super) const fn lit(&self) -> Lit {
        match self {
            Self::Match(_, lit) | Self::Rest(_, lit) | Self::Name(lit) => *lit,
        }
    }
}

/// An object that is being put together.
pub(super) struct Shape<'a> {
    pub(super) goal: &'a Goal,
    pub(super) more: &'a [Fact],
    pub(super) props: Vec<(Rc<Props>, bool)>,
    /// What every name has to be.
    pub(super) names: Vec<Lit>,
    pub(super) lacks: BTreeSet<String>,
    pub(super) wanted: Vec<Wanted>,
    /// Every name that somebody mentions.
    pub(super) universe: BTreeSet<String>,
    /// Every pattern that tells other names apart.
    pub(super) patterns: Vec<Rc<str>>,
    /// What writer and reader declare here.
    pub(super) declared: Option<(Rc<Declared>, Rc<Declared>)>,
    pub(super) min: usize,
    pub(super) max: usize,
    /// The same, of what the reader sees.
    pub(super) min_seen: usize,
    pub(super) max_seen: usize,
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl Solver<'_> {
    pub(super) fn shape<'a>(
        &mut self,
        goal: &'a Goal,
        facts: &[Fact],
        more: &'a [Fact],
    ) -> Result<(Shape<'a>, Needed), Stop> {
        let mut shape = Shape::new(goal, more);
        if let Some((writer, reader)) = &goal.places {
            let writer = self.world.declared(writer).ok_or(Stop::Unknown)?;
            let reader = self.world.declared(reader).ok_or(Stop::Unknown)?;
            shape.declared = Some((writer, reader));
        }
        let mut needed = Needed::new();
        for fact in facts {
            self.sort_in(&mut shape, &mut needed, fact)?;
        }
        shape.mention();
        shape.universe.extend(needed.keys().cloned());
        for name in needed.keys() {
            if shape.lacks.contains(name) || !self.writer_sees(&shape, name).ok_or(Stop::Unknown)? {
                return Err(Stop::Empty);
            }
        }
        Ok((shape, needed))
    }

    fn sort_in(
        &mut self,
        shape: &mut Shape<'_>,
        needed: &mut Needed,
        fact: &Fact,
    ) -> Result<(), Stop> {
        match fact {
            Fact::Props(props, reader) => shape.props.push((Rc::clone(props), *reader)),
            Fact::Names(lit) => shape.names.push(*lit),
            Fact::Has(name, reader) => {
                self.expect_seen(shape, name, *reader)?;
                needed.entry(name.clone()).or_default();
            }
            Fact::PropertyIs(name, lit) => {
                self.expect_seen(shape, name, lit.reader)?;
                needed.entry(name.clone()).or_default().push(*lit);
            }
            Fact::Lacks(name, reader) => {
                // The reader lacks what it does not see.
                let lacks = !reader || self.is_seen(shape, name).ok_or(Stop::Unknown)?;
                shape.lacks.extend(lacks.then(|| name.clone()));
            }
            Fact::SomeMatch(pattern, lit) => {
                shape.wanted.push(Wanted::Match(Rc::clone(pattern), *lit))
            }
            Fact::SomeRest(props, lit) => shape.wanted.push(Wanted::Rest(Rc::clone(props), *lit)),
            Fact::SomeName(lit) => shape.wanted.push(Wanted::Name(*lit)),
            Fact::MinSize(n, true) => shape.min_seen = shape.min_seen.max(count(*n)),
            Fact::MaxSize(n, true) => shape.max_seen = shape.max_seen.min(count(*n)),
            Fact::MinSize(n, false) => shape.min = shape.min.max(count(*n)),
            Fact::MaxSize(n, false) => shape.max = shape.max.min(count(*n)),
            _ => {}
        }
        Ok(())
    }

    fn expect_seen(&mut self, shape: &Shape<'_>, name: &str, reader: bool) -> Result<(), Stop> {
        if reader && !self.is_seen(shape, name).ok_or(Stop::Unknown)? {
            Err(Stop::Empty)
        } else {
            Ok(())
        }
    }
}

impl<'a> Shape<'a> {
    fn new(goal: &'a Goal, more: &'a [Fact]) -> Self {
        Self {
            goal,
            more,
            props: Vec::new(),
            names: Vec::new(),
            lacks: BTreeSet::new(),
            wanted: Vec::new(),
            universe: BTreeSet::new(),
            patterns: Vec::new(),
            declared: None,
            min: 0,
            max: usize::MAX,
            min_seen: 0,
            max_seen: usize::MAX,
        }
    }

    /// Gathers the names and patterns that tell properties apart.
    fn mention(&mut self) {
        let rules: Vec<Rc<Props>> = self.props.iter().map(|(props, _)| Rc::clone(props)).collect();
        let wanted = self.wanted.iter().filter_map(|w| {
            if let Wanted::Rest(props, _) = w { Some(Rc::clone(props)) } else { None }
        });
        let rules: Vec<Rc<Props>> = rules.into_iter().chain(wanted).collect();
        let mut patterns: BTreeSet<Rc<str>> = BTreeSet::new();
        for props in &rules {
            self.universe.extend(props.named.iter().map(|(name, _)| name.clone()));
            patterns.extend(props.patterns.iter().map(|(pattern, _)| Rc::clone(pattern)));
        }
        for wanted in &self.wanted {
            if let Wanted::Match(pattern, _) = wanted {
                patterns.insert(Rc::clone(pattern));
            }
        }
        if let Some((writer, reader)) = &self.declared {
            for declared in [writer, reader] {
                self.universe.extend(declared.names.iter().cloned());
                patterns.extend(declared.patterns.iter().cloned());
            }
        }
        self.universe.extend(self.lacks.iter().cloned());
        self.patterns = patterns.into_iter().collect();
    }
}
