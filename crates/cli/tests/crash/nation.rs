//! Two agencies, one dataset, an agreement for all rows and one for some.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ndxp_client::proto::{
    agreement::{Field, Operation, Purpose, RowFilter, Terms},
    common::{AccessContext, Title},
    exchange::{StartPosition, Subscription},
    registry::{
        Agency, AgencyKind, Classification, Dataset, DatasetCategory, Officer, Role, System,
    },
};

use crate::hub::{Home, Hub};

pub(crate) const DATASET: &str = "agencies/tax/datasets/counters";
const SCHEMA: &str = r#"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "x-ndxp-classification": "internal",
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]{1,12}$"},
        "province": {"type": "string", "maxLength": 20},
        "count": {"type": "integer", "minimum": 1}
    },
    "required": ["id", "province", "count"],
    "additionalProperties": false
}"#;

pub(crate) fn title(text: &str) -> Option<Title> {
    Some(Title { vi: text.to_owned(), en: text.to_owned() })
}

/// Registers everything, through the API as everybody does.
pub(crate) async fn create(home: &Home, hub: &Hub) {
    let authority = home.client(hub, "agency/hub/officer/officer-1");
    for id in ["tax", "statistics"] {
        let kind = AgencyKind::Ministry.into();
        let agency = Agency { id: id.to_owned(), name: title(id), kind, suspended: false };
        authority.create_agency(agency).await.unwrap();
        let parent = format!("agencies/{id}");
        for (officer, role) in [("steward-1", Role::Steward), ("approver-1", Role::Approver)] {
            let officer = Officer { id: officer.to_owned(), roles: vec![role.into()] };
            authority.create_officer(&parent, officer).await.unwrap();
        }
        let system = System { id: "portal".to_owned(), name: title("portal") };
        authority.create_system(&parent, system).await.unwrap();
    }
    let portal = home.client(hub, "agency/tax/system/portal");
    let dataset = Dataset {
        name: DATASET.to_owned(),
        title: title("counters"),
        category: DatasetCategory::Master.into(),
        classification: Classification::Internal.into(),
        key_fields: vec!["/id".to_owned()],
        filterable_fields: vec!["/province".to_owned()],
        partitions: 3,
        retention: None,
        ..Dataset::default()
    };
    portal.create_dataset(dataset).await.unwrap();
    portal.register_schema(DATASET, SCHEMA.as_bytes().to_vec()).await.unwrap();
    portal.activate_dataset(DATASET).await.unwrap();
    agree(home, hub, "copy", None).await;
    agree(home, hub, "north", Some("north")).await;
}

/// Makes an agreement and the subscription that rests on it, both of one name.
async fn agree(home: &Home, hub: &Hub, name: &str, province: Option<&str>) {
    let steward = home.client(hub, "agency/tax/officer/steward-1");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = |time: Duration| {
        let millis = i64::try_from(time.as_millis()).unwrap();
        ndxp_client::proto::timestamp(ndxp_model::Timestamp::from_millis(millis))
    };
    let id = format!("agr-{name}");
    let fields = ["/id", "/province", "/count"];
    let equals = |value: &str| RowFilter { field: "/province".into(), equals: value.to_owned() };
    let purpose = Purpose { code: name.to_owned(), basis: "decree-1".to_owned() };
    let terms = Terms {
        id: id.clone(),
        provider: "agencies/tax".to_owned(),
        consumer: "agencies/statistics".to_owned(),
        dataset: DATASET.to_owned(),
        operations: vec![Operation::Subscribe.into()],
        purposes: vec![purpose],
        fields: fields.map(|path| Field { path: path.to_owned() }).to_vec(),
        rows: province.map(equals),
        not_before: at(now),
        not_after: at(now + Duration::from_secs(86_400)),
    };
    let proposed = steward.propose_agreement(terms).await.unwrap();
    let revision = proposed.agreement.unwrap().proposed.unwrap();
    for side in ["tax", "statistics"] {
        let approver = home.client(hub, &format!("agency/{side}/officer/approver-1"));
        approver.approve_agreement(&revision.name, &revision.terms_hash).await.unwrap();
    }
    let subscription = Subscription {
        name: format!("agencies/statistics/subscriptions/{name}"),
        dataset: DATASET.to_owned(),
        access: Some(AccessContext { purpose: name.to_owned(), agreement: String::new() }),
        start: StartPosition::Earliest.into(),
        ..Subscription::default()
    };
    let portal = home.client(hub, "agency/statistics/system/portal");
    portal.create_subscription(subscription).await.unwrap();
}
