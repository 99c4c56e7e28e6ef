//! Agreements, folded, and what decisions are made on, compiled from them.

use std::collections::BTreeSet;

use ndxp_model::{AgencyId, AgreementId, AgreementRef, PrincipalName, Terms, Timestamp};
use ndxp_policy::{Standing, Status};

use crate::{AgreementEntry, AgreementStatus, Approval, Revision, State};

impl State {
    pub(super) fn add_revision(
        &mut self,
        proposed_by: Option<&PrincipalName>,
        number: u32,
        terms: &Terms,
        hash: &str,
    ) {
        let entry = self.agreements.entry(terms.id.clone()).or_insert_with(|| AgreementEntry {
            status: AgreementStatus::Open,
            revisions: Vec::new(),
            in_force: None,
            proposed: None,
        });
        entry.revisions.push(Revision {
            terms: terms.clone(),
            terms_hash: hash.to_owned(),
            proposed_by: proposed_by.cloned(),
            approvals: Vec::new(),
        });
        entry.proposed = Some(number);
        self.shared.entry(terms.consumer.clone()).or_default().insert(terms.dataset.clone());
    }

    pub(super) fn add_approval(
        &mut self,
        at: Timestamp,
        reference: &AgreementRef,
        officer: &PrincipalName,
    ) {
        let entry = self.agreements.get_mut(&reference.id);
        if let Some(revision) = entry.and_then(|entry| entry.revision_mut(reference.revision)) {
            revision.approvals.push(Approval { officer: officer.clone(), at });
        }
    }

    pub(super) fn put_in_force(&mut self, reference: &AgreementRef) {
        self.edit_agreement(&reference.id, |entry| {
            entry.in_force = Some(reference.revision);
            entry.proposed = None;
        });
    }

    pub(super) fn suspend_agreement(&mut self, id: &AgreementId, by: &AgencyId) {
        self.edit_agreement(id, |entry| match &mut entry.status {
            AgreementStatus::Open => {
                entry.status = AgreementStatus::Suspended(BTreeSet::from([by.clone()]));
            }
            AgreementStatus::Suspended(imposed) => {
                imposed.insert(by.clone());
            }
            AgreementStatus::Terminated => {}
        });
    }

    pub(super) fn resume_agreement(&mut self, id: &AgreementId, by: &AgencyId) {
        self.edit_agreement(id, |entry| {
            let AgreementStatus::Suspended(imposed) = &mut entry.status else { return };
            imposed.remove(by);
            if imposed.is_empty() {
                entry.status = AgreementStatus::Open;
            }
        });
    }

    pub(super) fn end_agreement(&mut self, id: &AgreementId) {
        self.edit_agreement(id, |entry| {
            entry.status = AgreementStatus::Terminated;
            entry.proposed = None;
        });
    }

    /// Changes an agreement and compiles what decisions are made on anew.
    fn edit_agreement(&mut self, id: &AgreementId, change: impl FnOnce(&mut AgreementEntry)) {
        let Some(entry) = self.agreements.get_mut(id) else { return };
        change(entry);
        let Some(number) = entry.in_force else { return };
        let Some(revision) = entry.revision(number) else { return };
        self.in_force.insert(Standing {
            reference: AgreementRef { id: id.clone(), revision: number },
            terms: revision.terms.clone(),
            terms_hash: revision.terms_hash.clone(),
            status: standing(&entry.status),
        });
    }
}

fn standing(status: &AgreementStatus) -> Status {
    match status {
        AgreementStatus::Open => Status::Active,
        AgreementStatus::Suspended(_) => Status::Suspended,
        AgreementStatus::Terminated => Status::Terminated,
    }
}
