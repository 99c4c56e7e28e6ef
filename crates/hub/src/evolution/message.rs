//! Findings as messages of the API.

use ndxp_proto::{convert, schema as pb};
use ndxp_schema::{Change, Comparison, Verdict};

use super::{
    Findings,
    effects::{Effect, Touch},
};

/// The most changes in one reply, over all comparisons.
const MAX_CHANGES: usize = 2_000;

impl Findings {
    /// Returns what changed since the newest schema.
    pub(crate) fn changes(&self) -> Vec<pb::SchemaChange> {
        let newest = self.newest.as_ref();
        newest.map(|one| one.changes.iter().map(change).collect()).unwrap_or_default()
    }

    /// Returns what the schema means for agreements.
    pub(crate) fn effect_messages(&self) -> Vec<pb::AgreementEffect> {
        self.effects.iter().map(effect).collect()
    }

    /// Returns the comparisons, newest first, as many as fit a reply.
    pub(crate) fn comparison_messages(&self) -> Vec<pb::SchemaComparison> {
        let mut left = MAX_CHANGES;
        let hashes = self.evidence.compared.iter().map(|one| &one.hash);
        let newest_first = hashes.zip(&self.comparisons).rev();
        let fitting = newest_first.take_while(|(_, (_, comparison))| {
            let fits = comparison.changes.len() <= left;
            left = left.saturating_sub(comparison.changes.len());
            fits
        });
        fitting.map(|(hash, (version, one))| comparison(version.0, hash, one)).collect()
    }

    /// Returns the worst verdict of all comparisons.
    pub(crate) fn verdict(&self) -> pb::CompatibilityVerdict {
        let all = self.comparisons.iter().map(|(_, one)| one.verdict);
        let worst = all.max_by_key(|one| match one {
            Verdict::Compatible => 0,
            Verdict::Undecided => 1,
            Verdict::Breaking => 2,
        });
        verdict(worst.unwrap_or(Verdict::Compatible))
    }
}

fn verdict(verdict: Verdict) -> pb::CompatibilityVerdict {
    match verdict {
        Verdict::Compatible => pb::CompatibilityVerdict::Compatible,
        Verdict::Breaking => pb::CompatibilityVerdict::Breaking,
        Verdict::Undecided => pb::CompatibilityVerdict::Undecided,
    }
}

fn comparison(version: u32, hash: &str, found: &Comparison) -> pb::SchemaComparison {
    let witness = found.witness.as_ref();
    pb::SchemaComparison {
        version,
        hash: hash.to_owned(),
        verdict: verdict(found.verdict).into(),
        changes: found.changes.iter().map(change).collect(),
        witness: witness.map(|one| one.record.to_string().into_bytes()).unwrap_or_default(),
        reason: found.reason.clone().unwrap_or_default(),
    }
}

fn change(change: &Change) -> pb::SchemaChange {
    pb::SchemaChange {
        kind: change.kind.to_owned(),
        pointer: change.pointer.clone(),
        verdict: verdict(change.verdict).into(),
        message: change.message.clone(),
        suggestion: change.suggestion.clone().unwrap_or_default(),
    }
}

fn effect(effect: &Effect) -> pb::AgreementEffect {
    let kind = match effect.told.touch {
        Touch::Removed => pb::AgreementEffectKind::FieldRemoved,
        Touch::Raised => pb::AgreementEffectKind::ClassificationRaised,
        Touch::Lowered => pb::AgreementEffectKind::ClassificationLowered,
        Touch::Changed => pb::AgreementEffectKind::FieldChanged,
    };
    pb::AgreementEffect {
        agreement: convert::revision_resource(&effect.agreement),
        consumer: convert::agency_resource(&effect.consumer),
        field: effect.field.clone(),
        kind: kind.into(),
        message: effect.told.message.clone(),
        changes: effect.told.changes.clone(),
    }
}
