//! Dead letters for those who look after a subscription.

use ndxp_audit::{Entry, Way};
use ndxp_client::proto::exchange::{
    DeadLetter, DeadLetterCause, DeadLetterFilter, GetDeadLetterRequest, ListDeadLettersRequest,
    PurgeDeadLettersRequest, RedriveDeadLettersRequest, RedriveDeadLettersResponse,
    SubscribeSettle, dead_letter_service_client::DeadLetterServiceClient,
    subscribe_request::Frame as Ask,
};
use ndxp_testkit::{Frame, RawStream, TestHub, upsert};
use tonic::{Status, transport::Channel};

use crate::{
    contract::check,
    leaves::entries,
    settle::{ask, publish, rejects},
    setup::{citizen, pair, status},
};

const ALL: &str = "agencies/land/subscriptions/all";
const STEWARD: &str = "agency/land/officer/steward-1";
const PORTAL: &str = "agency/land/system/portal";

fn service(hub: &TestHub, by: &str) -> DeadLetterServiceClient<Channel> {
    DeadLetterServiceClient::new(hub.channel(by))
}

/// Rejects citizens 0 to 2, the last for another reason, and acknowledges 3.
async fn rejected() -> (TestHub, RawStream) {
    let hub = pair().await;
    publish(&hub, 0..4).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let mut records = stream.records(4).await.unwrap();
    records.sort_by(|a, b| a.key.cmp(&b.key));
    ask(&mut stream, Ask::Settle(rejects(&records[..2], "no such street"))).await;
    ask(&mut stream, Ask::Settle(rejects(&records[2..3], "too long"))).await;
    stream.settle(&records[3..]).await.unwrap();
    (hub, stream)
}

async fn list(
    hub: &TestHub,
    by: &str,
    filter: Option<DeadLetterFilter>,
) -> Result<Vec<DeadLetter>, Status> {
    let mut letters = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListDeadLettersRequest {
            parent: ALL.to_owned(),
            page_size: 2,
            page_token,
            filter: filter.clone(),
        };
        let page = service(hub, by).list_dead_letters(request).await?.into_inner();
        letters.extend(page.dead_letters);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(letters);
        }
    }
}

async fn redrive(
    hub: &TestHub,
    by: &str,
    filter: Option<DeadLetterFilter>,
    dry_run: bool,
) -> Result<RedriveDeadLettersResponse, Status> {
    let request = RedriveDeadLettersRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        parent: ALL.to_owned(),
        filter,
        rate: 1,
        dry_run,
    };
    service(hub, by).redrive_dead_letters(request).await.map(tonic::Response::into_inner)
}

fn reason(reason: &str) -> Option<DeadLetterFilter> {
    Some(DeadLetterFilter { reason: reason.to_owned(), ..DeadLetterFilter::default() })
}

#[tokio::test]
async fn dead_letters_are_listed_by_page_and_filter() {
    let (hub, _stream) = rejected().await;
    let all = list(&hub, PORTAL, None).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|letter| letter.cause() == DeadLetterCause::Rejected));
    assert!(all.iter().all(|letter| letter.attempts == 1 && letter.dead_at.is_some()));
    let names: std::collections::BTreeSet<_> = all.iter().map(|letter| &letter.name).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(list(&hub, STEWARD, reason("too long")).await.unwrap().len(), 1);
    let exhausted = DeadLetterCause::Exhausted.into();
    let filter = DeadLetterFilter { cause: exhausted, ..DeadLetterFilter::default() };
    assert!(list(&hub, PORTAL, Some(filter)).await.unwrap().is_empty());
    let one = DeadLetterFilter { names: vec![all[1].name.clone()], ..Default::default() };
    assert_eq!(list(&hub, PORTAL, Some(one)).await.unwrap(), [all[1].clone()]);
    let stranger = list(&hub, "agency/tax/system/portal", None).await.unwrap_err();
    assert_eq!(check(&stranger), "RESOURCE_NOT_FOUND");
    let approver = list(&hub, "agency/land/officer/approver-1", None).await.unwrap_err();
    assert_eq!(check(&approver), "ROLE_REQUIRED");
}

