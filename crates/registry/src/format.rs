//! The gate of formats: a record of a newer kind is written only once every node can read it.
//!
//! A hub's format is part of its state, and raised by a record of its own. Until then no record holds
//! an event that the older format does not know. A node that cannot read the new format stops at the
//! record that raises it, or, if that is behind it, at the first record of the format.

use ndxp_model::{RequestId, Timestamp};

use crate::{Event, FORMAT, Refused, RegistryRecord, State};

/// The format to which this release raises a hub, once all its nodes read it. A format is read for one
/// release ([`FORMAT`]) before it is the goal of the next: so every release can be rolled back to the
/// one before it.
pub const GOAL: u32 = 1;

const _: () = assert!(GOAL <= FORMAT, "what is written must be read");

impl Event {
    /// Returns the first format that knows this event as it is: a new member of an old event, where
    /// it is there, is a new format too.
    #[must_use]
    pub fn since(&self) -> u32 {
        match self {
            Self::Genesis { .. }
            | Self::FormatRaised { .. }
            | Self::AgencyCreated { .. }
            | Self::AgencySuspended { .. }
            | Self::AgencyResumed { .. }
            | Self::SystemCreated { .. }
            | Self::OfficerCreated { .. }
            | Self::DatasetCreated { .. }
            | Self::SchemaRegistered { .. }
            | Self::CompatibilityChanged { .. }
            | Self::ComparisonOverridden { .. }
            | Self::CodeListPinned { .. }
            | Self::DatasetActivated { .. }
            | Self::AgreementProposed { .. }
            | Self::AgreementApproved { .. }
            | Self::AgreementInForce { .. }
            | Self::AgreementSuspended { .. }
            | Self::AgreementResumed { .. }
            | Self::AgreementTerminated { .. }
            | Self::SubscriptionCreated { .. }
            | Self::SubscriptionUpdated { .. }
            | Self::SubscriptionDeleted { .. } => 1,
        }
    }
}

/// Refuses events that a node which reads no more than the hub's format could not read.
pub(crate) fn check(format: u32, events: &[Event]) -> Result<(), Refused> {
    let needed = events.iter().map(Event::since).max().unwrap_or_default();
    if needed <= format {
        return Ok(());
    }
    Err(Refused::Conflict(format!(
        "this needs format {needed} of the registry and the hub is at {format}: it is raised once all \
         nodes are upgraded"
    )))
}

impl State {
    /// Returns the record that raises the format to `goal`, given what each node can read. None if it
    /// is reached, if a node could not read it, or if no node is known.
    #[must_use]
    pub fn raise(
        &self,
        goal: u32,
        readable: impl IntoIterator<Item = u32>,
        id: RequestId,
        now: Timestamp,
    ) -> Option<RegistryRecord> {
        let all_read = readable.into_iter().min().is_some_and(|least| least >= goal);
        (self.format < goal && all_read).then(|| RegistryRecord {
            // Read by those who will then stop, and say why.
            v: self.format,
            base: self.count,
            t: now.max(self.time),
            request_id: id,
            body: String::new(),
            actor: None,
            command: "raise-format".to_owned(),
            events: vec![Event::FormatRaised { format: goal }],
        })
    }
}
