//! Why a record is invalid, bounded.

mod branch;
mod hints;
mod leaf;
mod objects;
mod visit;
mod walk;
mod words;

use serde_json::Value;

use crate::{
    codes::CodesAt,
    schema::{Inner, Target as Place},
};
use visit::Report;
use walk::Walk;

/// How much an explanation may cost and hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps of work: one for each schema asked about a value, and more for rules that
    /// look at a whole value.
    pub steps: usize,
    /// Violations listed.
    pub errors: usize,
}

impl Default for Budget {
    /// Returns 10,000 steps and 10 violations.
    fn default() -> Self {
        Self { steps: 10_000, errors: 10 }
    }
}

/// One rule that a record breaks. Holds no value of the record; the path holds names of its members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The JSON Pointer of the offending value; for a missing property the object's, for an unexpected one the key's.
    pub instance_path: String,
    /// The JSON Pointer of the keyword in the schema document; through a `$ref` the target's place.
    pub schema_path: String,
    /// The keyword, for example `required`.
    pub keyword: String,
    /// What was expected, and what kind of thing was found.
    pub message: String,
}

/// The violations found: first by keyword of the schema, then by name or index in the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// At least one for an invalid record.
    pub violations: Vec<Violation>,
    /// Whether something was left out: the budget ran out, of steps or of violations.
    pub truncated: bool,
}

/// Explains a record that the validator refused.
pub(crate) fn explain(
    schema: &Inner,
    codes: Option<&CodesAt>,
    record: &Value,
    budget: Budget,
) -> Explanation {
    let mut walk = Walk::new(schema, codes, budget.steps);
    let mut report = Report::new(budget.errors.max(1));
    let root = Place { schema: &schema.root, pointer: String::new() };
    visit::visit(&mut walk, &root, record, "", &mut report);
    let truncated = report.truncated || walk.exhausted();
    let mut violations = report.violations;
    if violations.is_empty() {
        violations.push(report.suspect.unwrap_or_else(unplaced));
    }
    Explanation { violations, truncated }
}

/// Says why the schema at `place` of the document refuses `value`; `None` if it does not, or if that cannot be told.
pub(crate) fn refusal_at(schema: &Inner, place: &str, value: &Value) -> Option<Violation> {
    let budget = Budget { errors: 1, ..Budget::default() };
    let mut walk = Walk::new(schema, None, budget.steps);
    let at = Place { schema: schema.root.pointer(place)?, pointer: place.to_owned() };
    if walk.holds(at.schema, value) != Some(false) {
        return None;
    }
    let mut report = Report::new(budget.errors);
    visit::visit(&mut walk, &at, value, "", &mut report);
    report.violations.into_iter().next()
}

/// The validator said no, and the budget ran out before the walk came to the place.
fn unplaced() -> Violation {
    Violation {
        instance_path: String::new(),
        schema_path: String::new(),
        keyword: "limit".to_owned(),
        message:
            "the record does not match the schema; its place was not found within the work allowed"
                .to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
