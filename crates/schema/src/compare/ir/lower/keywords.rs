//! The keywords of one schema object.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::Lowering;
use crate::{
    codes,
    compare::ir::{Id, Items, Kind, Props, Rule},
    profile::FormatMode,
    schema::Dialect,
};

type Branches = fn(Vec<Id>) -> Rule;

/// The schema object that is being lowered.
pub(super) struct Here<'a> {
    pub(super) place: &'a str,
    pub(super) members: &'a Map<String, Value>,
    pub(super) depth: usize,
    pub(super) rules: &'a mut Vec<Rule>,
}

impl<'a> Here<'a> {
    fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.members.get(keyword)
    }

    /// Lengths may be written as 1.0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the metaschema allows integers from 0"
    )]
    fn count(&self, keyword: &str) -> Option<u64> {
        self.get(keyword)?.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)
    }

    fn text(&self, keyword: &str) -> Option<Rc<str>> {
        self.get(keyword)?.as_str().map(Rc::from)
    }
}

impl Lowering<'_> {
    pub(super) fn keywords(&mut self, here: &mut Here<'_>) {
        values(here);
        numbers(here);
        self.texts(here);
        self.arrays(here);
        self.objects(here);
        self.combinations(here);
        self.unevaluated(here);
    }

    fn texts(&mut self, here: &mut Here<'_>) {
        let rules = [
            here.count("minLength").filter(|n| *n > 0).map(Rule::MinLength),
            here.count("maxLength").map(Rule::MaxLength),
            here.text("pattern").map(Rule::Pattern),
        ];
        here.rules.extend(rules.into_iter().flatten());
        if self.inner.profile.formats == FormatMode::Assert {
            here.rules.extend(here.text("format").map(Rule::Format));
            let listed = here.text(codes::KEYWORD);
            let named = |list| Rule::Format(format!("{} {list}", codes::KEYWORD).into());
            here.rules.extend(listed.map(named));
        }
        if self.inner.dialect == Dialect::Draft7 {
            content(here);
        }
    }

    fn arrays(&mut self, here: &mut Here<'_>) {
        let rules = [
            here.count("minItems").filter(|n| *n > 0).map(Rule::MinItems),
            here.count("maxItems").map(Rule::MaxItems),
            here.get("uniqueItems").filter(|v| **v == Value::Bool(true)).map(|_| Rule::Unique),
        ];
        here.rules.extend(rules.into_iter().flatten());
        self.items(here);
        let Some(contains) = here.get("contains") else { return };
        let id = self.child(here, "contains", contains);
        let modern = self.inner.dialect == Dialect::Draft202012;
        let min = here.count("minContains").filter(|_| modern).unwrap_or(1);
        let max = here.count("maxContains").filter(|_| modern);
        here.rules.push(Rule::Contains { id, min, max });
    }

    fn items(&mut self, here: &mut Here<'_>) {
        let (prefix, rest) = match self.inner.dialect {
            Dialect::Draft202012 => ("prefixItems", "items"),
            Dialect::Draft7 if here.get("items").is_some_and(Value::is_array) => {
                ("items", "additionalItems")
            }
            Dialect::Draft7 => ("", "items"),
        };
        let listed =
            here.get(prefix).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let numbered = listed.iter().enumerate();
        let prefix: Vec<Id> = numbered
            .map(|(n, schema)| self.grandchild(here, prefix, &n.to_string(), schema))
            .collect();
        let rest = here.get(rest).map(|schema| self.child(here, rest, schema));
        if !prefix.is_empty() || rest.is_some() {
            here.rules.push(Rule::Items(Rc::new(Items { prefix, rest })));
        }
    }

    fn objects(&mut self, here: &mut Here<'_>) {
        let required = names(here.get("required"));
        if !required.is_empty() {
            here.rules.push(Rule::Required(required));
        }
        let rules = [
            here.count("minProperties").filter(|n| *n > 0).map(Rule::MinSize),
            here.count("maxProperties").map(Rule::MaxSize),
        ];
        here.rules.extend(rules.into_iter().flatten());
        if let Some(schema) = here.get("propertyNames") {
            let id = self.child(here, "propertyNames", schema);
            here.rules.push(Rule::Names(id));
        }
        self.properties(here);
        self.dependencies(here);
    }

    fn properties(&mut self, here: &mut Here<'_>) {
        let named = self.named(here, "properties");
        let patterns = self.named(here, "patternProperties").into_iter();
        let patterns: Vec<_> = patterns.map(|(pattern, id)| (Rc::from(pattern), id)).collect();
        let additional = here.get("additionalProperties");
        let map = additional.is_some_and(Value::is_object);
        let rest = additional.map(|schema| self.child(here, "additionalProperties", schema));
        if !named.is_empty() || !patterns.is_empty() || rest.is_some() {
            here.rules.push(Rule::Props(Rc::new(Props { named, patterns, rest, map })));
        }
    }

    fn named(&mut self, here: &Here<'_>, keyword: &str) -> Vec<(String, Id)> {
        let members = here.get(keyword).and_then(Value::as_object).into_iter().flatten();
        let mut named: Vec<(String, Id)> = members
            .map(|(name, schema)| (name.clone(), self.grandchild(here, keyword, name, schema)))
            .collect();
        named.sort();
        named
    }

    fn dependencies(&mut self, here: &mut Here<'_>) {
        let modern = self.inner.dialect == Dialect::Draft202012;
        let keywords = ["dependencies", "dependentRequired", "dependentSchemas"];
        for keyword in keywords.iter().filter(|keyword| modern || **keyword == "dependencies") {
            let members = here.get(keyword).and_then(Value::as_object);
            for (name, value) in members.into_iter().flatten() {
                let id = if value.is_array() {
                    self.arena.intern(vec![Rule::Required(names(Some(value)))])
                } else {
                    self.grandchild(here, keyword, name, value)
                };
                here.rules.push(Rule::Depends(name.clone(), id));
            }
        }
    }

    fn combinations(&mut self, here: &mut Here<'_>) {
        let kinds: [(&str, Branches); 3] =
            [("allOf", Rule::All), ("anyOf", Rule::Any), ("oneOf", Rule::One)];
        for (keyword, rule) in kinds {
            if let Some(branches) = here.get(keyword).and_then(Value::as_array) {
                let numbered = branches.iter().enumerate();
                let ids = numbered
                    .map(|(n, schema)| self.grandchild(here, keyword, &n.to_string(), schema));
                let ids = ids.collect();
                here.rules.push(rule(ids));
            }
        }
        if let Some(schema) = here.get("not") {
            let id = self.child(here, "not", schema);
            here.rules.push(Rule::Not(id));
        }
        if let Some(schema) = here.get("if") {
            let condition = self.child(here, "if", schema);
            let yes = self.branch(here, "then");
            let no = self.branch(here, "else");
            here.rules.push(Rule::If(condition, yes, no));
        }
    }

    fn branch(&mut self, here: &Here<'_>, keyword: &str) -> Id {
        match here.get(keyword) {
            Some(schema) => self.child(here, keyword, schema),
            None => self.arena.intern(Vec::new()),
        }
    }
}

