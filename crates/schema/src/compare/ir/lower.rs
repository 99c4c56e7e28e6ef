//! From a document to rules.

mod keywords;
mod unevaluated;

use std::{cell::Cell, collections::HashMap, rc::Rc};

use serde_json::Value;

use super::{Arena, Id, Rule};
use crate::{
    Schema, pointer,
    schema::{Inner, hidden_by_ref, resolve},
};

/// Schemas inside each other, references included, that are lowered in one go: the stack.
const MAX_DEPTH: usize = 48;

/// Two documents as rules of one arena.
#[derive(Clone)]
pub(crate) struct Pair<'s> {
    pub(crate) arena: Arena,
    pub(crate) schemas: [&'s Inner; 2],
    pub(crate) roots: [Id; 2],
}

impl<'s> Pair<'s> {
    /// Lowers both.
    pub(crate) fn new(old: &'s Schema, new: &'s Schema) -> Self {
        let mut arena = Arena::default();
        let first = lower(old, &mut arena);
        let same = old.hash() == new.hash() && old.dialect() == new.dialect();
        let roots = [first, if same { first } else { lower(new, &mut arena) }];
        arena.close();
        Self { arena, schemas: [&old.inner, &new.inner], roots }
    }

    /// The same, the other way round.
    pub(crate) fn swapped(mut self) -> Self {
        self.schemas.swap(0, 1);
        self.roots.swap(0, 1);
        self
    }
}

/// Lowers a whole document and returns its root.
fn lower(schema: &Schema, arena: &mut Arena) -> Id {
    let mut lowering = Lowering {
        inner: &schema.inner,
        arena,
        places: HashMap::new(),
        links: HashMap::new(),
        later: Vec::new(),
        looked: Cell::new(0),
    };
    let root = lowering.at("", &schema.inner.root, 0);
    while let Some((place, link)) = lowering.later.pop() {
        let id = match lowering.places.get(&place) {
            Some(State::Done(id)) => *id,
            _ => match schema.inner.root.pointer(&place) {
                Some(value) => lowering.at(&place, value, 0),
                None => continue,
            },
        };
        lowering.arena.resolve_link(link, id);
    }
    root
}

enum State {
    Open,
    Done(Id),
}

struct Lowering<'a> {
    inner: &'a Inner,
    arena: &'a mut Arena,
    places: HashMap<String, State>,
    links: HashMap<String, Id>,
    /// Places that are referred to but not lowered yet, and the links that wait for them.
    later: Vec<(String, Id)>,
    looked: Cell<usize>,
}

impl Lowering<'_> {
    fn at(&mut self, place: &str, schema: &Value, depth: usize) -> Id {
        match self.places.get(place) {
            Some(State::Done(id)) => return *id,
            Some(State::Open) => return self.later(place),
            None if depth > MAX_DEPTH => return self.later(place),
            None => {}
        }
        self.places.insert(place.to_owned(), State::Open);
        let rules = self.rules(place, schema, depth);
        let id = self.arena.intern(rules);
        self.places.insert(place.to_owned(), State::Done(id));
        id
    }

    /// Stands in for a place that is not finished; one link a place, so that equal references stay equal.
    fn later(&mut self, place: &str) -> Id {
        if let Some(link) = self.links.get(place) {
            return *link;
        }
        let link = self.arena.link();
        self.links.insert(place.to_owned(), link);
        self.later.push((place.to_owned(), link));
        link
    }

    fn rules(&mut self, place: &str, schema: &Value, depth: usize) -> Vec<Rule> {
        let Some(members) = schema.as_object() else {
            return if *schema == Value::Bool(false) { vec![Rule::Types(0)] } else { Vec::new() };
        };
        let mut rules = Vec::new();
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            rules.push(self.reference(reference, depth));
        }
        if !hidden_by_ref(self.inner.dialect, schema) {
            let mut here = keywords::Here { place, members, depth, rules: &mut rules };
            self.keywords(&mut here);
        }
        rules
    }

    fn reference(&mut self, reference: &str, depth: usize) -> Rule {
        match resolve(&self.inner.root, &self.inner.anchors, reference) {
            Some(target) => Rule::All(vec![self.at(&target.pointer, target.schema, depth + 1)]),
            None => opaque("$ref", &Value::String(reference.to_owned())),
        }
    }

    fn child(&mut self, here: &keywords::Here<'_>, keyword: &str, schema: &Value) -> Id {
        let place = pointer::join(here.place, keyword);
        self.at(&place, schema, here.depth + 1)
    }

    fn grandchild(
        &mut self,
        here: &keywords::Here<'_>,
        keyword: &str,
        name: &str,
        schema: &Value,
    ) -> Id {
        let place = pointer::join(&pointer::join(here.place, keyword), name);
        self.at(&place, schema, here.depth + 1)
    }
}

/// A rule about which nothing is known but its text.
fn opaque(keyword: &str, value: &Value) -> Rule {
    Rule::Opaque {
        text: Rc::from(format!("{keyword} {value}")),
        kinds: 127,
        map: false,
        below: None,
    }
}
