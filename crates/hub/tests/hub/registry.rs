//! Changes of the registry: idempotent by request id, and each with exactly one entry.

use std::time::Duration;

use ndxp_audit::Entry;
use ndxp_client::proto::registry::{
    Agency, AgencyKind, CreateAgencyRequest, CreateAgencyResponse,
    agency_service_client::AgencyServiceClient,
};
use ndxp_log::{Record, memory::Fault};
use ndxp_model::HubTopic;
use ndxp_testkit::{Engine, TestHub, upsert};
use tonic::Status;

use crate::{
    contract::check,
    leaves::entries,
    setup::{citizen, on},
};

const OFFICER: &str = "agency/hub/officer/officer-1";

fn request(id: &str) -> CreateAgencyRequest {
    let name = Some(ndxp_client::proto::common::Title { vi: id.to_owned(), en: id.to_owned() });
    let kind = AgencyKind::Ministry.into();
    CreateAgencyRequest {
        request_id: "6f1c3f0e-3a6e-4f0e-9a43-0d9d6f0f1a11".to_owned(),
        agency: Some(Agency { id: id.to_owned(), name, kind, suspended: false }),
    }
}

async fn create(hub: &TestHub, id: &str) -> Result<CreateAgencyResponse, Status> {
    let mut service = AgencyServiceClient::new(hub.channel(OFFICER));
    service.create_agency(request(id)).await.map(tonic::Response::into_inner)
}

/// The positions of all registry entries, in order.
async fn noted(hub: &TestHub) -> Vec<u64> {
    let entries = entries(&hub.log()).await;
    let positions = entries.iter().filter_map(|entry| match entry {
        Entry::Registry(registry) => Some(registry.position),
        _ => None,
    });
    positions.collect()
}

#[tokio::test]
async fn same_request_is_done_once_and_answered_with_the_first_receipt() {
    let hub = TestHub::start().await;
    let first = create(&hub, "tax").await.unwrap();
    let again = create(&hub, "tax").await.unwrap();
    assert_eq!(first.receipt.unwrap(), again.receipt.unwrap());
    let hub = hub.kill().await;
    assert_eq!(create(&hub, "tax").await.unwrap().receipt.unwrap().index, 2);
    let other = create(&hub, "land").await.unwrap_err();
    assert_eq!(check(&other), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn change_is_completed_with_one_entry_whatever_failed() {
    use Fault::{EntryOnly, NotWritten, Written};
    let cases: [&[(Fault, &str)]; 5] = [
        &[(NotWritten, "LOG_UNAVAILABLE")],
        &[(Written, "OUTCOME_UNKNOWN")],
        // The second fault meets the entry that the second try writes first.
        &[(Written, "OUTCOME_UNKNOWN"), (NotWritten, "LOG_UNAVAILABLE")],
        &[(Written, "OUTCOME_UNKNOWN"), (Written, "OUTCOME_UNKNOWN")],
        &[(EntryOnly, "OUTCOME_UNKNOWN")],
    ];
    for faults in cases {
        let hub = TestHub::start().await;
        for (fault, expected) in faults {
            hub.faults().next_append(*fault);
            let failed = create(&hub, "tax").await.unwrap_err();
            assert_eq!(check(&failed), *expected, "{faults:?}");
        }
        let done = create(&hub, "tax").await.unwrap();
        assert_eq!(noted(&hub).await, [0, 1], "genesis and agency: {faults:?}");
        let receipt = done.receipt.unwrap();
        let entry = &entries(&hub.log()).await[usize::try_from(receipt.index).unwrap()];
        assert!(matches!(entry, Entry::Registry(registry) if registry.position == 1), "{entry:?}");
    }
}

#[tokio::test]
async fn entry_that_a_crash_took_is_written_at_the_next_boot() {
    let hub = TestHub::start().await;
    hub.faults().next_append(Fault::Written);
    create(&hub, "tax").await.unwrap_err();
    let hub = hub.kill().await;
    assert_eq!(noted(&hub).await, [0, 1]);
}

#[tokio::test]
async fn node_that_meets_a_newer_format_stops_and_says_what_to_upgrade() {
    for (record, expected) in [
        (r#"{"v":2,"shape":"nobody knows yet"}"#, "registry record is of format 2"),
        (
            r#"{"v":1,"base":1,"t":"2026-07-01T00:00:00Z","request_id":"6f1c3f0e-3a6e-4f0e-9a43-0d9d6f0f1a11","body":"","command":"raise-format","events":[{"type":"format-raised","format":2}]}"#,
            "the registry was raised to format 2",
        ),
    ] {
        let mut hub = TestHub::start().await;
        let stored = Record { value: record.into(), ..Record::default() };
        hub.log().append(HubTopic::Registry, 0, vec![stored]).await.unwrap();
        let said = hub.failed().await;
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("this version reads up to 1: upgrade the node"), "{said}");
        // Nor does a binary that was rolled back behind it.
        let error = hub.refuses_to_start().await;
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(expected) && cause.contains("upgrade the node"), "{cause}");
    }
}

#[tokio::test]
async fn full_disk_refuses_whole_says_why_and_recovers() {
    let hub = on(TestHub::start_on(Engine::embedded()).await).await;
    let publish = || hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]);
    assert_eq!(hub.ready().await.0, 200);
    hub.engine.set_free(1_000);
    // A look at the disk holds for a quarter of a second while there is plenty.
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    let mut id = 100;
    let refused = loop {
        let record = vec![upsert(&format!("r-{id}"), citizen(id))];
        match hub.publish("tax", "tax/citizens", record).await {
            Err(status) => break status,
            Ok(_) => assert!(std::time::Instant::now() < deadline, "the disk is full"),
        }
        id += 1;
    };
    assert_eq!(check(&refused), "LOG_UNAVAILABLE");
    let (status, why) = hub.ready().await;
    assert_eq!(status, 503);
    assert!(why.contains("log is full"), "{why}");
    hub.engine.set_free(u64::MAX);
    assert_eq!(publish().await.unwrap().accepted, 1);
    let (status, why) = hub.ready().await;
    assert_eq!(status, 200, "{why}");
}

#[tokio::test]
async fn call_that_has_seen_more_than_the_node_is_sent_away_for_a_moment() {
    let hub = TestHub::start().await;
    let mut request = tonic::Request::new(request("tax"));
    request.metadata_mut().insert("ndxp-registry", "1000000".parse().unwrap());
    let mut service = AgencyServiceClient::new(hub.channel(OFFICER));
    let behind = service.create_agency(request).await.unwrap_err();
    assert_eq!(check(&behind), "REGISTRY_BEHIND");
}
