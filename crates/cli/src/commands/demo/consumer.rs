//! Those who receive, what they may see, and what they got.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use anyhow::Result;
use ndxp_client::{
    Ack, Client, Delivery, Event, Failure, Identity, SubscribeOptions,
    proto::{convert, exchange},
};
use ndxp_model::PurposeCode;
use tokio::time::sleep;

use super::{setting::DATASET, units::Units};

/// How long a consumer waits before it connects again.
const AGAIN: Duration = Duration::from_millis(50);

/// A system that receives.
#[derive(Debug, Clone)]
pub(super) struct Consumer {
    pub(super) system: &'static str,
    pub(super) subscription: &'static str,
    pub(super) agreement: &'static str,
    pub(super) fields: &'static [&'static str],
    pub(super) province: Option<&'static str>,
    /// How many records of one edition it may see.
    pub(super) share: usize,
}

/// What a consumer got.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) ids: HashSet<String>,
    /// Records, each time that they came.
    pub(super) records: usize,
    /// Records that did not show exactly what was granted.
    pub(super) wrong: usize,
    /// The receipts: index of the audit entry, its leaf's hash, and how many records came with it.
    pub(super) receipts: HashMap<u64, (Vec<u8>, usize)>,
}

/// Returns the three consumers of the story, as the agreements of the nation have them.
pub(super) fn cast(units: &Units) -> Vec<Consumer> {
    vec![
        Consumer {
            system: "statistics/statistics",
            subscription: "agencies/statistics/subscriptions/units",
            agreement: "agr-0001",
            fields: &["code", "name", "kind", "level", "parent_code", "phone_code"],
            province: None,
            share: units.len(),
        },
        Consumer {
            system: "hanoi/data-warehouse",
            subscription: "agencies/hanoi/subscriptions/communes",
            agreement: "agr-0011",
            fields: &["code", "name", "kind"],
            province: Some("01"),
            share: units.below("01"),
        },
        Consumer {
            system: "evn/customers",
            subscription: "agencies/evn/subscriptions/units",
            agreement: "agr-0005",
            fields: &["code", "name"],
            province: None,
            share: units.len(),
        },
    ]
}

impl Consumer {
    /// Creates the subscription.
    pub(super) async fn subscribe(&self, client: &Client) -> Result<()> {
        let purpose: PurposeCode = "reference-data".parse()?;
        let message = exchange::Subscription {
            name: self.subscription.to_owned(),
            dataset: DATASET.to_owned(),
            access: Some(convert::access_message(&purpose, None)),
            start: exchange::StartPosition::Earliest.into(),
            ..exchange::Subscription::default()
        };
        client.create_subscription(message).await?;
        Ok(())
    }

    /// Receives until so many different records came and are settled. Where the connection is
    /// lost it connects again, as a system must.
    pub(super) async fn receive(
        &self,
        identity: &Identity,
        units: &Units,
        got: &mut Received,
        until: usize,
    ) -> Result<()> {
        while let Err(failure) = self.stream(identity, units, got, until).await {
            let is_over = failure.reason.is_some() && failure.retry_after.is_none();
            anyhow::ensure!(!is_over, failure);
            sleep(AGAIN).await;
        }
        Ok(())
    }

    async fn stream(
        &self,
        identity: &Identity,
        units: &Units,
        got: &mut Received,
        until: usize,
    ) -> Result<(), Failure> {
        let client = Client::lazy(identity)?;
        let options = SubscribeOptions::default();
        let mut stream = client.subscribe(self.subscription, &options).await?;
        while got.ids.len() < until {
            match stream.next().await? {
                Some(Event::Deliver(delivery)) => {
                    let acks = got.keep(self, units, delivery);
                    stream.ack(&acks).await?;
                }
                Some(_) => {}
                // Ended in good order: the next round connects again.
                None => return Box::pin(self.stream(identity, units, got, until)).await,
            }
        }
        stream.settled().await
    }
}

impl Received {
    /// Keeps what came, and returns the acknowledgements.
    fn keep(&mut self, who: &Consumer, units: &Units, delivery: Delivery) -> Vec<Ack> {
        let acks = delivery.records.iter().map(Ack::of).collect();
        if let Some(receipt) = delivery.receipt {
            let entry = self.receipts.entry(receipt.index);
            entry.or_insert((receipt.leaf_hash, 0)).1 += delivery.records.len();
        }
        for record in delivery.records {
            self.records += 1;
            let is_right = units.shows(&record.payload, who.fields, who.province);
            self.wrong += usize::from(!is_right);
            self.ids.insert(record.record_id);
        }
        acks
    }
}
