//! Which agreements a new schema touches, and how.

use ndxp_model::{AgencyId, AgreementRef, Terms};
use ndxp_schema::Schema;
use serde_json::Value;

/// How a field that an agreement names is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Removed,
    Raised,
    Lowered,
    Changed,
}

/// One field of one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) agreement: AgreementRef,
    pub(crate) consumer: AgencyId,
    pub(crate) field: String,
    pub(crate) touch: Touch,
    pub(crate) message: String,
}

/// Returns what the step from `old` to `new` means for the agreements, in their order.
pub(super) fn of(old: &Schema, new: &Schema, agreements: &[(AgreementRef, Terms)]) -> Vec<Effect> {
    let touched = agreements.iter().flat_map(|(reference, terms)| {
        let rows = terms.rows.iter().map(|rows| rows.field.as_str());
        let named = terms.fields.iter().map(|grant| grant.path.as_str()).chain(rows);
        named.filter_map(move |field| {
            let (touch, message) = touch(old, new, field)?;
            let (agreement, consumer) = (reference.clone(), terms.consumer.clone());
            Some(Effect { agreement, consumer, field: field.to_owned(), touch, message })
        })
    });
    touched.collect()
}

fn touch(old: &Schema, new: &Schema, field: &str) -> Option<(Touch, String)> {
    if !new.declares(field) {
        let text = "the schema declares this field no more";
        return Some((Touch::Removed, text.to_owned()));
    }
    if let (Some(was), Some(is)) = (old.classification(field), new.classification(field))
        && was != is
    {
        let (was, is, touch) = (was.as_str(), is.as_str(), raised(was < is));
        let text = match touch {
            Touch::Raised => format!(
                "classification rises from {was} to {is}: both sides are to approve the agreement anew; it is neither \
                 suspended nor widened by this"
            ),
            _ => format!("classification falls from {was} to {is}"),
        };
        return Some((touch, text));
    }
    let changed = said(old, field) != said(new, field);
    changed.then(|| (Touch::Changed, "what the schema says of this field changes".to_owned()))
}

const fn raised(rises: bool) -> Touch {
    if rises { Touch::Raised } else { Touch::Lowered }
}

/// What a schema says at a field: its keywords without annotations, and whether it is required.
fn said(schema: &Schema, field: &str) -> (Vec<String>, bool) {
    let here = schema.applying_at(field).into_iter().map(|at| plain(at).to_string());
    let mut here: Vec<String> = here.filter(|text| text != "{}").collect();
    here.sort();
    here.dedup();
    let (parent, name) = field.rsplit_once('/').unwrap_or_default();
    let name = name.replace("~1", "/").replace("~0", "~");
    let required = schema.applying_at(parent).into_iter().any(|at| {
        let names = at.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|one| *one == name.as_str()))
    });
    (here, required)
}

/// A schema without annotations, at any depth: depth is bounded by the limits of a schema.
fn plain(at: &Value) -> Value {
    match at {
        Value::Object(members) => {
            let told = members.iter().filter(|(name, value)| !is_annotation(name, value));
            Value::Object(told.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// Texts alone: a property may be called `title`, and is an object then.
fn is_annotation(name: &str, value: &Value) -> bool {
    let words = ["title", "description", "$comment", "default", "examples", "$ref"];
    (words.contains(&name) && !value.is_object()) || name.starts_with("x-")
}
