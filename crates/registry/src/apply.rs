//! The fold: records become state. Total over known kinds, and deterministic.

mod agencies;
mod agreements;
mod datasets;

use thiserror::Error;

use crate::{
    Event, FORMAT, Override, RegistryRecord, Seen, State, Subscription, state::forgotten_at,
};

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
    #[error(
        "the registry was raised to format {found}, this version reads up to {FORMAT}: upgrade the node"
    )]
    Format {
        /// The new format.
        found: u32,
    },
}

impl State {
    /// Applies the next record of the log. One whose `base` is not this state's count is ignored.
    ///
    /// # Errors
    /// [`ApplyError`], with nothing changed: the node must stop, because it could no longer read
    /// what follows.
    pub fn apply(&mut self, record: &RegistryRecord) -> Result<Applied, ApplyError> {
        if record.base != self.count {
            return Ok(Applied::Ignored);
        }
        if let Some(found) = unreadable_format(record) {
            return Err(ApplyError::Format { found });
        }
        for event in &record.events {
            self.apply_event(record, event);
        }
        self.remember(record);
        self.time = self.time.max(record.t);
        self.count += 1;
        Ok(Applied::Accepted)
    }

    /// Remembers the request and forgets those older than 24 hours. Times never go back, so they
    /// stand at the front: each is looked at once.
    fn remember(&mut self, record: &RegistryRecord) {
        let oldest = forgotten_at(record.t);
        while let Some((at, id)) = self.by_age.pop_front_if(|(at, _)| *at <= oldest) {
            // The id may have been used again since, by a record that is no older than this one.
            if self.requests.get(&id).is_some_and(|seen| seen.at == at) {
                self.requests.remove(&id);
            }
        }
        let seen = Seen { body: record.body.clone(), position: self.count, at: record.t };
        self.requests.insert(record.request_id, seen);
        self.by_age.push_back((record.t, record.request_id));
    }

    fn apply_event(&mut self, record: &RegistryRecord, event: &Event) {
        match event {
            Event::Genesis { trust_domain, incarnation } => {
                self.trust_domain = Some(trust_domain.clone());
                self.incarnation.clone_from(incarnation);
                self.format = record.v;
            }
            Event::FormatRaised { format } => self.format = self.format.max(*format),
            Event::AgencyCreated { agency } => self.add_agency(agency),
            Event::AgencySuspended { agency } => self.suspend_agency(agency),
            Event::AgencyResumed { agency } => self.resume_agency(agency),
            Event::SystemCreated { agency, system } => self.add_system(agency, system),
            Event::OfficerCreated { agency, officer } => self.add_officer(agency, officer),
            Event::DatasetCreated { dataset } => self.add_dataset(dataset),
            // The version is its place in the list: it was counted on this very state.
            Event::SchemaRegistered { dataset, version: _, hash, document, mode: _ } => {
                self.add_schema(record.t, dataset, hash, document);
            }
            Event::CompatibilityChanged { dataset, mode } => self.set_compatibility(dataset, *mode),
            Event::ComparisonOverridden { dataset, schema, against, mode, reason, officer } => {
                let word = Override {
                    against: against.iter().cloned().collect(),
                    mode: *mode,
                    reason: reason.clone(),
                    officer: officer.clone(),
                    at: record.t,
                };
                self.add_override(dataset, schema, word);
            }
            Event::CodeListPinned { dataset, sha256, officer } => {
                self.pin_code_list(record.t, dataset, sha256, officer);
            }
            Event::DatasetActivated { dataset } => self.activate_dataset(dataset),
            Event::AgreementProposed { revision, terms, terms_hash } => {
                self.add_revision(record.actor.as_ref(), *revision, terms, terms_hash);
            }
            Event::AgreementApproved { revision, officer } => {
                self.add_approval(record.t, revision, officer);
            }
            Event::AgreementInForce { revision } => self.put_in_force(revision),
            Event::AgreementSuspended { agreement, by } => self.suspend_agreement(agreement, by),
            Event::AgreementResumed { agreement, by } => self.resume_agreement(agreement, by),
            Event::AgreementTerminated { agreement } => self.end_agreement(agreement),
            Event::SubscriptionCreated { name, dataset, purpose, agreement, start, options } => {
                let subscription = Subscription {
                    dataset: dataset.clone(),
                    purpose: purpose.clone(),
                    agreement: agreement.clone(),
                    start: start.clone(),
                    options: *options,
                };
                self.subscriptions.insert(name.clone(), subscription);
            }
            Event::SubscriptionUpdated { name, options } => {
                if let Some(subscription) = self.subscriptions.get_mut(name) {
                    subscription.options = *options;
                }
            }
            Event::SubscriptionDeleted { name } => {
                self.subscriptions.remove(name);
                self.deleted_subscriptions.insert(name.clone());
            }
        }
    }
}

fn unreadable_format(record: &RegistryRecord) -> Option<u32> {
    record.events.iter().find_map(|event| {
        let Event::FormatRaised { format } = event else { return None };
        (*format > FORMAT).then_some(*format)
    })
}
