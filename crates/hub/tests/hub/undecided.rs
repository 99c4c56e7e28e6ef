//! A schema whose comparison stays open: two officers answer for it, and the registry and the audit log say who.

use ndxp_audit::Entry;
use ndxp_client::proto::{
    error::Failure,
    registry::{Officer, Role},
};
use ndxp_model::{HubTopic, Topic};
use ndxp_registry::{Event, RegistryRecord};
use ndxp_schema::{Effort, Mode, Policy, Profile, Schema, Verdict, compare};
use ndxp_testkit::{Spec, TestHub, citizens};

use crate::{
    leaves::{entries, records},
    setup::pair,
};

// The same texts, by patterns whose automata have two million states: no proof fits the effort, and no record is lost.
const OLD: &str = include_str!("undecided/old.schema.json");
const NEW: &str = include_str!("undecided/new.schema.json");

const DATASET: &str = "agencies/tax/datasets/routes";
const STEWARD: &str = "agency/tax/officer/steward-1";
const APPROVER: &str = "agency/tax/officer/approver-1";
/// Steward and approver in one person.
const BOTH: &str = "agency/tax/officer/both-1";
const REASON: &str = "the two halves of the new pattern are the old one";

#[test]
fn the_pair_stays_undecided_whatever_the_effort() {
    let parse = |text: &str| Schema::parse(text.as_bytes(), &Profile::default()).unwrap();
    for factor in [1, 50] {
        let effort = Effort::default().times(factor);
        let found = compare(&parse(OLD), &parse(NEW), Mode::Full, Policy::Role, effort);
        assert_eq!(found.verdict, Verdict::Undecided, "{factor}");
    }
}

async fn hub() -> TestHub {
    let hub = pair().await;
    let routes = Spec { schema: OLD.to_owned(), ..citizens("tax/routes") };
    hub.dataset(&routes).await;
    let authority = hub.client("agency/hub/officer/officer-1");
    let roles = vec![Role::Steward.into(), Role::Approver.into()];
    let both = Officer { id: "both-1".to_owned(), roles };
    authority.create_officer("agencies/tax", both).await.unwrap();
    hub
}

async fn register(hub: &TestHub, caller: &str) -> Result<u32, Failure> {
    let answer = hub.client(caller).register_schema(DATASET, NEW.into()).await?;
    Ok(answer.schema.unwrap().version)
}

fn reason(failure: &Failure) -> &str {
    assert!(failure.next_step.is_some(), "{failure:?}");
    failure.reason.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn an_undecided_schema_is_registered_on_the_word_of_two_officers_only() {
    let hub = hub().await;
    let refused = register(&hub, STEWARD).await.unwrap_err();
    assert_eq!(reason(&refused), "SCHEMA_UNDECIDED");
    let place = "/properties/route/pattern";
    assert!(refused.violations.iter().any(|(path, _)| path == place), "{refused:?}");

    let answer = async |caller: &str, reason: &str| {
        hub.client(caller).override_comparison(DATASET, NEW.into(), reason).await
    };
    assert_eq!(reason(&answer(STEWARD, REASON).await.unwrap_err()), "ROLE_REQUIRED");
    assert_eq!(reason(&answer(BOTH, " ").await.unwrap_err()), "INVALID_FIELD");
    let given = answer(BOTH, REASON).await.unwrap();

    // The same officer is no second one, and a system is no officer.
    assert_eq!(reason(&register(&hub, BOTH).await.unwrap_err()), "ROLE_REQUIRED");
    let portal = register(&hub, "agency/tax/system/portal").await.unwrap_err();
    assert_eq!(reason(&portal), "ROLE_REQUIRED");

    // The word stands over a restart.
    let hub = hub.kill().await;
    assert_eq!(register(&hub, STEWARD).await.unwrap(), 2);
    let told = hub.client(STEWARD).list_schemas(DATASET).await.unwrap();
    assert_eq!(told.last().unwrap().hash, given.hash);
    told_by_the_registry(&hub, &given.hash).await;
    told_by_the_audit(&hub).await;
}

#[tokio::test]
async fn a_second_word_lets_the_first_officer_register() {
    let hub = hub().await;
    for caller in [BOTH, APPROVER] {
        let client = hub.client(caller);
        client.override_comparison(DATASET, NEW.into(), REASON).await.unwrap();
    }
    assert_eq!(register(&hub, BOTH).await.unwrap(), 2);
}

/// The event names both hashes, the reason and the first officer; the record of the registration the second.
async fn told_by_the_registry(hub: &TestHub, hash: &str) {
    let stored = records(&hub.log(), Topic::Hub(HubTopic::Registry), 0).await;
    let all: Vec<RegistryRecord> =
        stored.iter().map(|stored| RegistryRecord::decode(&stored.record.value).unwrap()).collect();
    let words: Vec<_> = all
        .iter()
        .flat_map(|record| &record.events)
        .filter_map(|event| match event {
            Event::ComparisonOverridden { schema, against, reason, officer, .. } => {
                Some((schema.as_str(), against.clone(), reason.as_str(), officer.to_string()))
            }
            _ => None,
        })
        .collect();
    let old = Schema::parse(OLD.as_bytes(), &Profile::default()).unwrap();
    let against = vec![old.hash().to_owned()];
    assert_eq!(words, [(hash, against, REASON, BOTH.to_owned())]);
    let registered = all.last().unwrap();
    assert_eq!(registered.actor.as_ref().unwrap().to_string(), STEWARD);
    assert_eq!(registered.command, "register-schema");
}

async fn told_by_the_audit(hub: &TestHub) {
    let entries = entries(&hub.log()).await;
    let told: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Registry(one) => Some((one.op.as_str(), one.by.to_string())),
            _ => None,
        })
        .collect();
    let both = [("override-comparison", BOTH.to_owned()), ("register-schema", STEWARD.to_owned())];
    assert_eq!(told.last_chunk::<2>(), Some(&both), "{told:?}");
}
