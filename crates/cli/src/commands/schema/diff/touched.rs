//! What a hub knows of a dataset, and which agreements each change touches.

use ndxp_model::{Compatibility, DatasetName};
use ndxp_schema::{Change, Reach, Schema, Verdict};
use serde::Serialize;

use crate::exit::ExitStatus;

/// What the hub says of the new schema.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) dataset: DatasetName,
    /// The schema in force.
    pub(super) version: u32,
    pub(super) hash: String,
    /// Whether the caller's agency owns the dataset, and so sees every agreement about it.
    pub(super) whole: bool,
    pub(super) mode: Compatibility,
    pub(super) verdict: &'static str,
    /// The comparisons with all schemas that bind, newest first.
    pub(super) earlier: Vec<Earlier>,
    pub(super) effects: Vec<EffectView>,
    pub(super) unclassified: Vec<String>,
}

/// What the hub found against one earlier schema.
#[derive(Debug, Serialize)]
pub(super) struct Earlier {
    pub(super) version: u32,
    pub(super) hash: String,
    pub(super) verdict: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
}

/// A field of an agreement that a schema touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands::schema) struct EffectView {
    pub(in crate::commands::schema) agreement: String,
    pub(in crate::commands::schema) consumer: String,
    pub(in crate::commands::schema) field: String,
    pub(in crate::commands::schema) kind: String,
    pub(in crate::commands::schema) message: String,
}

/// The hub's part of the report.
#[derive(Debug, Serialize)]
pub(super) struct RegisteredReport<'a> {
    dataset: String,
    version: u32,
    hash: &'a str,
    mode: &'static str,
    verdict: &'static str,
    comparisons: &'a [Earlier],
    /// Whether all agreements about the dataset were looked at, or the caller's own.
    all_agreements: bool,
    effects: &'a [EffectView],
    unclassified: &'a [String],
}

/// An effect with what its field reaches on both sides.
struct Reaching<'a> {
    effect: &'a EffectView,
    old: Reach,
    new: Reach,
}

impl Registered {
    /// Returns for each change the effects it has a part in, in the order of the changes.
    pub(super) fn touched(
        &self,
        old: &Schema,
        new: &Schema,
        changes: &[Change],
    ) -> Vec<Vec<&EffectView>> {
        let reaching: Vec<Reaching<'_>> = self
            .effects
            .iter()
            .map(|effect| Reaching {
                effect,
                old: old.reach(&effect.field),
                new: new.reach(&effect.field),
            })
            .collect();
        let of = |change: &Change| {
            let having = reaching.iter().filter(|one| one.is_due_to(change));
            having.map(|one| one.effect).collect()
        };
        changes.iter().map(of).collect()
    }

    /// Says in words whom a change touches.
    pub(super) fn words(&self, touched: &[&EffectView]) -> String {
        if touched.is_empty() {
            let none =
                if self.whole { "no agreement names it" } else { "no agreement of yours names it" };
            return none.to_owned();
        }
        let one = |effect: &&EffectView| {
            format!("{} with {} ({})", effect.agreement, effect.consumer, effect.field)
        };
        format!("touches {}", touched.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    /// Returns the lines for people: what binds, what agreements meet, what has no classification.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { dataset, version, mode, verdict, .. } = self;
        let mut lines = vec![format!("{dataset}, schema {version}, {}: {verdict}", mode.as_str())];
        lines.extend(self.earlier.iter().filter(|one| one.verdict != "compatible").map(|one| {
            let reason =
                if one.reason.is_empty() { String::new() } else { format!(": {}", one.reason) };
            format!("  schema {}: {}{reason}", one.version, one.verdict)
        }));
        lines.extend(self.effects.iter().map(|one| {
            let EffectView { agreement, consumer, field, message, .. } = one;
            format!("  {agreement} with {consumer}, {field}: {message}")
        }));
        let bare = self.unclassified.iter();
        lines.extend(bare.map(|place| format!("  {place} has no x-ndxp-classification")));
        lines
    }

    pub(super) fn report(&self) -> RegisteredReport<'_> {
        RegisteredReport {
            dataset: self.dataset.to_string(),
            version: self.version,
            hash: &self.hash,
            mode: self.mode.as_str(),
            verdict: self.verdict,
            comparisons: &self.earlier,
            all_agreements: self.whole,
            effects: &self.effects,
            unclassified: &self.unclassified,
        }
    }

    /// Whether the hub would take the schema.
    pub(super) fn status(&self, verdict: Verdict) -> ExitStatus {
        let removed = self.effects.iter().any(|effect| effect.kind == "field-removed");
        let taken = self.verdict == "compatible" && self.unclassified.is_empty() && !removed;
        if taken && verdict == Verdict::Compatible { ExitStatus::Done } else { ExitStatus::Refused }
    }
}

impl Reaching<'_> {
    fn is_due_to(&self, change: &Change) -> bool {
        let reclassified = self.effect.kind.starts_with("classification-");
        change.touches(&self.old, &self.new) && (reclassified || !change.is_classification())
    }
}
