//! Objects: which properties there have to be, and what each of them has to be.

mod names;
mod shape;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Found, Goal, Lit, Solver, fact::Fact};
use shape::{Shape, Wanted};

/// Properties of a witness.
const MAX_SIZE: usize = 200;

/// The properties that have to be there, and what is wanted of each beside the rules for all.
type Needed = BTreeMap<String, Vec<Lit>>;

/// An object that is being filled up.
struct Filling {
    members: Map<String, Value>,
    /// How many of them the reader sees.
    seen: usize,
    /// Whether something could not be told.
    unknown: bool,
}

/// A step that cannot be taken further: proved empty, or not understood.
enum Stop {
    Empty,
    Unknown,
}

impl From<Stop> for Found {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Empty => Self::Empty,
            Stop::Unknown => Self::Unknown,
        }
    }
}

impl Solver<'_> {
    pub(super) fn object(&mut self, goal: &Goal, facts: &[Fact], more: &[Fact]) -> Found {
        let (shape, needed) = match self.shape(goal, facts, more) {
            Ok(found) => found,
            Err(stop) => return stop.into(),
        };
        // What is needed anyway may already be impossible.
        for (name, lits) in &needed {
            if let Ok(goal) = self.value_goal(&shape, name, lits)
                && self.solve(goal) == Found::Empty
            {
                return Found::Empty;
            }
        }
        self.assign_names(&shape, 0, needed)
    }

    /// Tells whether the rules known so far leave no value for the property that the schema asks for.
    pub(super) fn cannot_be(
        &mut self,
        goal: &Goal,
        facts: &[Fact],
        name: &str,
        lit: Lit,
    ) -> Option<bool> {
        let seen = match &goal.places {
            None => true,
            Some((_, reader)) => self.world.sees(reader, name)?,
        };
        let mut lits = vec![lit];
        for fact in facts {
            if let Fact::Props(props, reader) = fact
                && (seen || !reader)
            {
                let ids = self.world.applying(props, name)?;
                lits.extend(ids.into_iter().map(|id| Lit { id, yes: true, reader: *reader }));
            }
        }
        let places = match &goal.places {
            None => None,
            Some((writer, reader)) => Some((
                self.world.property_place(writer, name)?,
                self.world.property_place(reader, name)?,
            )),
        };
        Some(self.solve(Goal::new(lits, places)) == Found::Empty)
    }

    /// Tries every property for each thing wanted of some property.
    fn assign_names(&mut self, shape: &Shape<'_>, at: usize, needed: Needed) -> Found {
        if !self.world.spend(2) {
            return Found::Unknown;
        }
        let Some(wanted) = shape.wanted.get(at) else { return self.complete(shape, needed) };
        let (names, mut unknown) = self.candidates(shape, wanted, &needed);
        for name in names {
            let mut needed = needed.clone();
            let lits = needed.entry(name).or_default();
            if let Wanted::Match(_, lit) | Wanted::Rest(_, lit) = wanted {
                lits.push(*lit);
            }
            match self.assign_names(shape, at + 1, needed) {
                Found::Empty => {}
                Found::Unknown => unknown = true,
                value @ Found::Value(_) => return value,
            }
        }
        if unknown { Found::Unknown } else { Found::Empty }
    }

    /// Puts the object together and fills it up to its least size.
    fn complete(&mut self, shape: &Shape<'_>, needed: Needed) -> Found {
        let mut members = Map::new();
        let mut unknown = false;
        let mut seen = 0;
        for (name, lits) in &needed {
            match self.member(shape, name, lits) {
                Found::Value(value) => {
                    members.insert(name.clone(), value);
                }
                Found::Empty => return Found::Empty,
                Found::Unknown => unknown = true,
            }
            seen += usize::from(self.is_seen(shape, name).unwrap_or(true));
        }
        if needed.len() > shape.max || seen > shape.max_seen {
            // One property may have answered for two things by another name than those tried.
            let certain = !shape.wanted.iter().any(|wanted| matches!(wanted, Wanted::Name(_)));
            return if certain { Found::Empty } else { Found::Unknown };
        }
        if unknown {
            return Found::Unknown;
        }
        match self.fill_up(shape, members, seen) {
            Ok(members) => self.try_all(shape.goal, shape.more, [Value::Object(members)], false),
            Err(stop) => stop.into(),
        }
    }

    /// A value for one property: its name has to be allowed, too.
    fn member(&mut self, shape: &Shape<'_>, name: &str, lits: &[Lit]) -> Found {
        match self.may_be_named(shape, name) {
            Some(true) => {}
            Some(false) => return Found::Empty,
            None => return Found::Unknown,
        }
        match self.value_goal(shape, name, lits) {
            Ok(goal) => self.solve(goal),
            Err(stop) => stop.into(),
        }
    }

    /// Adds properties until there are enough: first of those that the reader sees, then rather of the others.
    ///
    /// Properties do not depend on each other, so what cannot be filled up in this order cannot be at all.
    fn fill_up(
        &mut self,
        shape: &Shape<'_>,
        members: Map<String, Value>,
        seen: usize,
    ) -> Result<Map<String, Value>, Stop> {
        let unknown = shape.min > MAX_SIZE || shape.min_seen > MAX_SIZE;
        let mut filling = Filling { members, seen, unknown };
        for visible in [Some(true), Some(false), None] {
            let enough = |filling: &Filling| match visible {
                Some(true) => filling.seen >= shape.min_seen,
                _ => filling.members.len() >= shape.min,
            };
            self.add_members(shape, &mut filling, visible, &enough);
        }
        let Filling { members, seen, unknown } = filling;
        match members.len() >= shape.min && seen >= shape.min_seen {
            true => Ok(members),
            false if unknown || self.world.is_spent() => Err(Stop::Unknown),
            false => Err(Stop::Empty),
        }
    }

    fn add_members(
        &mut self,
        shape: &Shape<'_>,
        filling: &mut Filling,
        visible: Option<bool>,
        enough: &dyn Fn(&Filling) -> bool,
    ) {
        for name in &shape.universe {
            if enough(filling) {
                return;
            }
            if !filling.members.contains_key(name) && !shape.lacks.contains(name) {
                self.add_member(shape, name, filling, visible);
            }
        }
        for class in self.classes(shape) {
            filling.unknown |= !class.whole;
            while !enough(filling) {
                let taken: Vec<String> = filling.members.keys().cloned().collect();
                let (name, open) = self.fresh(shape, &class, &[], &taken);
                filling.unknown |= open;
                let Some(name) = name else { break };
                self.add_member(shape, &name, filling, visible);
                if filling.members.len() > MAX_SIZE || !filling.members.contains_key(&name) {
                    break;
                }
            }
        }
    }

    /// Adds one property if it can be there, and if the reader sees it or not, as said.
    fn add_member(
        &mut self,
        shape: &Shape<'_>,
        name: &str,
        filling: &mut Filling,
        visible: Option<bool>,
    ) {
        let (Some(seen), Some(declared)) =
            (self.is_seen(shape, name), self.writer_sees(shape, name))
        else {
            filling.unknown = true;
            return;
        };
        let full = filling.members.len() >= shape.max || (seen && filling.seen >= shape.max_seen);
        if full || !declared || visible.is_some_and(|visible| visible != seen) {
            return;
        }
        match self.member(shape, name, &[]) {
            Found::Value(value) => {
                filling.members.insert(name.to_owned(), value);
                filling.seen += usize::from(seen);
            }
            Found::Empty => {}
            Found::Unknown => filling.unknown = true,
        }
    }

    /// What the value of the property has to be.
    fn value_goal(&mut self, shape: &Shape<'_>, name: &str, lits: &[Lit]) -> Result<Goal, Stop> {
        let seen = self.is_seen(shape, name).ok_or(Stop::Unknown)?;
        self.world.spend(1 + shape.props.len());
        let mut all = lits.to_vec();
        for (props, reader) in shape.props.iter().filter(|(_, reader)| seen || !reader) {
            let ids = self.world.applying(props, name).ok_or(Stop::Unknown)?;
            all.extend(ids.into_iter().map(|id| Lit { id, yes: true, reader: *reader }));
        }
        let places = match &shape.goal.places {
            None => None,
            Some((writer, reader)) => {
                let writer = self.world.property_place(writer, name).ok_or(Stop::Unknown)?;
                let reader = self.world.property_place(reader, name).ok_or(Stop::Unknown)?;
                Some((writer, reader))
            }
        };
        Ok(Goal::new(all, places))
    }
}
