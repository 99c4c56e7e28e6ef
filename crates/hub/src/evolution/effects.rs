//! Which agreements a new schema touches, and how.

use std::collections::BTreeMap;

use ndxp_model::{AgencyId, AgreementRef, Terms};
use ndxp_schema::{Comparison, Moved, Schema, moved};

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
    pub(crate) told: Told,
}

/// What is told of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) touch: Touch,
    pub(crate) message: String,
    /// The places of the changes that touch it, in the order of the comparison.
    pub(crate) changes: Vec<String>,
}

/// The step from one schema to the next.
pub(super) struct Step<'a> {
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    pub(super) comparison: &'a Comparison,
}

impl Step<'_> {
    /// Returns what the step means for the agreements, in their order.
    pub(super) fn effects(&self, agreements: &[(AgreementRef, Terms)]) -> Vec<Effect> {
        // Many agreements name the same few fields.
        let mut known: BTreeMap<&str, Option<Told>> = BTreeMap::new();
        let mut found = Vec::new();
        for (reference, terms) in agreements {
            let rows = terms.rows.iter().map(|rows| rows.field.as_str());
            for field in terms.fields.iter().map(|grant| grant.path.as_str()).chain(rows) {
                let told = known.entry(field).or_insert_with(|| self.told(field));
                let Some(told) = told.clone() else { continue };
                let (agreement, consumer) = (reference.clone(), terms.consumer.clone());
                found.push(Effect { agreement, consumer, field: field.to_owned(), told });
            }
        }
        found
    }

    fn told(&self, field: &str) -> Option<Told> {
        let (before, after) = (self.old.reach(field), self.new.reach(field));
        let moves = moved(self.old, self.new, field);
        let touching = self.comparison.changes.iter().filter(|change| {
            change.touches(&before, &after) && (!change.is_classification() || !moves.is_empty())
        });
        let mut changes: Vec<String> = touching.map(|change| change.pointer.clone()).collect();
        changes.dedup();
        let (touch, message) = if !self.new.declares(field) {
            (Touch::Removed, "the schema declares this field no more".to_owned())
        } else if let Some(moved) = reclassified(field, &moves) {
            moved
        } else if !changes.is_empty() {
            (Touch::Changed, changed(field, &changes))
        } else if self.comparison.truncated {
            let text = "there are more changes than were looked at; it may be touched";
            (Touch::Changed, text.to_owned())
        } else {
            return None;
        };
        Some(Told { touch, message, changes })
    }
}

fn changed(field: &str, changes: &[String]) -> String {
    let places = changes.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if changes.len() > 3 { " and elsewhere" } else { "" };
    format!("what the schema says of {field} changes, at {places}{more}")
}

/// The first place that rises; else the first that falls.
fn reclassified(field: &str, moves: &[Moved]) -> Option<(Touch, String)> {
    let one = moves.iter().find(|one| one.was < one.is).or_else(|| moves.first())?;
    let of = if one.place == field { String::new() } else { format!(" of {}", one.place) };
    let (was, is) = (one.was.as_str(), one.is.as_str());
    Some(if one.was < one.is {
        let text = format!(
            "classification{of} rises from {was} to {is}: both sides are to approve the agreement anew; it is neither \
             suspended nor widened by this"
        );
        (Touch::Raised, text)
    } else {
        (Touch::Lowered, format!("classification{of} falls from {was} to {is}"))
    })
}
