//! Where a publisher stands in its own source: kept by the hub, so that the publisher need not.

use ndxp_client::proto::exchange::{
    GetPublishStateRequest, PublishRequest, publish_service_client::PublishServiceClient,
};
use tonic::Code;

use super::*;

async fn states(hub: &TestHub, by: &str, dataset: &str) -> Result<Vec<(String, String)>, Status> {
    let mut service = PublishServiceClient::new(hub.channel(by));
    let dataset = format!("agencies/tax/datasets/{dataset}");
    let answer = service.get_publish_state(GetPublishStateRequest { dataset }).await?.into_inner();
    assert!(answer.states.iter().all(|state| state.published_at.is_some()));
    let pairs = answer.states.into_iter().map(|state| (state.system, state.source_position));
    Ok(pairs.collect())
}

async fn position(hub: &TestHub) -> Option<String> {
    let mut all = states(hub, "agency/tax/system/portal", "citizens").await.unwrap();
    assert!(all.iter().all(|(system, _)| system == "agencies/tax/systems/portal"), "{all:?}");
    assert!(all.len() < 2);
    all.pop().map(|(_, position)| position)
}

#[tokio::test]
async fn answered_position_is_found_after_a_crash() {
    let hub = pair().await;
    assert_eq!(position(&hub).await, None);
    let mut stream = opened(&hub).await;
    for n in 0..5 {
        stream.batch_at(batch(n * 10, 10), &format!("lsn {n}")).await;
    }
    for n in 0..5 {
        assert_eq!(stream.result().await.unwrap().seq, n + 1);
    }
    assert_eq!(position(&hub).await.as_deref(), Some("lsn 4"));
    let hub = hub.kill().await;
    assert_eq!(position(&hub).await.as_deref(), Some("lsn 4"));
}

#[tokio::test]
async fn position_moves_with_repeats_and_stands_still_without_one() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    stream.batch_at(batch(0, 10), "1").await;
    stream.batch(batch(10, 10)).await;
    stream.batch_at(batch(0, 10), "a repeat").await;
    for _ in 0..3 {
        stream.result().await.unwrap();
    }
    assert_eq!(position(&hub).await.as_deref(), Some("a repeat"));
}

#[tokio::test]
async fn refused_batch_moves_no_position() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    stream.batch_at(batch(0, 1), "good").await;
    let mut bad = batch(1, 1);
    bad[0].payload = b"{}".to_vec().into();
    stream.batch_at(bad, "bad").await;
    let (_, durable, _) = ending(&mut stream).await;
    assert_eq!(durable, Some(1));
    assert_eq!(position(&hub).await.as_deref(), Some("good"));
}

#[tokio::test]
async fn batch_whose_position_is_not_durable_is_not_answered() {
    for fault in [Fault::NotWritten, Fault::Written] {
        let hub = pair().await;
        let mut stream = opened(&hub).await;
        let faults = hub.faults();
        stream.batch_at(batch(0, 10), "1").await;
        stream.result().await.unwrap();
        // The records' append passes, that of the position meets the fault.
        faults.pass_append();
        faults.next_append(fault);
        stream.batch_at(batch(10, 10), "2").await;
        let (results, durable, status) = ending(&mut stream).await;
        assert_eq!((check(&status).as_str(), durable), ("OUTCOME_UNKNOWN", Some(1)), "{fault:?}");
        assert!(results.is_empty());
        let mut again = opened(&hub).await;
        again.batch_at(batch(10, 10), "2").await;
        let result = again.result().await.unwrap();
        assert_eq!((result.accepted, result.duplicates), (0, 10), "{fault:?}");
        assert_eq!(position(&hub).await.as_deref(), Some("2"));
        let hub = hub.kill().await;
        assert_eq!(position(&hub).await.as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn unary_call_keeps_its_position_too_and_a_long_one_is_refused_by_its_place() {
    let hub = pair().await;
    let mut service = PublishServiceClient::new(hub.channel("agency/tax/system/portal"));
    let mut publish = async |id, position: &str| {
        let request = PublishRequest {
            dataset: "agencies/tax/datasets/citizens".to_owned(),
            records: batch(id, 1),
            source_position: position.to_owned(),
            ..PublishRequest::default()
        };
        service.publish(request).await
    };
    publish(0, "row 17").await.unwrap();
    let refused = publish(1, &"x".repeat(257)).await.unwrap_err();
    assert_eq!(paths(&refused), ["source_position"]);
    assert_eq!(position(&hub).await.as_deref(), Some("row 17"));
    let mut stream = opened(&hub).await;
    stream.batch_at(batch(1, 1), &"x".repeat(257)).await;
    let (_, durable, status) = ending(&mut stream).await;
    assert_eq!((paths(&status), durable), (vec!["batch.source_position".to_owned()], Some(0)));
}

#[tokio::test]
async fn record_to_be_sent_again_holds_the_position_back() {
    let hub = pair().await;
    let publish = async |records, position: &str| {
        let mut service = PublishServiceClient::new(hub.channel("agency/tax/system/portal"));
        let request = PublishRequest {
            dataset: "agencies/tax/datasets/citizens".to_owned(),
            records,
            source_position: position.to_owned(),
            result_mode: ResultMode::PerRecord.into(),
            ..PublishRequest::default()
        };
        service.publish(request).await
    };
    let (faults, before) = (hub.faults(), leaves::written(&hub.faults()).await);
    faults.hold();
    let one = publish(batch(0, 1), "");
    let other = async {
        faults.written(before + 1).await;
        let call = publish(batch(0, 2), "behind both");
        let release = async {
            faults.written(before + 2).await;
            faults.release();
        };
        tokio::join!(call, release).0
    };
    let (one, other) = tokio::join!(one, other);
    assert_eq!(one.unwrap().into_inner().accepted, 1);
    let outcomes: Vec<_> =
        other.unwrap().into_inner().results.iter().map(|result| result.outcome()).collect();
    assert_eq!(outcomes, [RecordOutcome::Retryable, RecordOutcome::Accepted]);
    assert_eq!(position(&hub).await, None);
    publish(batch(0, 2), "behind both").await.unwrap();
    assert_eq!(position(&hub).await.as_deref(), Some("behind both"));
}

#[tokio::test]
async fn another_agency_sees_no_state_and_who_may_not_know_the_dataset_learns_nothing() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    stream.batch_at(batch(0, 1), "secret of tax").await;
    stream.result().await.unwrap();
    assert_eq!(states(&hub, "agency/land/system/portal", "citizens").await.unwrap(), []);
    let unknown = states(&hub, "agency/land/system/portal", "nothing").await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
}
