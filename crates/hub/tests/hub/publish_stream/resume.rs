//! Failures of the log: what is durable, what is resent, and that nothing is lost or doubled.

use super::*;

/// Sends what lies behind the last durable batch again, as a publisher does.
async fn resumed(hub: &TestHub, durable: u64, all: &[Vec<Record>]) -> (u32, u32) {
    let mut stream = opened(hub).await;
    let rest = &all[usize::try_from(durable).unwrap()..];
    for records in rest {
        stream.batch(records.clone()).await;
    }
    let (mut accepted, mut duplicates) = (0, 0);
    for _ in rest {
        let result = stream.result().await.unwrap();
        accepted += result.accepted;
        duplicates += result.duplicates;
    }
    (accepted, duplicates)
}

#[tokio::test]
async fn failed_append_stops_the_stream_and_a_resend_completes_it_without_duplicates() {
    for (fault, expected, doubled) in [
        (Fault::NotWritten, "LOG_UNAVAILABLE", 0),
        (Fault::EntryOnly, "OUTCOME_UNKNOWN", 0),
        (Fault::Written, "OUTCOME_UNKNOWN", 10),
    ] {
        let hub = pair().await;
        let mut stream = opened(&hub).await;
        let all: Vec<_> = (0..6).map(|n| batch(n * 10, 10)).collect();
        stream.batch(all[0].clone()).await;
        stream.result().await.unwrap();
        hub.faults().next_append(fault);
        stream.batch(all[1].clone()).await;
        let (results, durable, status) = ending(&mut stream).await;
        assert_eq!((check(&status).as_str(), durable), (expected, Some(1)), "{fault:?}");
        assert_eq!((seq(&status).as_deref(), results.len()), (Some("2"), 0));

        let (accepted, duplicates) = resumed(&hub, 1, &all).await;
        assert_eq!((accepted + duplicates, duplicates), (50, doubled), "{fault:?}");
        let mut ids = ids(&hub).await;
        assert_eq!(ids.len(), 60, "{fault:?}");
        ids.dedup();
        assert_eq!(ids.len(), 60, "{fault:?}: doubled");
    }
}

#[tokio::test]
async fn nothing_behind_an_unknown_outcome_is_taken() {
    let hub = pair().await;
    let faults = hub.faults();
    let mut stream = opened(&hub).await;
    stream.batch(batch(0, 1)).await;
    stream.result().await.unwrap();
    let before = leaves::written(&faults).await;
    faults.hold();
    stream.batch(batch(10, 10)).await;
    faults.written(before + 1).await;
    // The next append meets the fault; more waits behind it.
    faults.next_append(Fault::EntryOnly);
    for from in 2..7 {
        stream.batch(batch(from * 10, 10)).await;
    }
    faults.release();
    let (results, durable, status) = ending(&mut stream).await;
    assert_eq!((check(&status).as_str(), durable), ("OUTCOME_UNKNOWN", Some(2)));
    assert_eq!(results.len(), 1);
    assert_eq!(citizens(&hub.log()).await.len(), 11);
}
