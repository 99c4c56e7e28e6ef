//! NDX012: a default or example is valid where it stands.

use serde_json::Value;

use super::super::{Found, On, document::Document};
use crate::explain;

/// Examples looked at in one place.
const MAX_EXAMPLES: usize = 100;

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    let Some(schema) = &document.schema else { return };
    let judge = |place: &str, pointer: String, what: &str, value: &Value| {
        let violation = explain::refusal_at(&schema.inner, place, value)?;
        let message = format!("the {what} is refused by its own schema: {}", violation.message);
        let hint = format!("{} at {} says so", violation.keyword, violation.schema_path);
        Some(Found::new("NDX012", pointer, On::Value, message).hint(hint))
    };
    for place in &document.places {
        let default = place.schema.get("default");
        found.extend(
            default.and_then(|value| {
                judge(&place.pointer, place.keyword("default"), "default", value)
            }),
        );
        let examples = place.schema.get("examples").and_then(Value::as_array);
        let examples = examples.into_iter().flatten().enumerate().take(MAX_EXAMPLES);
        found.extend(examples.filter_map(|(n, value)| {
            let pointer = format!("{}/{n}", place.keyword("examples"));
            judge(&place.pointer, pointer, "example", value)
        }));
    }
}
