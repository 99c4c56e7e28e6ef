//! Publishing: whole or nothing a call, in order across calls.

use ndxp_proto::{
    common::{AccessContext, Receipt},
    error::Failure,
    exchange::{
        GetPublishStateRequest, PublishRequest, PublishResponse, PublishState, Record,
        publish_service_client::PublishServiceClient,
    },
};
use thiserror::Error;

use crate::{Batcher, Client, service::unary};

/// Where records go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishTo {
    /// The dataset: `agencies/{agency}/datasets/{dataset}`.
    pub dataset: String,
    /// The schema's version that the records follow; 0: the newest.
    pub schema_version: u32,
    /// Why, and under which agreement; only for another agency's dataset.
    pub access: Option<AccessContext>,
}

/// All records are durable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Published {
    /// How many records were new.
    pub accepted: u64,
    /// How many were there already.
    pub duplicates: u64,
    /// Evidence, one receipt a call, in order.
    pub receipts: Vec<Receipt>,
}

/// A call was refused or failed: what came before it is durable, what comes after it was not sent.
#[derive(Debug, Clone, Error)]
#[error("{failure}")]
pub struct PublishedInPart {
    /// What is durable.
    pub durable: Published,
    /// The index, from 0, of the first record that is not: of the call that failed. Paths such as
    /// `records[17]` of the failure count from it.
    pub first: usize,
    /// What the hub said.
    pub failure: Failure,
}

impl Client {
    /// Publishes one call's records, whole or nothing. At most [`crate::MAX_BATCH_RECORDS`] records
    /// and [`crate::MAX_BATCH_BYTES`] bytes of payloads.
    ///
    /// # Errors
    /// The hub's refusal: nothing is written. `OUTCOME_UNKNOWN` and lost connections: send the same
    /// records again, with the same ids.
    pub async fn publish_batch(
        &self,
        to: &PublishTo,
        records: Vec<Record>,
    ) -> Result<PublishResponse, Failure> {
        let message = PublishRequest {
            dataset: to.dataset.clone(),
            schema_version: to.schema_version,
            records,
            access: to.access.clone(),
            ..PublishRequest::default()
        };
        unary!(self, PublishServiceClient::publish, message)
    }

    /// Returns how far each system of the caller's agency has come in publishing into a dataset.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn publish_state(&self, dataset: &str) -> Result<Vec<PublishState>, Failure> {
        let message = GetPublishStateRequest { dataset: dataset.to_owned() };
        Ok(unary!(self, PublishServiceClient::get_publish_state, message)?.states)
    }

    /// Returns the source position up to which all that this system has published into a dataset
    /// is durable: where to go on. `None` if it never gave one.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn resume_from(&self, dataset: &str) -> Result<Option<String>, Failure> {
        let me = self.who_am_i().await?.principal;
        let own = |state: &PublishState| is_system(&me, &state.system);
        let states = self.publish_state(dataset).await?;
        Ok(states.into_iter().find(own).map(|state| state.source_position))
    }

    /// Publishes records in as many calls as they need, one after the other, so that order holds.
    ///
    /// # Errors
    /// [`PublishedInPart`] at the first call that fails.
    pub async fn publish(
        &self,
        to: &PublishTo,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Published, PublishedInPart> {
        let mut batcher = Batcher::new();
        let mut sum = Sum::default();
        for record in records {
            if let Some(batch) = batcher.push(record) {
                sum = sum.send(self, to, batch).await?;
            }
        }
        match batcher.finish() {
            Some(batch) => Ok(sum.send(self, to, batch).await?.published),
            None => Ok(sum.published),
        }
    }
}

/// Says whether `agency/tax/system/portal` is `agencies/tax/systems/portal`.
fn is_system(principal: &str, resource: &str) -> bool {
    let name = |text: &str, parts: [&str; 2]| {
        let rest = text.strip_prefix(parts[0])?.split_once(parts[1])?;
        Some((rest.0.to_owned(), rest.1.to_owned()))
    };
    let of = name(principal, ["agency/", "/system/"]);
    of.is_some() && of == name(resource, ["agencies/", "/systems/"])
}

/// What is durable so far, and how many records that were.
#[derive(Debug, Default)]
struct Sum {
    published: Published,
    records: usize,
}

impl Sum {
    async fn send(
        mut self,
        client: &Client,
        to: &PublishTo,
        batch: Vec<Record>,
    ) -> Result<Self, PublishedInPart> {
        let count = batch.len();
        match client.publish_batch(to, batch).await {
            Ok(response) => {
                self.published.accepted += u64::from(response.accepted);
                self.published.duplicates += u64::from(response.duplicates);
                self.published.receipts.extend(response.receipt);
                self.records += count;
                Ok(self)
            }
            Err(failure) => {
                Err(PublishedInPart { durable: self.published, first: self.records, failure })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_system;

    #[test]
    fn a_caller_finds_its_own_state() {
        assert!(is_system("agency/tax/system/portal", "agencies/tax/systems/portal"));
        assert!(!is_system("agency/tax/system/portal", "agencies/tax/systems/books"));
        assert!(!is_system("agency/tax/officer/portal", "agencies/tax/systems/portal"));
    }
}
