//! Random steps in a small nation: few names, so that they meet.

use ndxp_model::{Classification, Role};
use ndxp_registry::{Command, StartAt, State};
use proptest::prelude::*;

use crate::{
    sample::{
        BARE, UNITS, WIDER, activate, new_agency, new_dataset, new_officer, new_schema, new_system,
        ready, subscribe, terms_with,
    },
    world::approval,
};

const ACTORS: &[&str] = &[
    "hub/officer/officer-1",
    "hub/officer/officer-2",
    "tax/officer/steward-1",
    "tax/officer/steward-2",
    "tax/officer/approver-1",
    "tax/officer/approver-2",
    "tax/system/portal",
    "stats/officer/steward-1",
    "stats/officer/steward-2",
    "stats/officer/approver-1",
    "stats/officer/approver-2",
    "stats/system/portal",
    "land/officer/steward-2",
    "land/officer/approver-1",
    "land/system/portal",
    "tax/officer/new-1",
    "ghost/officer/officer-1",
];
const AGENCIES: &[&str] = &["tax", "stats", "land", "new-1"];
const AGREEMENTS: &[&str] = &["agr-1", "agr-2"];
const DATASETS: &[&str] = &["tax/units", "tax/hidden", "tax/new-1", "land/new-1"];

/// What may happen; the weights let agreements come into force often.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Propose,
    Approve,
    SuspendAgreement,
    ResumeAgreement,
    Terminate,
    SuspendAgency,
    ResumeAgency,
    Agency,
    System,
    Officer,
    Dataset,
    Schema,
    Activate,
    Subscribe,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    actor: usize,
    kind: Kind,
    x: usize,
    y: usize,
    /// By how much the deciding node's clock moves, back or forth.
    pub(super) advance: i64,
    /// Whether the request id is one that is used again and again.
    pub(super) same_id: bool,
}

impl Arbitrary for Step {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let kind = prop_oneof![
            8 => Just(Kind::Propose),
            16 => Just(Kind::Approve),
            3 => Just(Kind::SuspendAgreement),
            3 => Just(Kind::ResumeAgreement),
            1 => Just(Kind::Terminate),
            1 => Just(Kind::SuspendAgency),
            3 => Just(Kind::ResumeAgency),
            1 => prop_oneof![Just(Kind::Agency), Just(Kind::System), Just(Kind::Officer)],
            2 => prop_oneof![Just(Kind::Dataset), Just(Kind::Schema), Just(Kind::Activate)],
            1 => Just(Kind::Subscribe),
        ];
        let advance = prop_oneof![Just(0), Just(-3_600_000), 0..1_000_i64, Just(50_000_000)];
        let same_id = prop::bool::weighted(0.05);
        (0..ACTORS.len(), kind, 0..8_usize, 0..8_usize, advance, same_id)
            .prop_map(|(actor, kind, x, y, advance, same_id)| Self {
                actor,
                kind,
                x,
                y,
                advance,
                same_id,
            })
            .boxed()
    }
}

fn pick<'a>(list: &[&'a str], index: usize) -> &'a str {
    list[index % list.len()]
}

impl Step {
    pub(super) fn actor(&self) -> &'static str {
        pick(ACTORS, self.actor)
    }

    pub(super) fn command(&self, state: &State) -> Command {
        let (x, y) = (self.x, self.y);
        let agency = pick(AGENCIES, x);
        let agreement = || pick(AGREEMENTS, x).parse().unwrap();
        let dataset = pick(DATASETS, y);
        let command = match self.kind {
            Kind::Propose => self.proposal(),
            Kind::Approve => self.approval(state),
            Kind::SuspendAgreement => Command::SuspendAgreement(agreement()),
            Kind::ResumeAgreement => Command::ResumeAgreement(agreement()),
            Kind::Terminate => Command::TerminateAgreement(agreement()),
            Kind::SuspendAgency => Command::SuspendAgency(agency.parse().unwrap()),
            Kind::ResumeAgency => Command::ResumeAgency(agency.parse().unwrap()),
            Kind::Agency => new_agency(agency),
            Kind::System => new_system(agency, "new-1"),
            Kind::Officer => new_officer(agency, "new-1", &[Role::Steward, Role::Approver]),
            Kind::Dataset => new_dataset(dataset, Classification::Confidential),
            Kind::Schema => new_schema(dataset, [BARE, UNITS, WIDER][x % 3]),
            Kind::Activate => activate(dataset),
            Kind::Subscribe => {
                let offsets = StartAt::Offsets(vec![x as u64, y as u64]);
                subscribe("stats/new-1", dataset, if x > 3 { offsets } else { StartAt::Earliest })
            }
        };
        ready(state, command)
    }

    fn proposal(&self) -> Command {
        let shorter = (self.y as i64) * 1_000;
        terms_with(pick(AGREEMENTS, self.x), |terms| {
            let end = terms.valid.not_after.millis() - shorter;
            terms.valid.not_after = ndxp_model::Timestamp::from_millis(end);
            if self.x > 5 {
                terms.fields.pop_last();
            }
        })
    }

    /// Mostly of the revision that waits, with the hash that was proposed.
    fn approval(&self, state: &State) -> Command {
        let id = pick(AGREEMENTS, self.x).parse().unwrap();
        let waiting = state.agreements.get(&id).and_then(|entry| entry.proposed);
        let number = if self.y == 0 { 1 } else { waiting.unwrap_or(2) };
        let mut command = approval(state, &format!("{id}@{number}"));
        if let (1, Command::ApproveAgreement { terms_hash, .. }) = (self.y, &mut command) {
            terms_hash.insert(0, '0');
        }
        command
    }
}
