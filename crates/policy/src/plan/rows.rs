//! The row filter: one text at one place.

use ndxp_model::RowFilter;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    path: Vec<String>,
    equals: String,
}

impl Rows {
    pub(super) fn compile(filter: &RowFilter) -> Self {
        Self { path: filter.field.tokens().collect(), equals: filter.equals.clone() }
    }

    pub(super) fn admits(&self, record: &Value) -> bool {
        let place = self.path.iter().try_fold(record, |value, token| member(value, token));
        place.and_then(Value::as_str) == Some(self.equals.as_str())
    }
}

/// Follows objects only. `*` names no member, as in an allow-list: a filter through an array would
/// need to say whether one element or all must be equal.
fn member<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    value.as_object().filter(|_| token != "*")?.get(token)
}