fn names(value: Option<&Value>) -> Vec<String> {
    let listed = value.and_then(Value::as_array).into_iter().flatten();
    let mut names: Vec<String> =
        listed.filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}

fn values(here: &mut Here<'_>) {
    if let Some(value) = here.get("type") {
        let listed = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        let bits =
            listed.iter().filter_map(Value::as_str).map(type_bits).fold(0, |all, one| all | one);
        here.rules.push(Rule::Types(bits));
    }
    if let Some(value) = here.get("const") {
        here.rules.push(Rule::Enum(vec![value.clone()]));
    }
    if let Some(values) = here.get("enum").and_then(Value::as_array) {
        let mut values = values.clone();
        values.sort_by_cached_key(ToString::to_string);
        here.rules.push(Rule::Enum(values));
    }
}

fn type_bits(name: &str) -> u8 {
    match name {
        "null" => Kind::Null.bit(),
        "boolean" => Kind::Boolean.bit(),
        "integer" => Kind::Integral.bit(),
        "number" => Kind::Integral.bit() | Kind::Fractional.bit(),
        "string" => Kind::Text.bit(),
        "array" => Kind::Array.bit(),
        "object" => Kind::Object.bit(),
        _ => 0,
    }
}

fn numbers(here: &mut Here<'_>) {
    let number = |keyword| here.get(keyword).and_then(Value::as_f64);
    let rules = [
        number("minimum").map(|n| Rule::AtLeast(n, false)),
        number("exclusiveMinimum").map(|n| Rule::AtLeast(n, true)),
        number("maximum").map(|n| Rule::AtMost(n, false)),
        number("exclusiveMaximum").map(|n| Rule::AtMost(n, true)),
        number("multipleOf").map(Rule::Multiple),
    ];
    here.rules.extend(rules.into_iter().flatten());
}

/// Draft-07 asserts these two and no others.
fn content(here: &mut Here<'_>) {
    let encoding = here.text("contentEncoding").filter(|name| **name == *"base64");
    let media = here.text("contentMediaType").filter(|name| **name == *"application/json");
    match (encoding, media) {
        // Together they assert JSON inside base64, which is neither of the two.
        (Some(_), Some(_)) => {
            here.rules.push(Rule::Content("", Rc::from("base64 application/json")))
        }
        (Some(name), None) => here.rules.push(Rule::Content("contentEncoding", name)),
        (None, Some(name)) => here.rules.push(Rule::Content("contentMediaType", name)),
        (None, None) => {}
    }
}
