//! What may follow a registered schema, and what it means for agreements.

use ndxp_client::proto::{
    error::Failure,
    exchange::{PublishRequest, publish_service_client::PublishServiceClient},
    registry::{Classification, Compatibility, Dataset},
    schema::{AgreementEffectKind, CompatibilityVerdict, RegisterSchemaResponse},
};
use ndxp_schema::Profile;
use ndxp_testkit::{Grant, Spec, TestHub, citizens};
use serde_json::{Value, json};

use crate::setup::{citizen, pair};

const PORTAL: &str = "agency/tax/system/portal";
const DATASET: &str = "agencies/tax/datasets/citizens";

/// The schema of `tax/citizens`, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut schema: Value = serde_json::from_str(&citizens("tax/citizens").schema).unwrap();
    change(&mut schema);
    serde_json::to_vec(&schema).unwrap()
}

async fn register(hub: &TestHub, schema: Vec<u8>) -> Result<RegisterSchemaResponse, Failure> {
    hub.client(PORTAL).register_schema(DATASET, schema).await
}

/// Reason and places of a refusal.
fn refusal(answer: Result<RegisterSchemaResponse, Failure>) -> (String, Vec<String>) {
    let failure = answer.unwrap_err();
    assert!(failure.next_step.is_some(), "{failure:?}");
    let places = failure.violations.into_iter().map(|(path, _)| path).collect();
    (failure.reason.unwrap_or_default(), places)
}

#[tokio::test]
async fn a_schema_that_breaks_an_earlier_one_is_refused_with_the_places() {
    let hub = pair().await;
    let wider = changed(|schema| schema["properties"]["note"] = json!({"type": "string"}));
    let answer = register(&hub, wider).await.unwrap();
    assert_eq!(answer.schema.unwrap().version, 2);
    assert_eq!(answer.changes.len(), 1, "{:?}", answer.changes);
    assert!(answer.effects.is_empty(), "{:?}", answer.effects);

    let narrower = changed(|schema| schema["properties"]["income"]["type"] = "string".into());
    let (reason, places) = refusal(register(&hub, narrower).await);
    assert_eq!(reason, "SCHEMA_BREAKING");
    assert!(places.iter().any(|place| place.starts_with("/properties/income")), "{places:?}");

    // Compared with every schema before it: the newest one alone would let this through.
    let again = changed(|schema| {
        let properties = schema["properties"].as_object_mut().unwrap();
        properties.remove("income");
    });
    register(&hub, again).await.unwrap();
    let other = changed(|schema| schema["properties"]["income"] = json!({"type": "boolean"}));
    assert_eq!(refusal(register(&hub, other).await).0, "SCHEMA_BREAKING");
}

#[tokio::test]
async fn a_leaf_without_a_classification_is_refused() {
    let hub = pair().await;
    let bare = changed(|schema| {
        schema.as_object_mut().unwrap().remove("x-ndxp-classification");
        for leaf in ["id", "name", "province"] {
            schema["properties"][leaf]["x-ndxp-classification"] = "internal".into();
        }
    });
    let (reason, places) = refusal(register(&hub, bare).await);
    assert_eq!((reason.as_str(), places), ("SCHEMA_INVALID", vec!["/income".to_owned()]));
}

#[tokio::test]
async fn a_change_that_touches_an_agreement_is_reported_and_changes_no_right() {
    let hub = pair().await;
    let consumer = hub.client("agency/land/officer/steward-1");
    let before = consumer.get_agreement("agreements/agr-1").await.unwrap();
    let raised = changed(|schema| {
        schema["properties"]["name"]["x-ndxp-classification"] = "confidential".into();
        // Nobody's agreement names it.
        schema["properties"]["income"]["x-ndxp-classification"] = "secret".into();
    });
    let asked = hub.client(PORTAL).check_compatibility(DATASET, raised.clone()).await.unwrap();
    assert_eq!(asked.verdict(), CompatibilityVerdict::Compatible);
    assert_eq!(asked.mode(), Compatibility::Full);
    let answer = register(&hub, raised).await.unwrap();
    assert_eq!(asked.effects, answer.effects);
    let [effect] = &answer.effects[..] else { panic!("{:?}", answer.effects) };
    assert_eq!(effect.kind(), AgreementEffectKind::ClassificationRaised);
    assert_eq!(
        (effect.agreement.as_str(), effect.consumer.as_str(), effect.field.as_str()),
        ("agreements/agr-1@1", "agencies/land", "/name")
    );
    assert_eq!(consumer.get_agreement("agreements/agr-1").await.unwrap(), before);
}

