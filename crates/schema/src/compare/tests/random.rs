//! Random pairs of small schemas, against the validators and the definition of the policies.

use serde_json::{Value, json};

use super::*;
use crate::{
    compare::strip::strip,
    generate::{Generator, chance::Chance},
};

/// A small schema over few names and values, so that pairs of them have to do with each other.
fn random(chance: &mut Chance, depth: usize) -> Value {
    if depth == 0 || chance.one_in(6) {
        return leaf(chance);
    }
    let below = depth - 1;
    match chance.below(16) {
        0..=5 => object(chance, below),
        6 | 7 => array(chance, below),
        8 => json!({ "anyOf": [random(chance, below), random(chance, below)] }),
        9 => json!({ "oneOf": [random(chance, below), random(chance, below)] }),
        10 => json!({ "allOf": [random(chance, below), random(chance, below)] }),
        11 => json!({ "not": random(chance, below) }),
        12 => {
            json!({ "if": random(chance, below), "then": random(chance, below), "else": random(chance, below) })
        }
        13 => {
            json!({ "type": "object", "properties": { "a": random(chance, below) }, "unevaluatedProperties": chance.one_in(2), "allOf": [object(chance, 0)] })
        }
        _ => leaf(chance),
    }
}

fn leaf(chance: &mut Chance) -> Value {
    let leaves = [
        json!(true),
        json!(false),
        json!({}),
        json!({ "type": "string" }),
        json!({ "type": "integer" }),
        json!({ "type": "number" }),
        json!({ "type": ["string", "null"] }),
        json!({ "enum": ["x", 1, null] }),
        json!({ "const": 1 }),
        json!({ "const": {"a": 1} }),
        json!({ "minimum": 1 }),
        json!({ "type": "integer", "maximum": 2 }),
        json!({ "exclusiveMinimum": 0, "multipleOf": 2 }),
        json!({ "multipleOf": 3, "minimum": 0, "maximum": 20 }),
        json!({ "multipleOf": 0.5 }),
        json!({ "type": "string", "minLength": 2 }),
        json!({ "type": "string", "maxLength": 3 }),
        json!({ "type": "string", "pattern": "^a" }),
        json!({ "pattern": "^[ab]*$", "type": "string" }),
        json!({ "type": "string", "pattern": "b$" }),
        json!({ "type": "string", "format": "date" }),
        json!({ "type": "string", "enum": ["a", "ab", "b"] }),
        json!({ "type": "boolean" }),
        json!({ "type": "array" }),
        json!({ "type": "object" }),
        json!({ "type": "array", "maxItems": 2 }),
        json!({ "type": ["integer", "array"] }),
    ];
    chance.pick(&leaves).cloned().unwrap_or_default()
}

fn object(chance: &mut Chance, below: usize) -> Value {
    let mut schema = json!({ "type": "object" });
    let Some(members) = schema.as_object_mut() else { return schema };
    for name in ["a", "b", "ab"] {
        if chance.one_in(2) {
            let property = random(chance, below);
            if let Some(named) =
                members.entry("properties").or_insert_with(|| json!({})).as_object_mut()
            {
                named.insert(name.to_owned(), property);
            }
        }
        if chance.one_in(5) {
            members.insert("required".to_owned(), json!([name]));
        }
    }
    match chance.below(14) {
        0..=2 => members.insert("additionalProperties".to_owned(), json!(false)),
        3 => members.insert("additionalProperties".to_owned(), random(chance, below)),
        4 => members.insert("patternProperties".to_owned(), json!({ "^a": random(chance, below) })),
        5 => members.insert(
            "patternProperties".to_owned(),
            json!({ "b$": random(chance, below), "^a": leaf(chance) }),
        ),
        6 => members.insert("minProperties".to_owned(), json!(chance.below(3))),
        7 => members.insert("maxProperties".to_owned(), json!(chance.below(3))),
        8 => members.insert("propertyNames".to_owned(), json!({ "maxLength": 1 })),
        9 => members.insert("dependentRequired".to_owned(), json!({ "a": ["b"] })),
        10 => members.insert("dependentSchemas".to_owned(), json!({ "a": random(chance, below) })),
        _ => None,
    };
    schema
}

fn array(chance: &mut Chance, below: usize) -> Value {
    let mut schema = json!({ "type": "array" });
    let Some(members) = schema.as_object_mut() else { return schema };
    if chance.one_in(2) {
        members.insert("items".to_owned(), random(chance, below));
    }
    match chance.below(12) {
        0 => members.insert("prefixItems".to_owned(), json!([random(chance, below)])),
        1 => members.insert("contains".to_owned(), random(chance, below)),
        2 => members.insert("uniqueItems".to_owned(), json!(true)),
        3 => members.insert("minItems".to_owned(), json!(chance.below(3))),
        4 => members.insert("maxItems".to_owned(), json!(chance.below(3))),
        5 => {
            members.insert("maxContains".to_owned(), json!(1));
            members.insert("minContains".to_owned(), json!(chance.below(2)));
            members.insert("contains".to_owned(), random(chance, below))
        }
        6 | 7 => {
            let around = ["allOf", "anyOf"].map(ToOwned::to_owned);
            let inside = json!([array(chance, below), array(chance, below)]);
            let keyword = chance.pick(&around).cloned().unwrap_or_default();
            members.insert(keyword, inside);
            members.insert("unevaluatedItems".to_owned(), leaf(chance))
        }
        8 => members.insert("unevaluatedItems".to_owned(), json!(chance.one_in(2))),
        _ => None,
    };
    schema
}

