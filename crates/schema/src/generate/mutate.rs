//! A record with one thing changed somewhere.

use serde_json::{Map, Value, json};

use super::chance::Chance;

/// What the strict reader lets through.
pub(super) fn is_record(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|n| n.abs() < 9_007_199_254_740_992.0),
        Value::Array(items) => items.iter().all(is_record),
        Value::Object(members) => members.values().all(is_record),
        _ => true,
    }
}

/// Changes one thing at a place chosen by chance.
pub(super) fn changed(value: Value, chance: &mut Chance) -> Value {
    match value {
        Value::Object(members) if !members.is_empty() && !chance.one_in(3) => {
            inside(members, chance)
        }
        Value::Array(mut items) if !items.is_empty() && !chance.one_in(3) => {
            let at = chance.below(items.len());
            if let Some(item) = items.get_mut(at) {
                *item = changed(item.take(), chance);
            }
            Value::Array(items)
        }
        Value::Object(members) => object(members, chance),
        Value::Array(items) => array(items, chance),
        other if chance.one_in(3) => another_kind(&other, chance),
        Value::String(text) => Value::String(string(&text, chance)),
        Value::Number(number) => near(number.as_f64().unwrap_or(0.0), chance),
        other => another_kind(&other, chance),
    }
}

fn inside(mut members: Map<String, Value>, chance: &mut Chance) -> Value {
    let at = chance.below(members.len());
    if let Some((_, member)) = members.iter_mut().nth(at) {
        *member = changed(member.take(), chance);
    }
    Value::Object(members)
}

fn object(mut members: Map<String, Value>, chance: &mut Chance) -> Value {
    let names: Vec<String> = members.keys().cloned().collect();
    if let Some(name) = chance.pick(&names)
        && !chance.one_in(3)
    {
        members.remove(name);
    } else if chance.one_in(6) {
        return another_kind(&Value::Object(members), chance);
    } else {
        members.insert(format!("more{}", chance.below(10)), scalar(chance));
    }
    Value::Object(members)
}

fn array(mut items: Vec<Value>, chance: &mut Chance) -> Value {
    match chance.below(4) {
        0 => {
            items.pop();
        }
        1 => items.push(items.first().cloned().unwrap_or(Value::Null)),
        2 => items.push(scalar(chance)),
        _ => return another_kind(&Value::Array(items), chance),
    }
    Value::Array(items)
}

fn string(text: &str, chance: &mut Chance) -> String {
    match chance.below(5) {
        0 => String::new(),
        1 => format!("{text}{text}x"),
        2 => text.chars().skip(1).collect(),
        3 => format!("{text}!"),
        _ => text.to_uppercase(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a record's integer is below 2^53")]
fn near(number: f64, chance: &mut Chance) -> Value {
    let whole = number as i64;
    match chance.below(6) {
        0 => json!(whole.saturating_add(1)),
        1 => json!(whole.saturating_sub(1)),
        2 => json!(number + 0.5),
        3 => json!(whole.saturating_neg()),
        4 => json!(whole.saturating_add(1_000_000)),
        _ => json!(0),
    }
}

/// A value of another kind.
fn another_kind(value: &Value, chance: &mut Chance) -> Value {
    let other = scalar(chance);
    if std::mem::discriminant(&other) == std::mem::discriminant(value) { json!([]) } else { other }
}

fn scalar(chance: &mut Chance) -> Value {
    match chance.below(7) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(chance.below(100)),
        3 => json!(-1.5),
        4 => json!({}),
        5 => json!("x"),
        _ => json!(""),
    }
}