#[tokio::test]
async fn a_field_that_an_agreement_names_cannot_be_removed() {
    let hub = pair().await;
    let without = changed(|schema| {
        schema["properties"].as_object_mut().unwrap().remove("name");
    });
    let (reason, places) = refusal(register(&hub, without).await);
    assert_eq!((reason.as_str(), places), ("SCHEMA_BREAKING", vec!["/name".to_owned()]));
}

#[tokio::test]
async fn a_steward_chooses_the_mode_and_it_holds_at_the_next_registration() {
    let hub = pair().await;
    let wider = || changed(|schema| schema["properties"]["id"]["pattern"] = "^[0-9]{1,13}$".into());
    assert_eq!(refusal(register(&hub, wider()).await).0, "SCHEMA_BREAKING");
    let choose = |caller: &'static str| {
        let client = hub.client(caller);
        async move { client.set_compatibility(DATASET, Compatibility::Backward).await }
    };
    assert_eq!(choose(PORTAL).await.unwrap_err().reason.as_deref(), Some("ROLE_REQUIRED"));
    choose("agency/tax/officer/steward-1").await.unwrap();
    let dataset = hub.client(PORTAL).get_dataset(DATASET).await.unwrap();
    assert_eq!(dataset.compatibility(), Compatibility::Backward);
    let answer = register(&hub, wider()).await.unwrap();
    assert_eq!(answer.effects[0].kind(), AgreementEffectKind::FieldChanged);
    assert_eq!(answer.effects[0].field, "/id");
    // Kept over a restart, with the mode.
    let hub = hub.kill().await;
    let dataset = hub.client(PORTAL).get_dataset(DATASET).await.unwrap();
    assert_eq!((dataset.compatibility(), dataset.schema_version), (Compatibility::Backward, 2));
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_other_peoples_agreements() {
    let hub = pair().await;
    hub.agency("health").await;
    let raised = changed(|schema| {
        schema["properties"]["name"]["x-ndxp-classification"] = "secret".into();
    });
    let stranger = hub.client("agency/health/system/portal");
    let answer = stranger.check_compatibility(DATASET, raised).await.unwrap();
    assert!(answer.effects.is_empty(), "{:?}", answer.effects);
}

#[tokio::test]
async fn the_hub_says_by_which_rules_it_judges() {
    let hub = pair().await;
    let client = hub.client(PORTAL);
    let me = client.who_am_i().await.unwrap();
    let parts = me.verdict.unwrap();
    let ours = Profile::default().verdict_identity();
    assert_eq!(parts.engine_version, ours.engine_version);
    assert_eq!(parts.profile_sha256, ours.profile_sha256);
    assert_eq!(parts.digest, me.verdict_identity);
    let bundle = client.export_schema_bundle().await.unwrap();
    assert_eq!(bundle.verdict.unwrap(), parts);
    assert_eq!(bundle.profile, Profile::default().national.source().as_bytes());
    assert_eq!(bundle.schemas.len(), 1);
}

/// An agreement on an address, on a leaf of it and on the name, over a schema with definitions.
async fn nested() -> TestHub {
    let hub = pair().await;
    let schema = nested_schema(|_| {});
    let nested = Spec {
        schema: String::from_utf8(schema).unwrap(),
        filterable: Vec::new(),
        ..citizens("tax/nested")
    };
    hub.dataset(&nested).await;
    for (id, fields) in
        [("agr-parent", &["/id", "/address"][..]), ("agr-leaf", &["/id", "/address/street"])]
    {
        hub.agreement(&Grant::of(id, "tax/nested", "land", fields)).await;
    }
    hub
}

