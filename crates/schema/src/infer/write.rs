//! From what was seen to a schema.

use serde_json::{Map, Value, json};

use super::{
    ENOUGH,
    formats::Candidates,
    seen::{MAX_LIST, Names, Objects, Seen, Texts},
};
use crate::{lint::nation, profile::Profile};

/// How often a member of a list is seen on average before the list counts as complete.
const REPEATS: usize = 5;

struct Writer<'s> {
    candidates: &'s Candidates,
    profile: &'s Profile,
    /// Whether there are enough records to say what is always there.
    enough: bool,
}

pub(super) fn document(root: &Seen, candidates: &Candidates, profile: &Profile) -> Value {
    let writer = Writer { candidates, profile, enough: root.count >= ENOUGH };
    let mut schema = writer.schema(root, "");
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    Value::Object(schema)
}

impl Writer<'_> {
    fn schema(&self, seen: &Seen, name: &str) -> Map<String, Value> {
        let mut schema = Map::new();
        let types = types(seen);
        match types.as_slice() {
            // Where nothing but null was seen, nothing is known of the values that will come.
            [] | ["null"] => {}
            [one] => put(&mut schema, "type", *one),
            many => put(&mut schema, "type", json!(many)),
        }
        if let Some(texts) = &seen.texts {
            self.texts(texts, seen, name, &mut schema);
        }
        if let Some(items) = seen.arrays.as_ref().filter(|items| items.count > 0) {
            put(&mut schema, "items", Value::Object(self.schema(items, name)));
        }
        if let Some(objects) = &seen.objects {
            self.objects(objects, name, &mut schema);
        }
        if seen.objects.is_none() && seen.arrays.is_none() {
            self.annotate(name, &mut schema);
        }
        schema
    }

    fn texts(&self, texts: &Texts, seen: &Seen, name: &str, schema: &mut Map<String, Value>) {
        if let Some(meant) = self.candidates.meant(&texts.formats, name, self.profile) {
            put(schema, "format", meant.name);
            if let Some(codes) = meant.codes {
                put(schema, "x-ndxp-codelist", codes);
            }
            return;
        }
        let others = seen.count - texts.count - seen.nulls;
        let list = texts.list.as_ref().filter(|list| {
            let complete = texts.count >= ENOUGH && list.len() * REPEATS <= texts.count;
            complete && others == 0 && list.len() <= MAX_LIST && self.is_public(name, list.iter())
        });
        if let Some(list) = list {
            let null = (seen.nulls > 0).then_some(Value::Null);
            let members = list.iter().map(|text| Value::from(text.as_str())).chain(null);
            put(schema, "enum", members.collect::<Vec<_>>());
        }
    }

    /// A list of what looks personal would carry persons' data into the schema.
    fn is_public<'t>(&self, name: &str, mut list: impl Iterator<Item = &'t String>) -> bool {
        nation::personal_name(self.profile, name).is_none()
            && list.all(|text| nation::personal_format_of(self.profile, text).is_none())
    }

    fn objects(&self, objects: &Objects, name: &str, schema: &mut Map<String, Value>) {
        let named = match &objects.names {
            Names::Map(seen) => {
                put(schema, "additionalProperties", Value::Object(self.schema(seen, name)));
                return;
            }
            Names::Properties(named) => named,
        };
        let properties: Map<String, Value> = named
            .iter()
            .map(|(name, seen)| (name.clone(), Value::Object(self.schema(seen, name))))
            .collect();
        let enough = self.enough && objects.count >= ENOUGH;
        let always = named.iter().filter(|(_, seen)| enough && seen.count == objects.count);
        let required: Vec<&str> = always.map(|(name, _)| name.as_str()).collect();
        if !required.is_empty() {
            put(schema, "required", json!(required));
        }
        put(schema, "properties", Value::Object(properties));
    }

    /// Proposes; whoever takes the schema over decides.
    fn annotate(&self, name: &str, schema: &mut Map<String, Value>) {
        let format = schema.get("format").and_then(Value::as_str);
        let by_format = format.is_some_and(|f| nation::is_personal_format(self.profile, f));
        let level = nation::personal_name(self.profile, name).or(by_format.then_some("basic"));
        let classification = if level.is_some() { "confidential" } else { "internal" };
        put(schema, "x-ndxp-classification", classification);
        if let Some(level) = level {
            put(schema, "x-ndxp-personal-data", level);
        }
    }
}

fn put(schema: &mut Map<String, Value>, keyword: &str, value: impl Into<Value>) {
    schema.insert(keyword.to_owned(), value.into());
}

fn types(seen: &Seen) -> Vec<&'static str> {
    let there = [
        ("string", seen.texts.is_some()),
        // One fraction makes the place a number's; integers are numbers too.
        ("integer", seen.integers > 0 && seen.fractions == 0),
        ("number", seen.fractions > 0),
        ("boolean", seen.booleans > 0),
        ("object", seen.objects.is_some()),
        ("array", seen.arrays.is_some()),
        ("null", seen.nulls > 0),
    ];
    there.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}
