//! Agencies, datasets and agreements, made through the API as everybody makes them.

use std::time::Duration;

use ndxp_proto::{
    agreement::{Field, Operation, Purpose, RowFilter, Terms},
    common::{AccessContext, Title},
    exchange::{
        PublishRequest, PublishResponse, Record, StartPosition, Subscription,
        publish_service_client::PublishServiceClient,
    },
    registry::{
        Agency, AgencyKind, Classification, Dataset, DatasetCategory, Officer, Retention, Role,
        System,
    },
};
use tonic::Status;

use crate::{RawStream, TestHub};

/// The purpose of every agreement here.
const PURPOSE: &str = "service";

/// A dataset with its schema.
#[derive(Debug, Clone)]
pub struct Spec {
    /// `agency/dataset`.
    pub name: String,
    /// How its records relate.
    pub category: DatasetCategory,
    /// JSON pointers of the fields that make the key.
    pub key: Vec<String>,
    /// JSON pointers of the fields that a row filter may look at.
    pub filterable: Vec<String>,
    /// How many partitions it has.
    pub partitions: u32,
    /// Its JSON Schema.
    pub schema: String,
    /// How long its records are kept.
    pub retention: Option<Retention>,
}

/// Describes a dataset of synthetic citizens: `id` (the key), `name`, `province`, `income`.
#[must_use]
pub fn citizens(name: &str) -> Spec {
    let schema = r#"{
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-ndxp-classification": "internal",
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]{1,12}$"},
            "name": {"type": "string", "maxLength": 2000000},
            "province": {"type": "string", "maxLength": 20},
            "income": {"type": "integer", "minimum": 0}
        },
        "required": ["id", "province"],
        "additionalProperties": false
    }"#;
    Spec {
        name: name.to_owned(),
        category: DatasetCategory::Master,
        key: vec!["/id".to_owned()],
        filterable: vec!["/province".to_owned()],
        partitions: 4,
        schema: schema.to_owned(),
        retention: None,
    }
}

/// A sharing agreement for the purpose `service`, for a year.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// `agency/dataset`.
    pub dataset: String,
    /// The agency that receives, or publishes into it.
    pub consumer: String,
    /// What it may do.
    pub operations: Vec<Operation>,
    /// JSON pointers of what it may see.
    pub fields: Vec<String>,
    /// Field and value that its records must have.
    pub rows: Option<(String, String)>,
    /// When it begins and ends, counted from the hub's present.
    pub valid: (Duration, Duration),
}

impl Grant {
    /// Describes an agreement under which `consumer` may subscribe to these fields.
    #[must_use]
    pub fn of(id: &str, dataset: &str, consumer: &str, fields: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            dataset: dataset.to_owned(),
            consumer: consumer.to_owned(),
            operations: vec![Operation::Subscribe],
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            rows: None,
            valid: (Duration::ZERO, Duration::from_secs(365 * 86_400)),
        }
    }

    /// Limits it to records that have this value in this field.
    #[must_use]
    pub fn only(self, field: &str, equals: &str) -> Self {
        Self { rows: Some((field.to_owned(), equals.to_owned())), ..self }
    }

    /// Lets it end so long after the hub's present.
    #[must_use]
    pub fn ending(self, after: Duration) -> Self {
        Self { valid: (self.valid.0, after), ..self }
    }
}

fn title(text: &str) -> Option<Title> {
    Some(Title { vi: text.to_owned(), en: text.to_owned() })
}

pub(crate) fn resource(name: &str) -> String {
    let (agency, dataset) = name.split_once('/').expect("a dataset is agency/dataset");
    format!("agencies/{agency}/datasets/{dataset}")
}

impl TestHub {
    /// Registers an agency with the officers `steward-1` and `approver-1` and the system `portal`.
    pub async fn agency(&self, id: &str) {
        let authority = self.client("agency/hub/officer/officer-1");
        let kind = AgencyKind::Ministry.into();
        let agency = Agency { id: id.to_owned(), name: title(id), kind, suspended: false };
        authority.create_agency(agency).await.expect("the agency is registered");
        let parent = format!("agencies/{id}");
        for (officer, roles) in
            [("steward-1", vec![Role::Steward]), ("approver-1", vec![Role::Approver])]
        {
            let roles = roles.into_iter().map(Into::into).collect();
            let officer = Officer { id: officer.to_owned(), roles };
            authority.create_officer(&parent, officer).await.expect("the officer is registered");
        }
        self.system(id, "portal").await;
    }

    /// Registers a system of an agency.
    pub async fn system(&self, agency: &str, id: &str) {
        let authority = self.client("agency/hub/officer/officer-1");
        let system = System { id: id.to_owned(), name: title(id) };
        let parent = format!("agencies/{agency}");
        authority.create_system(&parent, system).await.expect("the system is registered");
    }

