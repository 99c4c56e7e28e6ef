//! The one pass: a serde visitor that builds the value and stops at the first fault.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry};

use super::{Limits, MAX_INTEGER, Numbers};
use crate::pointer;

/// serde_json refuses the 128th level by itself; the one before is ours to report.
pub(super) const MAX_DEPTH: usize = 126;

#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    DuplicateKey,
    Depth,
    Objects,
    Nested,
    Integer,
}

/// What is known when reading stops: the fault, if it is ours, and the place.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) fault: Option<Fault>,
    pub(super) pointer: String,
}

pub(super) fn read(text: &str, limits: &Limits) -> Result<Value, (serde_json::Error, Trace)> {
    let state = State {
        max_depth: limits.max_depth.min(MAX_DEPTH),
        numbers: limits.numbers,
        objects_left: Cell::new(limits.max_objects),
        nested_left: Cell::new(limits.max_nested),
        fault: Cell::new(None),
        inner_first: RefCell::default(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Reader { state: &state, depth: 0 }.deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| (error, state.trace()))
}

struct State {
    max_depth: usize,
    numbers: Numbers,
    objects_left: Cell<usize>,
    nested_left: Cell<usize>,
    fault: Cell<Option<Fault>>,
    /// Filled only while an error travels outwards, so that a good record pays nothing for its path.
    inner_first: RefCell<Vec<String>>,
}

impl State {
    fn fail<E: Error>(&self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    /// Counts one down.
    fn take<E: Error>(&self, left: &Cell<usize>, fault: Fault) -> Result<(), E> {
        match left.get().checked_sub(1) {
            Some(rest) => {
                left.set(rest);
                Ok(())
            }
            None => Err(self.fail(fault)),
        }
    }

    fn below<E>(&self, token: &str, error: E) -> E {
        self.inner_first.borrow_mut().push(token.to_owned());
        error
    }

    fn trace(&self) -> Trace {
        let mut path = String::new();
        for token in self.inner_first.borrow().iter().rev() {
            pointer::push(&mut path, token);
        }
        Trace { fault: self.fault.get(), pointer: path }
    }
}

#[derive(Clone, Copy)]
struct Reader<'s> {
    state: &'s State,
    depth: usize,
}

impl Reader<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= self.state.max_depth {
            return Err(self.state.fail(Fault::Depth));
        }
        self.state.take(&self.state.nested_left, Fault::Nested)?;
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn exact(self) -> bool {
        self.state.numbers == Numbers::Exact
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER && self.exact() {
            return Err(self.state.fail(Fault::Integer));
        }
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_INTEGER && self.exact() {
            return Err(self.state.fail(Fault::Integer));
        }
        Ok(Value::from(value))
    }

    /// From 2^53 on every double is integral, and its text may have been another integer: it is refused, 2^53 itself
    /// included. Below, an integral double is exact, and a fraction is the nearest double as in every JSON reader.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;
        if value.abs() >= FIRST_INEXACT && self.exact() {
            return Err(self.state.fail(Fault::Integer));
        }
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            match access.next_element_seed(inner) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => return Err(self.state.below(&items.len().to_string(), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        self.state.take(&self.state.objects_left, Fault::Objects)?;
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match members.entry(key) {
                Entry::Vacant(vacant) => match access.next_value_seed(inner) {
                    Ok(value) => {
                        vacant.insert(value);
                    }
                    Err(error) => return Err(self.state.below(vacant.key(), error)),
                },
                Entry::Occupied(occupied) => {
                    return Err(self
                        .state
                        .below(occupied.key(), self.state.fail(Fault::DuplicateKey)));
                }
            }
        }
        Ok(Value::Object(members))
    }
}
