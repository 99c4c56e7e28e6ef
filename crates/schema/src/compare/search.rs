//! From a value that the rules found to a witness that both validators have judged.

use serde_json::Value;

use super::{Direction, Policy, Witness, strip::strip};
use crate::{Budget, Schema, Validator};

/// Smaller records tried for one witness, and their parts together.
const MAX_SMALLER: usize = 100;
const MAX_PARTS: usize = 4_000;

/// Both sides of a direction, compiled.
pub(super) struct Judge<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    accepts: &'s Validator,
    reads: &'s Validator,
    policy: Policy,
    direction: Direction,
}

impl<'s> Judge<'s> {
    /// Each side with its validator.
    pub(super) const fn new(
        (writer, accepts): (&'s Schema, &'s Validator),
        (reader, reads): (&'s Schema, &'s Validator),
        direction: Direction,
        policy: Policy,
    ) -> Self {
        Self { writer, reader, accepts, reads, policy, direction }
    }

    /// Tells whether the record is one of the writer's that the reader refuses, by the definition of the policy.
    pub(super) fn is_lost(&self, record: &Value) -> bool {
        if !is_record(record, 0) || !self.accepts.decide(record) {
            return false;
        }
        match self.policy {
            Policy::Strict => !self.reads.decide(record),
            Policy::Role => {
                strip(self.writer, record) == *record
                    && !self.reads.decide(&strip(self.reader, record))
            }
        }
    }

    /// Makes a witness of a record, if it is one: the smallest that is found near it.
    pub(super) fn witness(&self, record: Value) -> Option<Witness> {
        if !self.is_lost(&record) {
            return None;
        }
        let record = self.shrunk(record);
        let seen = match self.policy {
            Policy::Strict => record.clone(),
            Policy::Role => strip(self.reader, &record),
        };
        let first = self.reads.explain(&seen, Budget { steps: 2_000, errors: 4 }).violations;
        let first = first.into_iter().next();
        let (instance_path, keyword) =
            first.map(|violation| (violation.instance_path, violation.keyword)).unwrap_or_default();
        Some(Witness { direction: self.direction, record, instance_path, keyword })
    }

    fn shrunk(&self, mut record: Value) -> Value {
        let most = MAX_SMALLER.min(MAX_PARTS / parts(&record));
        let mut tries = 0;
        'again: loop {
            for smaller in smaller(&record, most - tries) {
                tries += 1;
                if tries >= most {
                    return record;
                }
                if self.is_lost(&smaller) {
                    record = smaller;
                    continue 'again;
                }
            }
            return record;
        }
    }
}

/// What the strict reader would let through: no integer beyond 2^53, not too deep.
fn is_record(value: &Value, depth: usize) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|n| n.abs() < 9_007_199_254_740_992.0),
        Value::Array(items) => depth < 60 && items.iter().all(|item| is_record(item, depth + 1)),
        Value::Object(members) => {
            depth < 60 && members.values().all(|value| is_record(value, depth + 1))
        }
        _ => true,
    }
}

/// Counts the values inside, this one included.
fn parts(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(parts).sum(),
        Value::Array(items) => items.iter().map(parts).sum(),
        Value::String(text) => text.len() / 64,
        _ => 0,
    }
}

/// The same value with one part taken out, from the outside inwards; at most `most` of them.
fn smaller(value: &Value, most: usize) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            for name in members.keys().take(most) {
                let mut fewer = members.clone();
                fewer.remove(name);
                found.push(Value::Object(fewer));
            }
            for (name, inner) in members {
                for smaller in smaller(inner, most.saturating_sub(found.len())) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), smaller);
                    found.push(Value::Object(changed));
                }
            }
        }
        Value::Array(items) => {
            for n in 0..items.len().min(most) {
                let fewer =
                    items.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, item)| item.clone());
                found.push(Value::Array(fewer.collect()));
            }
            for (n, inner) in items.iter().enumerate() {
                for smaller in smaller(inner, most.saturating_sub(found.len())) {
                    let changed = items.iter().enumerate();
                    let changed = changed
                        .map(|(m, item)| if m == n { smaller.clone() } else { item.clone() });
                    found.push(Value::Array(changed.collect()));
                }
            }
        }
        Value::String(text) if text.chars().count() > 1 => {
            found.push(Value::String(String::new()));
            found.push(Value::String(text.chars().take(1).collect()));
        }
        _ => {}
    }
    found.truncate(most);
    found
}
