//! What is missing on the hub: a pure comparison of the files with its state.

use std::{collections::BTreeMap, fmt};

use ndxp_model::{Agency, AgencyId, AgreementId, DatasetName, Officer, System, Terms};

use super::{
    files::{AgencyFile, DatasetFiles, Nation},
    state::{AgencyState, DatasetState, State},
};
use crate::view::{AgreementView, RevisionView};

/// What to do, and what is there already.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Agencies with systems and officers; datasets; agreements: each needs the ones before. In a
    /// phase the steps of one agency are in order, those of different agencies independent.
    pub(super) phases: [BTreeMap<AgencyId, Vec<Step>>; 3],
    /// How many of each kind are there as described.
    pub(super) equal: BTreeMap<Kind, usize>,
    /// What is there otherwise than described and cannot be changed.
    pub(super) conflicts: Vec<String>,
}

/// The kinds of things that are described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Agency,
    System,
    Officer,
    Dataset,
    Schema,
    Activation,
    Agreement,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Agency,
        Self::System,
        Self::Officer,
        Self::Dataset,
        Self::Schema,
        Self::Activation,
        Self::Agreement,
    ];

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Agency => "agencies",
            Self::System => "systems",
            Self::Officer => "officers",
            Self::Dataset => "datasets",
            Self::Schema => "schemas",
            Self::Activation => "activations",
            Self::Agreement => "agreements",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Agency(Agency),
    System(AgencyId, System),
    Officer(AgencyId, Officer),
    Dataset(DatasetName),
    /// A schema; whether it is the dataset's next one, not its first.
    Schema(DatasetName, Newness),
    Activate(DatasetName),
    Agreement(AgreementId, AgreementStep),
}

/// Whether something is the first of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newness {
    First,
    Next,
}

/// How far an agreement still has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgreementStep {
    /// To be proposed and approved.
    Propose(Newness),
    /// Proposed as described; approvals are missing.
    Approve,
}

impl Step {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Agency(_) => Kind::Agency,
            Self::System(..) => Kind::System,
            Self::Officer(..) => Kind::Officer,
            Self::Dataset(_) => Kind::Dataset,
            Self::Schema(..) => Kind::Schema,
            Self::Activate(_) => Kind::Activation,
            Self::Agreement(..) => Kind::Agreement,
        }
    }

    /// Says whether it revises what is there.
    pub(super) fn is_revision(&self) -> bool {
        matches!(
            self,
            Self::Schema(_, Newness::Next)
                | Self::Agreement(_, AgreementStep::Propose(Newness::Next))
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => write!(f, "agency {}", agency.id),
            Self::System(agency, system) => write!(f, "system {agency}/{}", system.id),
            Self::Officer(agency, officer) => write!(f, "officer {agency}/officer/{}", officer.id),
            Self::Dataset(name) => write!(f, "dataset {name}"),
            Self::Schema(name, _) => write!(f, "schema of {name}"),
            Self::Activate(name) => write!(f, "activation of {name}"),
            Self::Agreement(id, _) => write!(f, "agreement {id}"),
        }
    }
}

impl Plan {
    /// Returns the steps in the order in which they may be told.
    pub(super) fn all(&self) -> impl Iterator<Item = &Step> {
        self.phases.iter().flat_map(BTreeMap::values).flatten()
    }

    pub(super) fn steps(&self) -> usize {
        self.all().count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    fn equal(&mut self, kind: Kind) {
        *self.equal.entry(kind).or_default() += 1;
    }

    fn add(&mut self, phase: usize, agency: &AgencyId, step: Step) {
        if let Some(lines) = self.phases.get_mut(phase) {
            lines.entry(agency.clone()).or_default().push(step);
        }
    }

    /// Compares one described thing with the one of its name on the hub, if there is one.
    fn compare<T: PartialEq>(
        &mut self,
        described: &T,
        held: Option<&T>,
        agency: &AgencyId,
        step: Step,
    ) {
        match held {
            None => self.add(0, agency, step),
            Some(held) if held == described => self.equal(step.kind()),
            Some(_) => self.conflicts.push(format!("{step}: registered otherwise")),
        }
    }
}

/// Compares the files with what the hub holds.
pub(super) fn plan(nation: &Nation, state: &State) -> Plan {
    let mut plan = Plan::default();
    for (id, file) in &nation.agencies {
        agency(&mut plan, id, file, state.agencies.get(id));
    }
    for (name, files) in &nation.datasets {
        dataset(&mut plan, name, files, state.datasets.get(name));
    }
    for (id, terms) in &nation.agreements {
        agreement(&mut plan, id, terms, state.agreements.get(id));
    }
    plan
}

fn agency(plan: &mut Plan, id: &AgencyId, file: &AgencyFile, held: Option<&AgencyState>) {
    let described = file.agency();
    let step = Step::Agency(described.clone());
    plan.compare(&described, held.map(|held| &held.agency), id, step);
    for system in &file.systems {
        let found = held.and_then(|held| held.systems.iter().find(|s| s.id == system.id));
        plan.compare(system, found, id, Step::System(id.clone(), system.clone()));
    }
    for officer in &file.officers {
        let found = held.and_then(|held| held.officers.iter().find(|o| o.id == officer.id));
        plan.compare(officer, found, id, Step::Officer(id.clone(), officer.clone()));
    }
}

fn dataset(plan: &mut Plan, name: &DatasetName, files: &DatasetFiles, held: Option<&DatasetState>) {
    let owner = &name.agency;
    match held {
        None => plan.add(1, owner, Step::Dataset(name.clone())),
        Some(held) if held.dataset == files.dataset => plan.equal(Kind::Dataset),
        Some(_) => plan.conflicts.push(format!("dataset {name}: registered otherwise")),
    }
    let Some(schema) = &files.schema else { return };
    match held.and_then(|held| held.schema.as_ref()) {
        Some(hash) if *hash == schema.hash => plan.equal(Kind::Schema),
        Some(_) => plan.add(1, owner, Step::Schema(name.clone(), Newness::Next)),
        None => plan.add(1, owner, Step::Schema(name.clone(), Newness::First)),
    }
    if held.is_some_and(|held| held.is_active) {
        plan.equal(Kind::Activation);
    } else {
        plan.add(1, owner, Step::Activate(name.clone()));
    }
}

fn agreement(plan: &mut Plan, id: &AgreementId, terms: &Terms, held: Option<&AgreementView>) {
    let step = |step| Step::Agreement(id.clone(), step);
    let provider = &terms.provider;
    let Some(held) = held else {
        plan.add(2, provider, step(AgreementStep::Propose(Newness::First)));
        return;
    };
    let is_this = |revision: &RevisionView| revision.terms == *terms;
    if held.state == "terminated" {
        plan.conflicts.push(format!("agreement {id}: has ended"));
    } else if held.in_force.as_ref().is_some_and(is_this) {
        plan.equal(Kind::Agreement);
    } else if held.proposed.as_ref().is_some_and(is_this) {
        plan.add(2, provider, step(AgreementStep::Approve));
    } else if held.proposed.is_some() {
        plan.conflicts.push(format!("agreement {id}: another revision waits for approval"));
    } else {
        plan.add(2, provider, step(AgreementStep::Propose(Newness::Next)));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
