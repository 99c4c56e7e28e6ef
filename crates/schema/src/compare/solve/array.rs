//! Arrays: what each place of the array has to be, and which place answers for what is wanted somewhere.

use std::{collections::BTreeMap, rc::Rc};

use serde_json::Value;

use super::{Found, Goal, Lit, Solver, fact::Fact, leaf};
use crate::compare::ir::Items;

/// Places with a schema of their own, and items of a witness.
const MAX_PLACES: usize = 64;
const MAX_LENGTH: usize = 300;
/// Things wanted somewhere in one array.
const MAX_WANTED: usize = 24;

/// What is wanted at some place from `from` on.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    from: usize,
    /// Only at that place.
    fixed: bool,
    lit: Lit,
    /// Wanted as often as others of the group, each at a place of its own.
    group: usize,
}

/// An array that is being put together.
struct Shape<'a> {
    goal: &'a Goal,
    more: &'a [Fact],
    rules: Vec<(Rc<Items>, bool)>,
    /// What every item has to be.
    each: Vec<Lit>,
    /// What at most so many items may be.
    sparing: Vec<(u64, Lit)>,
    wanted: Vec<Wanted>,
    places: usize,
    min: usize,
    max: usize,
    unique: bool,
    repeated: bool,
}

type Needed = BTreeMap<usize, (Vec<Lit>, Vec<usize>)>;

impl Solver<'_> {
    pub(super) fn array(&mut self, goal: &Goal, facts: &[Fact], more: &[Fact]) -> Found {
        let Some((min, max)) = leaf::items(facts) else { return Found::Empty };
        let Some(shape) = Shape::of(goal, facts, more, (min, max)) else { return Found::Unknown };
        self.assign(&shape, 0, Needed::new())
    }

    /// Tries every place for each thing wanted.
    fn assign(&mut self, shape: &Shape<'_>, at: usize, needed: Needed) -> Found {
        if !self.world.spend(2) {
            return Found::Unknown;
        }
        let Some(wanted) = shape.wanted.get(at) else { return self.finish(shape, &needed) };
        let beyond = needed.keys().last().map_or(0, |last| last + 1).max(shape.places);
        let last = if wanted.fixed { wanted.from } else { beyond.max(wanted.from) };
        let mut unknown = false;
        for place in wanted.from..=last.min(shape.max.saturating_sub(1)) {
            let taken =
                needed.get(&place).is_some_and(|(_, groups)| groups.contains(&wanted.group));
            // Things of one group are alike: their places in order are all the ways there are.
            let later = needed
                .iter()
                .any(|(other, (_, groups))| *other > place && groups.contains(&wanted.group));
            if taken || later {
                continue;
            }
            let mut needed = needed.clone();
            let entry = needed.entry(place).or_default();
            entry.0.push(wanted.lit);
            entry.1.push(wanted.group);
            match self.assign(shape, at + 1, needed) {
                Found::Empty => {}
                Found::Unknown => unknown = true,
                value @ Found::Value(_) => return value,
            }
        }
        if unknown { Found::Unknown } else { Found::Empty }
    }

    fn finish(&mut self, shape: &Shape<'_>, needed: &Needed) -> Found {
        let length = needed.keys().last().map_or(0, |last| last + 1).max(shape.min);
        if length > shape.max {
            return Found::Empty;
        }
        if self.is_crowded(shape, needed, length) {
            return Found::Empty;
        }
        if shape.repeated {
            return self.repeated(shape, needed, length);
        }
        self.fill(shape, needed, length, None)
    }

    /// Tells whether more items than may cannot help being what only so many may be.
    fn is_crowded(&mut self, shape: &Shape<'_>, needed: &Needed, length: usize) -> bool {
        for (most, lit) in &shape.sparing {
            let mut left = *most;
            for place in 0..length.min(MAX_LENGTH) {
                let other = Lit { yes: !lit.yes, ..*lit };
                let lits = shape.lits(needed, place).into_iter().chain([other]).collect();
                let Ok(places) = self.item_places(shape.goal, place) else { return false };
                if self.solve(Goal::new(lits, places)) != Found::Empty {
                    continue;
                }
                if left == 0 {
                    return true;
                }
                left -= 1;
            }
        }
        false
    }

    /// Two equal items, at any two places.
    fn repeated(&mut self, shape: &Shape<'_>, needed: &Needed, length: usize) -> Found {
        let most = length.max(shape.places + 2).min(shape.max);
        if most > 12 {
            return Found::Unknown;
        }
        let mut unknown = false;
        for second in 1..most {
            for first in 0..second {
                match self.fill(shape, needed, length.max(second + 1), Some((first, second))) {
                    Found::Empty => {}
                    Found::Unknown => unknown = true,
                    value @ Found::Value(_) => return value,
                }
            }
        }
        // What the reader sees of two items may be equal though they are not.
        if unknown || !shape.goal.sees_alike() { Found::Unknown } else { Found::Empty }
    }

    fn fill(
        &mut self,
        shape: &Shape<'_>,
        needed: &Needed,
        length: usize,
        equal: Option<(usize, usize)>,
    ) -> Found {
        let mut items: Vec<Value> = Vec::new();
        let mut unknown = length > MAX_LENGTH;
        for place in 0..length.min(MAX_LENGTH) {
            if let Some((first, second)) = equal
                && second == place
                && let Some(item) = items.get(first).cloned()
            {
                items.push(item);
                continue;
            }
            let twin = equal.filter(|(first, _)| *first == place).map(|(_, second)| second);
            match self.item(shape, needed, place, twin, &items) {
                Found::Value(item) => items.push(item),
                Found::Empty => return Found::Empty,
                Found::Unknown => {
                    unknown = true;
                    items.push(Value::Null);
                }
            }
        }
        if unknown {
            return Found::Unknown;
        }
        self.try_all(shape.goal, shape.more, [Value::Array(items)], false)
    }

    fn item(
        &mut self,
        shape: &Shape<'_>,
        needed: &Needed,
        place: usize,
        twin: Option<usize>,
        before: &[Value],
    ) -> Found {
        let mut lits = shape.lits(needed, place);
        let Ok(places) = self.item_places(shape.goal, place) else { return Found::Unknown };
        if let Some(twin) = twin {
            lits.extend(shape.lits(needed, twin));
            if self.item_places(shape.goal, twin).ok() != Some(places.clone()) {
                return Found::Unknown;
            }
        }
        if !shape.sparing.is_empty() && !needed.contains_key(&place) {
            let without = shape.sparing.iter().map(|(_, lit)| Lit { yes: !lit.yes, ..*lit });
            let sparing = Goal::new(lits.iter().copied().chain(without).collect(), places.clone());
            if let value @ Found::Value(_) = self.solve(sparing) {
                return value;
            }
        }
        let goal = Goal::new(lits, places);
        let found = self.solve(goal.clone());
        match found {
            Found::Value(value)
                if shape.unique
                    && before.iter().any(|one| super::super::eval::equal(one, &value)) =>
            {
                let others = Fact::Without(Rc::new(before.to_vec()));
                // That no other value is left shows only that the ones before were badly chosen.
                match self.solve_under(&goal, &[others]) {
                    Found::Empty => Found::Unknown,
                    found => found,
                }
            }
            found => found,
        }
    }

    fn item_places(
        &mut self,
        goal: &Goal,
        n: usize,
    ) -> Result<Option<(super::Place, super::Place)>, ()> {
        let Some((writer, reader)) = &goal.places else { return Ok(None) };
        let writer = self.world.item_place(writer, n).ok_or(())?;
        let reader = self.world.item_place(reader, n).ok_or(())?;
        Ok(Some((writer, reader)))
    }
}