    /// Registers and activates a dataset; returns its resource name.
    pub async fn dataset(&self, spec: &Spec) -> String {
        let name = resource(&spec.name);
        let (agency, _) = spec.name.split_once('/').expect("a dataset is agency/dataset");
        let portal = self.client(&format!("agency/{agency}/system/portal"));
        let dataset = Dataset {
            name: name.clone(),
            title: title(&spec.name),
            category: spec.category.into(),
            classification: Classification::Internal.into(),
            key_fields: spec.key.clone(),
            filterable_fields: spec.filterable.clone(),
            partitions: spec.partitions,
            retention: spec.retention,
            ..Dataset::default()
        };
        portal.create_dataset(dataset).await.expect("the dataset is registered");
        let schema = spec.schema.clone().into_bytes();
        portal.register_schema(&name, schema).await.expect("the schema is registered");
        portal.activate_dataset(&name).await.expect("the dataset is active");
        name
    }

    /// Proposes a revision and has both sides approve it.
    pub async fn agreement(&self, grant: &Grant) {
        let (provider, _) = grant.dataset.split_once('/').expect("a dataset is agency/dataset");
        let steward = self.client(&format!("agency/{provider}/officer/steward-1"));
        let proposed = steward.propose_agreement(self.terms(grant)).await;
        let agreement = proposed.expect("the agreement is proposed").agreement;
        let revision = agreement.and_then(|found| found.proposed).expect("a revision waits");
        for side in [provider, &grant.consumer] {
            let approver = self.client(&format!("agency/{side}/officer/approver-1"));
            let approved = approver.approve_agreement(&revision.name, &revision.terms_hash).await;
            approved.expect("the revision is approved");
        }
    }

    /// Returns an agreement's document.
    #[must_use]
    pub fn terms(&self, grant: &Grant) -> Terms {
        let (provider, _) = grant.dataset.split_once('/').expect("a dataset is agency/dataset");
        let at = |after: Duration| {
            let millis = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
            let instant = self.clock.now().millis() + millis;
            ndxp_proto::timestamp(ndxp_model::Timestamp::from_millis(instant))
        };
        let purpose = Purpose { code: PURPOSE.to_owned(), basis: "decree-1".to_owned() };
        Terms {
            id: grant.id.clone(),
            provider: format!("agencies/{provider}"),
            consumer: format!("agencies/{}", grant.consumer),
            dataset: resource(&grant.dataset),
            operations: grant.operations.iter().map(|&op| op.into()).collect(),
            purposes: vec![purpose],
            fields: grant.fields.iter().map(|path| Field { path: path.clone() }).collect(),
            rows: grant.rows.clone().map(|(field, equals)| RowFilter { field, equals }),
            not_before: at(grant.valid.0),
            not_after: at(grant.valid.1),
        }
    }

    /// Creates a subscription of an agency's system `portal`, from the earliest record on; returns
    /// its resource name.
    pub async fn subscription(&self, agency: &str, id: &str, dataset: &str) -> String {
        let name = format!("agencies/{agency}/subscriptions/{id}");
        let subscription = Subscription {
            name: name.clone(),
            dataset: resource(dataset),
            access: Some(access()),
            start: StartPosition::Earliest.into(),
            ..Subscription::default()
        };
        let portal = self.client(&format!("agency/{agency}/system/portal"));
        portal.create_subscription(subscription).await.expect("the subscription is created");
        name
    }

    /// Opens a stream of an agency's subscription on a connection of its own, with much credit.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn subscribe(&self, agency: &str, id: &str) -> Result<RawStream, Status> {
        let channel = self.channel(&format!("agency/{agency}/system/portal"));
        let name = format!("agencies/{agency}/subscriptions/{id}");
        let stream = RawStream::open(channel, &name).await?;
        stream.credit(10_000, 0).await;
        Ok(stream)
    }

    /// Publishes once as an agency's system `portal`, without any retry.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn publish(
        &self,
        agency: &str,
        dataset: &str,
        records: Vec<Record>,
    ) -> Result<PublishResponse, Status> {
        let channel = self.channel(&format!("agency/{agency}/system/portal"));
        Self::publish_on(channel, dataset, records).await
    }

    /// Publishes once on a connection.
    ///
    /// # Errors
    /// The hub's refusal, or a lost connection.
    pub async fn publish_on(
        channel: tonic::transport::Channel,
        dataset: &str,
        records: Vec<Record>,
    ) -> Result<PublishResponse, Status> {
        let mut service = PublishServiceClient::new(channel);
        let request = PublishRequest {
            dataset: resource(dataset),
            records,
            access: Some(access()),
            ..PublishRequest::default()
        };
        service.publish(request).await.map(tonic::Response::into_inner)
    }
}

fn access() -> AccessContext {
    AccessContext { purpose: PURPOSE.to_owned(), agreement: String::new() }
}