#[tokio::test]
async fn invariant_3_record_of_a_dead_letter_is_released_like_any() {
    let (hub, _stream) = rejected().await;
    let letter = list(&hub, PORTAL, reason("too long")).await.unwrap().remove(0);
    let request = || GetDeadLetterRequest { name: letter.name.clone() };
    let shown = service(&hub, STEWARD).get_dead_letter(request()).await.unwrap().into_inner();
    let record = shown.record.unwrap();
    assert_eq!(&record.payload[..], br#"{"id":"2","name":"citizen 2"}"#, "what is granted alone");
    assert!(record.ack_token.is_empty() && record.replayed);
    let index = usize::try_from(shown.receipt.unwrap().index).unwrap();
    match &entries(&hub.log()).await[index] {
        Entry::Release(release) => {
            assert_eq!((release.way, release.n), (Way::DeadLetter, 1));
            assert_eq!(release.by.to_string(), STEWARD);
        }
        other => panic!("not a release: {other:?}"),
    }
    let none = GetDeadLetterRequest { name: format!("{ALL}/deadLetters/none") };
    let none = service(&hub, PORTAL).get_dead_letter(none).await.unwrap_err();
    assert_eq!(check(&none), "RESOURCE_NOT_FOUND");
    let steward = hub.client("agency/tax/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    let denied = service(&hub, PORTAL).get_dead_letter(request()).await.unwrap_err();
    assert_eq!(check(&denied), "AGREEMENT_SUSPENDED");
}

#[tokio::test]
async fn redriven_letters_come_again_at_their_pace() {
    let (hub, mut stream) = rejected().await;
    let told = redrive(&hub, STEWARD, reason("no such street"), true).await.unwrap();
    assert_eq!((told.redriven, told.superseded, told.expired), (2, 0, 0));
    assert!(told.receipt.is_none());
    assert_eq!(stream.settle(&[]).await.unwrap(), 0, "a dry run ends no stream");
    let system = redrive(&hub, PORTAL, None, false).await.unwrap_err();
    assert_eq!(check(&system), "ROLE_REQUIRED");
    let done = redrive(&hub, STEWARD, None, false).await.unwrap();
    assert_eq!(done.redriven, 3);
    assert_eq!(check(&stream.end().await.1.unwrap()), "SUBSCRIPTION_CHANGED");
    let hub = hub.kill().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    // The restart took a second, and one a second is due from the order on.
    let two = stream.records(2).await.unwrap();
    assert!(two.iter().all(|record| record.replayed && record.attempt == 2), "{two:?}");
    assert_eq!(stream.settle(&two).await.unwrap(), 2);
    let told = status(&hub, "all").await;
    assert_eq!((told.retrying, told.dead_letters), (1, 1), "acknowledged ones are over");
    hub.clock.advance(std::time::Duration::from_secs(1));
    let third = stream.records(1).await.unwrap();
    assert_eq!(stream.settle(&third).await.unwrap(), 1);
    assert_eq!(status(&hub, "all").await.dead_letters, 0);
}

#[tokio::test]
async fn letter_with_a_newer_record_of_its_key_is_closed_not_redriven() {
    let (hub, stream) = rejected().await;
    drop(stream);
    let newer = upsert("r-new", citizen(0).replace("citizen 0", "somebody else"));
    hub.publish("tax", "tax/citizens", vec![newer]).await.unwrap();
    let done = redrive(&hub, STEWARD, None, false).await.unwrap();
    assert_eq!((done.redriven, done.superseded), (2, 1));
    assert_eq!(status(&hub, "all").await.dead_letters, 2);
}

#[tokio::test]
async fn purged_letters_are_gone_for_good() {
    let (hub, mut stream) = rejected().await;
    let request = |dry_run| PurgeDeadLettersRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        parent: ALL.to_owned(),
        filter: reason("no such street"),
        dry_run,
    };
    let mut steward = service(&hub, STEWARD);
    let told = steward.purge_dead_letters(request(true)).await.unwrap().into_inner();
    assert_eq!((told.purged, told.receipt.is_some()), (2, false));
    assert_eq!(list(&hub, PORTAL, None).await.unwrap().len(), 3);
    let done = steward.purge_dead_letters(request(false)).await.unwrap().into_inner();
    assert_eq!((done.purged, done.receipt.is_some()), (2, true));
    assert_eq!(check(&stream.end().await.1.unwrap()), "SUBSCRIPTION_CHANGED");
    let system = service(&hub, PORTAL).purge_dead_letters(request(false)).await.unwrap_err();
    assert_eq!(check(&system), "ROLE_REQUIRED");
    let hub = hub.kill().await;
    assert_eq!(list(&hub, PORTAL, None).await.unwrap().len(), 1);
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
    stream.send(Ask::Settle(SubscribeSettle::default())).await;
}
