//! The projection and the row filter on parsed values: what the walk over the text is held to.

use ndxp_model::RowFilter;
use serde_json::{Map, Value, json};

use super::{Node, Plan};

pub(super) fn shown(plan: &Plan, rows: Option<&RowFilter>, record: &Value) -> Option<Value> {
    let admitted = rows.is_none_or(|rows| admits(rows, record));
    admitted.then(|| project(&plan.fields, record).unwrap_or_else(|| json!({})))
}

fn project(node: &Node, value: &Value) -> Option<Value> {
    match (node, value) {
        (Node::Whole, any) => Some(any.clone()),
        (Node::Parts { members, .. }, Value::Object(object)) if !members.is_empty() => {
            let granted = members
                .iter()
                .filter_map(|(name, node)| Some((name.clone(), project(node, object.get(name)?)?)));
            Some(Value::Object(granted.collect::<Map<_, _>>()))
        }
        (Node::Parts { elements: Some(each), .. }, Value::Array(array)) => {
            Some(array.iter().filter_map(|element| project(each, element)).collect())
        }
        (Node::Parts { .. }, _) => None,
    }
}

fn admits(rows: &RowFilter, record: &Value) -> bool {
    let place = rows
        .field
        .tokens()
        .try_fold(record, |value, token| value.as_object().filter(|_| token != "*")?.get(&token));
    place.and_then(Value::as_str) == Some(rows.equals.as_str())
}
