//! What a new schema means for the schemas before it and for agreements: the evidence of a registration.

mod effects;
mod message;

use std::sync::Arc;

use ndxp_model::{AgencyId, AgreementRef, Compatibility, DatasetName, Terms, Timestamp};
use ndxp_registry::{Change, Compared, Evidence, State, Verdict};
use ndxp_schema::{Comparison, Effort, Mode, Policy, Profile, Schema, compare};

use effects::Step;

pub(crate) use effects::Effect;

use crate::{
    call::Call,
    core::Core,
    refuse::{self, Failed},
};

/// The most places of one comparison in a refusal.
const MAX_PLACES: usize = 20;

/// What a dataset has before the new schema comes.
#[derive(Debug, Clone, Default)]
struct Before {
    mode: Compatibility,
    /// Hash and document, in the order of the versions.
    schemas: Vec<(String, Arc<str>)>,
    /// What the caller may know of.
    agreements: Vec<(AgreementRef, Terms)>,
}

/// What the new schema means.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) evidence: Evidence,
    /// The comparisons in full, in the order of the versions.
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) effects: Vec<Effect>,
}

/// Compares a schema with those of a dataset that the caller may know of, off the async threads.
pub(crate) async fn find(
    core: &Core,
    call: &Call,
    dataset: &DatasetName,
    schema: &Arc<Schema>,
) -> Result<Findings, Failed> {
    let agency = &call.principal.agency;
    let before = core.registry.read(|state| before(state, agency, dataset, call.now));
    let (before, schema) = (before.unwrap_or_default(), Arc::clone(schema));
    let profile = core.schemas.profile().clone();
    let found = tokio::task::spawn_blocking(move || findings(&before, &schema, &profile)).await;
    found.map_err(|cause| refuse::bug(&cause).into())
}

fn before(
    state: &State,
    agency: &AgencyId,
    dataset: &DatasetName,
    now: Timestamp,
) -> Option<Before> {
    let entry = state.visible(agency, dataset)?;
    let schemas = entry.schemas.iter().map(|one| (one.hash.clone(), Arc::clone(&one.document)));
    let agreements = state
        .live_terms(dataset, now)
        .filter(|(_, terms)| terms.provider == *agency || terms.consumer == *agency)
        .map(|(reference, terms)| (reference, terms.clone()));
    Some(Before {
        mode: entry.compatibility,
        schemas: schemas.collect(),
        agreements: agreements.collect(),
    })
}

fn findings(before: &Before, new: &Schema, profile: &Profile) -> Findings {
    let mut compared = Vec::new();
    let mut comparisons = Vec::new();
    let mut newest = None;
    for (hash, document) in &before.schemas {
        // It was parsed when it was registered; one that a later engine refuses is compared by nobody.
        let old = Schema::parse(document.as_bytes(), profile);
        let comparison = match &old {
            Ok(old) => compare(old, new, mode(before.mode), Policy::Role, Effort::default()),
            Err(_) => unreadable(),
        };
        compared.push(summary(hash, &comparison));
        comparisons.push(comparison);
        newest = old.ok();
    }
    let step = newest.as_ref().zip(comparisons.last());
    let step = step.map(|(old, comparison)| Step { old, new, comparison });
    let effects = step.map(|step| step.effects(&before.agreements)).unwrap_or_default();
    let schema = new.hash().to_owned();
    Findings { evidence: Evidence { schema, mode: before.mode, compared }, comparisons, effects }
}

const fn mode(mode: Compatibility) -> Mode {
    match mode {
        Compatibility::Backward => Mode::Backward,
        Compatibility::Forward => Mode::Forward,
        Compatibility::Full => Mode::Full,
    }
}

fn unreadable() -> Comparison {
    Comparison {
        verdict: ndxp_schema::Verdict::Undecided,
        directions: Vec::new(),
        changes: Vec::new(),
        truncated: false,
        witness: None,
        bump: ndxp_schema::Bump::Major,
        reason: Some("this version of the hub does not read the earlier schema".to_owned()),
    }
}

fn summary(hash: &str, comparison: &Comparison) -> Compared {
    let verdict = match comparison.verdict {
        ndxp_schema::Verdict::Compatible => Verdict::Compatible,
        ndxp_schema::Verdict::Breaking => Verdict::Breaking,
        ndxp_schema::Verdict::Undecided => Verdict::Undecided,
    };
    let places = if verdict == Verdict::Compatible { Vec::new() } else { places(comparison) };
    Compared { hash: hash.to_owned(), verdict, places }
}

/// The changes that share the verdict, else all that are not compatible; then the record that is lost.
fn places(comparison: &Comparison) -> Vec<Change> {
    let same = comparison.changes.iter().filter(|one| one.verdict == comparison.verdict);
    let mut places: Vec<Change> = same
        .take(MAX_PLACES)
        .map(|one| Change {
            pointer: one.pointer.clone(),
            message: match &one.suggestion {
                Some(instead) => format!("{}; {instead}", one.message),
                None => one.message.clone(),
            },
        })
        .collect();
    let witness = comparison.witness.iter().map(|witness| Change {
        pointer: witness.instance_path.clone(),
        message: format!(
            "a generated record that is lost, by {}: {}",
            witness.keyword, witness.record
        ),
    });
    places.extend(witness);
    let reason = comparison.reason.iter();
    places.extend(reason.map(|reason| Change { pointer: String::new(), message: reason.clone() }));
    places
}