impl<'a> Shape<'a> {
    /// `None`: more is wanted than is looked into.
    fn of(
        goal: &'a Goal,
        facts: &[Fact],
        more: &'a [Fact],
        (min, max): (u64, Option<u64>),
    ) -> Option<Self> {
        let mut shape = Self {
            goal,
            more,
            rules: Vec::new(),
            each: Vec::new(),
            sparing: Vec::new(),
            wanted: Vec::new(),
            places: 0,
            min: usize::try_from(min).ok()?,
            max: max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX)),
            unique: false,
            repeated: false,
        };
        for (group, fact) in facts.iter().enumerate() {
            match fact {
                Fact::Items(items, reader) => shape.rules.push((Rc::clone(items), *reader)),
                Fact::AtMostItems(0, lit) => shape.each.push(Lit { yes: !lit.yes, ..*lit }),
                Fact::AtMostItems(most, lit) => shape.sparing.push((*most, *lit)),
                Fact::ItemAt(n, lit) => {
                    shape.wanted.push(Wanted { from: *n, fixed: true, lit: *lit, group })
                }
                Fact::ItemFrom(n, lit) => {
                    shape.wanted.push(Wanted { from: *n, fixed: false, lit: *lit, group })
                }
                Fact::AtLeastItems(n, lit) => {
                    let times = usize::try_from(*n).ok().filter(|n| *n <= MAX_WANTED)?;
                    let wanted = Wanted { from: 0, fixed: false, lit: *lit, group };
                    shape.wanted.extend(std::iter::repeat_n(wanted, times));
                }
                Fact::Unique => shape.unique = true,
                Fact::Repeated => shape.repeated = true,
                _ => {}
            }
        }
        let fixed = shape.wanted.iter().map(|wanted| wanted.from + usize::from(wanted.fixed));
        let prefixes = shape.rules.iter().map(|(items, _)| items.prefix.len());
        shape.places = prefixes.chain(fixed).max().unwrap_or(0);
        (shape.places <= MAX_PLACES && shape.wanted.len() <= MAX_WANTED).then_some(shape)
    }

    /// What the item at the place has to be.
    fn lits(&self, needed: &Needed, place: usize) -> Vec<Lit> {
        let rules = self.rules.iter().filter_map(|(items, reader)| {
            Some(Lit { id: items.at(place)?, yes: true, reader: *reader })
        });
        let needed = needed.get(&place).map(|(lits, _)| lits.as_slice()).unwrap_or_default();
        rules.chain(self.each.iter().copied()).chain(needed.iter().copied()).collect()
    }
}