/// The same schema with something inside it replaced.
fn edited(schema: &Value, chance: &mut Chance) -> Value {
    match schema {
        Value::Object(members) if !members.is_empty() && !chance.one_in(4) => {
            let mut members = members.clone();
            let names: Vec<String> = members.keys().cloned().collect();
            let Some(name) = chance.pick(&names).cloned() else { return schema.clone() };
            let holds_schema = matches!(
                name.as_str(),
                "items" | "not" | "additionalProperties" | "contains" | "if" | "then" | "else"
            );
            match members.get(&name) {
                Some(Value::Object(inner)) if name == "properties" && !inner.is_empty() => {
                    let mut inner = inner.clone();
                    let keys: Vec<String> = inner.keys().cloned().collect();
                    let Some(key) = chance.pick(&keys) else { return schema.clone() };
                    if chance.one_in(3) {
                        inner.remove(key);
                    } else if let Some(value) = inner.get(key).map(|value| edited(value, chance)) {
                        inner.insert(key.clone(), value);
                    }
                    members.insert(name, Value::Object(inner));
                }
                Some(Value::Array(branches)) if name.ends_with("Of") => {
                    let edited = branches.iter().map(|branch| edited(branch, chance)).collect();
                    members.insert(name, Value::Array(edited));
                }
                Some(inner) if holds_schema => {
                    let inner = edited(inner, chance);
                    members.insert(name, inner);
                }
                _ if chance.one_in(2) => {
                    members.remove(&name);
                }
                _ => {}
            }
            Value::Object(members)
        }
        _ => random(chance, 1),
    }
}

#[derive(Debug)]
struct Tally {
    compatible: usize,
    breaking: usize,
    undecided: Vec<String>,
    records: usize,
}

impl Tally {
    /// Both verdicts have to have been met, and a proof or a record found for nearly all pairs.
    fn check(&self, pairs: usize) {
        let Self { compatible, breaking, undecided, records } = self;
        let few = undecided.len() * 25 <= pairs;
        assert!(*compatible > 0 && *breaking > 0 && *records > 0 && few, "{self:#?}");
        assert!(option_env!("NDXP_COMPARE_FIGURES").is_none(), "{self:#?}");
    }
}

/// Compares random pairs one way and tries records on every verdict.
fn run(seed: u64, pairs: usize, records: usize, policy: Policy) -> Tally {
    let mut chance = Chance::new(seed);
    let mut tally = Tally { compatible: 0, breaking: 0, undecided: Vec::new(), records: 0 };
    for n in 0..pairs {
        let depth = 1 + n % 3;
        let old = random(&mut chance, depth);
        let new =
            if chance.one_in(3) { random(&mut chance, depth) } else { edited(&old, &mut chance) };
        let (old, new) = (schema(&old.to_string()), schema(&new.to_string()));
        let comparison = compare(&old, &new, Mode::Backward, policy, Effort::default());
        let pair =
            format!("seed {seed}, pair {n}, {policy:?}:\n{}\n{}", old.document(), new.document());
        match comparison.verdict {
            Verdict::Compatible => {
                tally.compatible += 1;
                tally.records += survives(&old, &new, policy, records, chance.next(), &pair);
            }
            Verdict::Breaking => {
                tally.breaking += 1;
                let Some(witness) = comparison.witness else { continue };
                assert!(is_lost(&old, &new, policy, &witness.record), "{pair}\n{witness:?}");
            }
            Verdict::Undecided => {
                tally.undecided.push(pair);
            }
        }
    }
    tally
}

fn is_lost(old: &Schema, new: &Schema, policy: Policy, record: &Value) -> bool {
    let (accepts, reads) = (old.compile().unwrap(), new.compile().unwrap());
    match policy {
        Policy::Strict => accepts.decide(record) && !reads.decide(record),
        Policy::Role => {
            accepts.decide(record)
                && strip(old, record) == *record
                && !reads.decide(&strip(new, record))
        }
    }
}

fn survives(
    old: &Schema,
    new: &Schema,
    policy: Policy,
    records: usize,
    seed: u64,
    pair: &str,
) -> usize {
    let (accepts, reads) = (old.compile().unwrap(), new.compile().unwrap());
    let mut generator = Generator::new(old, seed).unwrap();
    let mut tried = 0;
    for _ in 0..records {
        let Some(record) = generator.valid() else { break };
        let record = if policy == Policy::Role { strip(old, &record) } else { record };
        if !accepts.decide(&record) || (policy == Policy::Role && strip(old, &record) != record) {
            continue;
        }
        tried += 1;
        let seen = if policy == Policy::Role { strip(new, &record) } else { record.clone() };
        assert!(reads.decide(&seen), "{pair}\nis lost: {record}");
    }
    tried
}

fn rounds() -> (u64, usize) {
    let from = option_env!("NDXP_COMPARE_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let pairs =
        option_env!("NDXP_COMPARE_PAIRS").and_then(|pairs| pairs.parse().ok()).unwrap_or(400);
    (from, pairs)
}

#[test]
fn strict_verdicts_on_random_pairs_survive_records() {
    let (seed, pairs) = rounds();
    run(seed, pairs, 60, Policy::Strict).check(pairs);
}

#[test]
fn role_verdicts_on_random_pairs_survive_records() {
    let (seed, pairs) = rounds();
    run(seed + 1_000, pairs, 60, Policy::Role).check(pairs);
}
