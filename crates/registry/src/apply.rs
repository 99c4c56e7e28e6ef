//! The fold: records become state. Total over known kinds, and deterministic.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_model::{AgencyStatus, AgreementId, AgreementRef, DatasetState, Terms, Timestamp};
use ndxp_policy::{Standing, Status};
use thiserror::Error;

use crate::{
    AgencyEntry, AgreementEntry, AgreementStatus, Approval, DatasetEntry, Event, FORMAT,
    RegistryRecord, Revision, SchemaEntry, Seen, State, Subscription,
};

/// How long a request id is remembered: 24 hours.
const REMEMBERED_MS: i64 = 86_400_000;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was decided on this state, so it changed it.
    Accepted,
    /// It lost a race: its decision was made on an older state. It changes nothing.
    Ignored,
}

/// Why a record stops the node.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The hub's format was raised above what this version reads.
    #[error("the registry was raised to format {found}, this version reads up to {FORMAT}: upgrade the node")]
    Format {
        /// The new format.
        found: u32,
    },
}

impl State {
    /// Applies the next record of the log. One whose `base` is not this state's count is ignored.
    ///
    /// # Errors
    /// [`ApplyError`]: the node must stop, because it could no longer read what follows.
    pub fn apply(&mut self, record: &RegistryRecord) -> Result<Applied, ApplyError> {
        if record.base != self.count {
            return Ok(Applied::Ignored);
        }
        for event in &record.events {
            self.apply_event(record, event)?;
        }
        self.remember(record);
        self.time = self.time.max(record.t);
        self.count += 1;
        Ok(Applied::Accepted)
    }

    fn remember(&mut self, record: &RegistryRecord) {
        let oldest = Timestamp::from_millis(record.t.millis() - REMEMBERED_MS);
        if self.requests.len().is_power_of_two() {
            self.requests.retain(|_, seen| seen.at > oldest);
        }
        let seen = Seen { body: record.body.clone(), position: self.count, at: record.t };
        self.requests.insert(record.request_id, seen);
    }

    fn apply_event(&mut self, record: &RegistryRecord, event: &Event) -> Result<(), ApplyError> {
        match event {
            Event::Genesis { trust_domain, incarnation } => {
                self.trust_domain = Some(trust_domain.clone());
                self.incarnation.clone_from(incarnation);
                self.format = record.v;
            }
            Event::FormatRaised { format } if *format > FORMAT => {
                return Err(ApplyError::Format { found: *format });
            }
            Event::FormatRaised { format } => self.format = *format,
            Event::AgencyCreated { agency } => {
                let entry = AgencyEntry {
                    agency: agency.clone(),
                    status: AgencyStatus::Active,
                    systems: BTreeMap::new(),
                    officers: BTreeMap::new(),
                };
                self.agencies.insert(agency.id.clone(), entry);
            }
            Event::AgencySuspended { agency } => self.set_status(agency, AgencyStatus::Suspended),
            Event::AgencyResumed { agency } => self.set_status(agency, AgencyStatus::Active),
            Event::SystemCreated { agency, system } => {
                if let Some(entry) = self.agencies.get_mut(agency) {
                    entry.systems.insert(system.id.clone(), system.clone());
                }
            }
            Event::OfficerCreated { agency, officer } => {
                if let Some(entry) = self.agencies.get_mut(agency) {
                    entry.officers.insert(officer.id.clone(), officer.clone());
                }
            }
            Event::DatasetCreated { dataset } => {
                let entry = DatasetEntry {
                    dataset: Arc::new(dataset.clone()),
                    state: DatasetState::Draft,
                    schemas: Vec::new(),
                };
                self.datasets.insert(dataset.name.clone(), entry);
            }
            Event::SchemaRegistered { dataset, version: _, hash, document } => {
                let position = self.count;
                if let Some(entry) = self.datasets.get_mut(dataset) {
                    entry.schemas.push(SchemaEntry {
                        hash: hash.clone(),
                        document: document.as_str().into(),
                        registered_at: record.t,
                        position,
                    });
                }
            }
            Event::DatasetActivated { dataset } => {
                if let Some(entry) = self.datasets.get_mut(dataset) {
                    entry.state = DatasetState::Active;
                }
            }
            Event::AgreementProposed { revision, terms, terms_hash } => {
                self.propose(record, *revision, terms, terms_hash);
            }
            Event::AgreementApproved { revision, officer } => {
                let approval = Approval { officer: officer.clone(), at: record.t };
                self.edit(&revision.id, |entry| {
                    let index = revision.revision.saturating_sub(1) as usize;
                    if let Some(revision) = entry.revisions.get_mut(index) {
                        revision.approvals.push(approval);
                    }
                });
            }
            Event::AgreementInForce { revision } => self.edit(&revision.id, |entry| {
                entry.in_force = Some(revision.revision);
                entry.proposed = None;
            }),
            Event::AgreementSuspended { agreement, by } => self.edit(agreement, |entry| {
                entry.status = AgreementStatus::Suspended(by.clone());
            }),
            Event::AgreementResumed { agreement } => {
                self.edit(agreement, |entry| entry.status = AgreementStatus::Open);
            }
            Event::AgreementTerminated { agreement } => {
                self.edit(agreement, |entry| entry.status = AgreementStatus::Terminated);
            }
            Event::SubscriptionCreated { name, dataset, purpose, agreement, start } => {
                let subscription = Subscription {
                    dataset: dataset.clone(),
                    purpose: purpose.clone(),
                    agreement: agreement.clone(),
                    start: start.clone(),
                };
                self.subscriptions.insert(name.clone(), subscription);
            }
        }
        Ok(())
    }

    fn set_status(&mut self, agency: &ndxp_model::AgencyId, status: AgencyStatus) {
        if let Some(entry) = self.agencies.get_mut(agency) {
            entry.status = status;
        }
    }

    fn propose(&mut self, record: &RegistryRecord, number: u32, terms: &Terms, hash: &str) {
        let entry = self.agreements.entry(terms.id.clone()).or_insert_with(|| AgreementEntry {
            status: AgreementStatus::Open,
            revisions: Vec::new(),
            in_force: None,
            proposed: None,
        });
        entry.revisions.push(Revision {
            terms: terms.clone(),
            terms_hash: hash.to_owned(),
            proposed_by: record.actor.clone(),
            approvals: Vec::new(),
        });
        entry.proposed = Some(number);
        if number == 1 {
            let key = (terms.consumer.clone(), terms.dataset.clone());
            self.shared.entry(key).or_default().push(terms.id.clone());
        }
    }

    /// Changes an agreement and compiles what decisions are made on anew.
    fn edit(&mut self, id: &AgreementId, change: impl FnOnce(&mut AgreementEntry)) {
        let Some(entry) = self.agreements.get_mut(id) else { return };
        change(entry);
        let Some(number) = entry.in_force else { return };
        let status = match entry.status {
            AgreementStatus::Open => Status::Active,
            AgreementStatus::Suspended(_) => Status::Suspended,
            AgreementStatus::Terminated => Status::Terminated,
        };
        if let Some(revision) = entry.revision(number) {
            self.in_force.insert(Standing {
                reference: AgreementRef { id: id.clone(), revision: number },
                terms: revision.terms.clone(),
                terms_hash: revision.terms_hash.clone(),
                status,
            });
        }
    }
}