fn nested_schema(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut schema = json!({
        "x-ndxp-classification": "internal", "type": "object", "required": ["id"],
        "properties": {
            "id": {"type": "string"}, "address": {"$ref": "#/$defs/address"}
        },
        "$defs": {
            "text": {"type": "string", "maxLength": 80},
            "address": {"type": "object", "properties": {
                "street": {"$ref": "#/$defs/text"}, "floor": {"type": "integer"}
            }}
        }
    });
    change(&mut schema);
    serde_json::to_vec(&schema).unwrap()
}

#[tokio::test]
async fn a_change_behind_a_reference_is_reported_for_the_parent_and_for_the_leaf() {
    use AgreementEffectKind::{ClassificationRaised, FieldChanged};
    type Expected = [(&'static str, &'static str, AgreementEffectKind)];
    let hub = nested().await;
    let check = async |place: &str, value: Value, expected: &Expected| {
        let document = nested_schema(|schema| {
            let (parent, name) = place.rsplit_once('/').unwrap();
            schema.pointer_mut(parent).unwrap()[name] = value;
        });
        let client = hub.client(PORTAL);
        let answer =
            client.check_compatibility("agencies/tax/datasets/nested", document).await.unwrap();
        let found = answer.effects.iter().map(|effect| {
            assert!(!effect.changes.is_empty(), "{effect:?}");
            (effect.agreement.as_str(), effect.field.as_str(), effect.kind())
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{place}");
    };
    let leaf = ("agreements/agr-leaf@1", "/address/street");
    let parent = ("agreements/agr-parent@1", "/address");
    let both = |kind| [(leaf.0, leaf.1, kind), (parent.0, parent.1, kind)];
    let alone = |kind| [(parent.0, parent.1, kind)];
    check("/$defs/text/maxLength", 90.into(), &both(FieldChanged)).await;
    check("/$defs/text/x-ndxp-classification", "secret".into(), &both(ClassificationRaised)).await;
    check("/$defs/address/properties/floor/minimum", 0.into(), &alone(FieldChanged)).await;
    // New below what is granted: the consumer will get it.
    let door = json!({"type": "string", "x-ndxp-classification": "confidential"});
    check("/$defs/address/properties/door", door, &alone(ClassificationRaised)).await;
    check("/properties/note", json!({"type": "string"}), &[]).await;
}

#[tokio::test]
async fn a_draft_takes_another_schema_until_it_is_activated() {
    let hub = pair().await;
    let portal = hub.client(PORTAL);
    let spec = citizens("tax/drafted");
    let name = "agencies/tax/datasets/drafted";
    let right = spec.schema.clone().into_bytes();
    portal
        .create_dataset(Dataset {
            name: name.to_owned(),
            title: portal.get_dataset(DATASET).await.unwrap().title,
            category: spec.category.into(),
            classification: Classification::Internal.into(),
            key_fields: spec.key.clone(),
            partitions: 1,
            ..Dataset::default()
        })
        .await
        .unwrap();
    let wrong = changed(|schema| schema["properties"]["id"]["type"] = "integer".into());
    portal.register_schema(name, wrong.clone()).await.unwrap();
    let asked = portal.check_compatibility(name, right.clone()).await.unwrap();
    assert_eq!(asked.verdict(), CompatibilityVerdict::Compatible);
    assert!(asked.comparisons.is_empty(), "{:?}", asked.comparisons);
    let answer = portal.register_schema(name, right).await.unwrap();
    assert_eq!(answer.schema.unwrap().version, 2);
    assert_eq!(answer.changes.len(), 1, "{:?}", answer.changes);
    portal.activate_dataset(name).await.unwrap();

    // The one in force binds, the one before it does not, and no record may follow that one.
    let failure = portal.register_schema(name, wrong).await.unwrap_err();
    assert_eq!(failure.reason.as_deref(), Some("SCHEMA_BREAKING"));
    assert!(failure.message.contains("schema 2 ("), "{failure:?}");
    let channel = hub.channel(PORTAL);
    let publish = async |schema_version| {
        let request = PublishRequest {
            dataset: name.to_owned(),
            schema_version,
            records: vec![ndxp_testkit::upsert("c-1", citizen(1))],
            ..PublishRequest::default()
        };
        PublishServiceClient::new(channel.clone()).publish(request).await
    };
    let status = publish(1).await.unwrap_err();
    assert!(status.message().contains("schema_version"), "{status:?}");
    publish(2).await.unwrap();
}
