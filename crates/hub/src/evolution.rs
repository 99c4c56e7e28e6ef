//! What a new schema means for the schemas before it and for agreements: the evidence of a registration.

mod effects;
mod message;

use std::sync::Arc;

use ndxp_model::{
    AgencyId, AgreementRef, Compatibility, DatasetName, SchemaVersion, Terms, Timestamp,
};
use ndxp_registry::{Change, Compared, Evidence, SchemaEntry, State, Verdict};
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
    /// Those that bind, in the order of their versions.
    binding: Vec<(SchemaVersion, Registered)>,
    /// The newest, which in a draft binds nobody.
    newest: Option<Registered>,
    /// What the caller may know of.
    agreements: Vec<(AgreementRef, Terms)>,
}

/// Hash and document.
type Registered = (String, Arc<str>);

/// What the new schema means.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) evidence: Evidence,
    /// The comparisons of the evidence in full.
    pub(crate) comparisons: Vec<(SchemaVersion, Comparison)>,
    /// The comparison with the newest schema.
    pub(crate) newest: Option<Comparison>,
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
    let registered = |one: &SchemaEntry| (one.hash.clone(), Arc::clone(&one.document));
    let binding = entry.binding().map(|(version, one)| (version, registered(one)));
    let newest = entry.schema(None).map(|(_, one)| registered(one));
    let agreements = state
        .live_terms(dataset, now)
        .filter(|(_, terms)| terms.provider == *agency || terms.consumer == *agency)
        .map(|(reference, terms)| (reference, terms.clone()));
    Some(Before {
        mode: entry.compatibility,
        binding: binding.collect(),
        newest,
        agreements: agreements.collect(),
    })
}

fn findings(before: &Before, new: &Schema, profile: &Profile) -> Findings {
    // It was parsed when it was registered; one that a later engine refuses is compared by nobody.
    let parsed = |document: &str| Schema::parse(document.as_bytes(), profile).ok();
    let compared = |old: &Option<Schema>| {
        let mode = mode(before.mode);
        old.as_ref()
            .map_or_else(unreadable, |old| compare(old, new, mode, Policy::Role, Effort::default()))
    };
    let mut summaries = Vec::new();
    let mut comparisons = Vec::new();
    for (version, (hash, document)) in &before.binding {
        let comparison = compared(&parsed(document));
        summaries.push(summary(hash, &comparison));
        comparisons.push((*version, comparison));
    }
    let old = before.newest.as_ref().map(|(_, document)| parsed(document));
    let known = comparisons.last().map(|(_, comparison)| comparison.clone());
    let newest = old.as_ref().map(|old| known.unwrap_or_else(|| compared(old)));
    let step = old.as_ref().and_then(Option::as_ref).zip(newest.as_ref());
    let step = step.map(|(old, comparison)| Step { old, new, comparison });
    let effects = step.map(|step| step.effects(&before.agreements)).unwrap_or_default();
    let schema = new.hash().to_owned();
    let evidence = Evidence { schema, mode: before.mode, compared: summaries };
    Findings { evidence, comparisons, newest, effects }
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
