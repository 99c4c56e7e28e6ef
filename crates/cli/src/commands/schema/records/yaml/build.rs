//! Events of the parser become a value with places, within the limits of a record.

use std::collections::HashMap;

use ndxp_schema::json::Limits;
use saphyr_parser::{Event, Span, Tag};
use serde_json::{Map, Value};

use super::{
    Document, Fault, fault,
    node::{Node, Place},
    scalar,
};

/// A value that is complete.
#[derive(Debug, Clone)]
struct Part {
    value: Value,
    node: Node,
    /// What the value counts for: its texts' bytes, and [`VALUE`] for each value in it.
    weight: usize,
}

/// A sequence or mapping that is being read.
struct Open {
    place: Place,
    anchor: usize,
    weight: usize,
    kind: Kind,
    parts: Vec<(String, Place, Node)>,
}

enum Kind {
    Sequence(Vec<Value>),
    /// Members, and the name that waits for its value.
    Mapping(Map<String, Value>, Option<(String, Place)>),
}

/// What each value counts for beside its text: with its place it takes more than ten times that in memory.
const VALUE: usize = 16;

/// Builds documents. Aliases are copies, counted as such: a few lines can stand for billions of values.
pub(super) struct Builder {
    limits: Limits,
    open: Vec<Open>,
    anchors: HashMap<usize, Part>,
    /// Of the document so far, copies and anchors included.
    weight: usize,
    objects: usize,
    nested: usize,
    done: Option<Part>,
}

impl Builder {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Vec::new(),
            anchors: HashMap::new(),
            weight: 0,
            objects: 0,
            nested: 0,
            done: None,
        }
    }

    /// Takes an event; returns the document that it completes.
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Document>, Fault> {
        let place = Place { line: span.start.line(), column: span.start.col() + 1 };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = if self.wants_name() {
                    Value::from(&*text)
                } else {
                    let tag = tag.as_deref().filter(|tag| tag.is_yaml_core_schema());
                    let tag = tag.map(|tag: &Tag| tag.suffix.as_str());
                    scalar::value(&text, style, tag).map_err(|why| fault("limit", place, why))?
                };
                let node = Node { at: place, ..Node::default() };
                self.count(VALUE + text.len(), place)?;
                self.complete(anchor, Part { value, node, weight: VALUE + text.len() }, place)?;
            }
            Event::Alias(anchor) => {
                let weight = self.anchors.get(&anchor).map(|part| part.weight);
                let weight = weight.ok_or_else(|| fault("yaml", place, "an alias of itself"))?;
                // Before the copy is made.
                self.count(weight, place)?;
                if let Some(mut part) = self.anchors.get(&anchor).cloned() {
                    part.node.at = place;
                    self.complete(0, part, place)?;
                }
            }
            Event::SequenceStart(anchor, _) => {
                self.enter(anchor, Kind::Sequence(Vec::new()), place)?
            }
            Event::MappingStart(anchor, _) => {
                self.enter(anchor, Kind::Mapping(Map::new(), None), place)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave()?,
            Event::DocumentEnd => return Ok(self.document()),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        Ok(None)
    }

    fn document(&mut self) -> Option<Document> {
        self.anchors.clear();
        (self.weight, self.objects, self.nested) = (0, 0, 0);
        let done = self.done.take()?;
        Some(Document { value: done.value, root: done.node })
    }

    fn count(&mut self, weight: usize, place: Place) -> Result<(), Fault> {
        self.weight = self.weight.saturating_add(weight);
        let most = self.limits.max_bytes;
        if self.weight > most {
            let message = format!(
                "larger than {most} bytes, each value counted as {VALUE} more, and aliases as what they stand for"
            );
            return Err(fault("limit", place, message));
        }
        Ok(())
    }

    /// Counts what was written; copies weigh enough by themselves.
    fn count_nested(&mut self, object: bool, place: Place) -> Result<(), Fault> {
        self.nested += 1;
        self.objects += usize::from(object);
        if self.nested <= self.limits.max_nested && self.objects <= self.limits.max_objects {
            return Ok(());
        }
        let Limits { max_objects, max_nested, .. } = self.limits;
        let message =
            format!("more than {max_objects} objects, or {max_nested} arrays and objects");
        Err(fault("limit", place, message))
    }

    fn enter(&mut self, anchor: usize, kind: Kind, place: Place) -> Result<(), Fault> {
        if self.wants_name() {
            return Err(fault("yaml", place, "a name is a text"));
        }
        if self.open.len() >= self.limits.max_depth {
            let message = format!("nested deeper than {} levels", self.limits.max_depth);
            return Err(fault("limit", place, message));
        }
        self.count(VALUE, place)?;
        self.count_nested(matches!(kind, Kind::Mapping(..)), place)?;
        self.open.push(Open { place, anchor, weight: self.weight, kind, parts: Vec::new() });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.kind {
            Kind::Sequence(items) => Value::Array(items),
            Kind::Mapping(members, _) => Value::Object(members),
        };
        let node = Node { at: open.place, parts: open.parts };
        let weight = VALUE + self.weight - open.weight;
        self.complete(open.anchor, Part { value, node, weight }, open.place)
    }

    fn wants_name(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: Kind::Mapping(_, None), .. }))
    }

    /// Puts a value where it belongs: into what is open, or as the document.
    fn complete(&mut self, anchor: usize, part: Part, place: Place) -> Result<(), Fault> {
        if anchor > 0 {
            // A copy beside the value: it counts too.
            self.count(part.weight, place)?;
            self.anchors.insert(anchor, part.clone());
        }
        let depth = self.open.len() + depth(&part.value);
        if depth > self.limits.max_depth {
            let message = format!("nested deeper than {} levels", self.limits.max_depth);
            return Err(fault("limit", place, message));
        }
        let Some(open) = self.open.last_mut() else {
            self.done = Some(part);
            return Ok(());
        };
        match &mut open.kind {
            Kind::Sequence(items) => {
                open.parts.push((items.len().to_string(), part.node.at, part.node));
                items.push(part.value);
            }
            Kind::Mapping(members, name @ None) => {
                let Value::String(text) = part.value else {
                    return Err(fault("yaml", place, "a name is a text"));
                };
                if members.contains_key(&text) {
                    return Err(fault("duplicate-key", place, "an object has this key twice"));
                }
                *name = Some((text, place));
            }
            Kind::Mapping(members, name @ Some(_)) => {
                if let Some((name, key)) = name.take() {
                    open.parts.push((name.clone(), key, part.node));
                    members.insert(name, part.value);
                }
            }
        }
        Ok(())
    }
}

/// Levels of arrays and objects. Bounded recursion: no deeper value is ever built.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
