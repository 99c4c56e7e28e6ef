//! A node that is told to stop: it says so, lets go in good order, loses nothing that it has
//! acknowledged, and waits for nobody without end.

use std::time::{Duration, Instant};

use ndxp_testkit::{Frame, RawStream, TEST_DRAIN, TestHub, ready_at, upsert};
use tokio::{io::Interest, sync::oneshot};
use tonic_types::StatusExt;

use crate::{
    contract::check,
    cut::stalling,
    leaves,
    setup::{citizen, pair},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn call_under_way_is_answered_and_the_node_is_not_ready_meanwhile() {
    let hub = pair().await;
    let (faults, http) = (hub.faults(), hub.http());
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let channel = hub.channel("agency/tax/system/portal");
    let written = leaves::written(&faults).await;
    faults.hold();
    let publishing = tokio::spawn(TestHub::publish_on(
        channel.clone(),
        "tax/citizens",
        vec![upsert("r-1", citizen(1))],
    ));
    faults.written(written + 1).await;

    let stopping = tokio::spawn(hub.restart());
    let unready = async {
        loop {
            let (code, text) = ready_at(http).await;
            if code == 503 {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(SECOND * 5, unready).await.expect("readiness ends first");
    assert!(text.contains("the node is shutting down"), "{text}");
    let late = TestHub::publish_on(channel, "tax/citizens", vec![upsert("r-2", citizen(2))]).await;
    // By the gate, or by the connection itself, which has said that it ends.
    late.expect_err("no new call is taken");
    assert!(!publishing.is_finished());

    faults.release();
    publishing.await.unwrap().expect("what was under way is answered");
    let (frames, status) = stream.end().await;
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Draining(_))), "{frames:?}");
    let status = status.unwrap();
    assert_eq!(check(&status), "NODE_DRAINING");
    assert!(status.get_details_retry_info().is_some());

    let hub = stopping.await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(1).await.unwrap();
    assert_eq!(records.len(), 1, "what was acknowledged is there, and nothing else");
    hub.publish("tax", "tax/citizens", vec![upsert("r-2", citizen(2))]).await.unwrap();
}

#[tokio::test]
async fn peer_that_does_not_read_holds_up_a_drain_for_its_bound_and_no_longer() {
    let hub = pair().await;
    let (stall, stalled) = oneshot::channel();
    let (address, proxy) = stalling(hub.address(), stalled).await;
    let issued = hub.certificate("agency/land/system/portal");
    let endpoint = hub.endpoint_at(address, Some(&issued));
    let endpoint =
        endpoint.initial_stream_window_size(8 << 20).initial_connection_window_size(8 << 20);
    let all = "agencies/land/subscriptions/all";
    let mut unread = RawStream::open(endpoint.connect_lazy(), all).await.unwrap();
    unread.credit(100, 0).await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-0", citizen(7))]).await.unwrap();
    unread.records(1).await.unwrap();
    hub.subscription("land", "others", "tax/citizens").await;
    let mut read = hub.subscribe("land", "others").await.unwrap();
    read.records(1).await.unwrap();
    stall.send(()).unwrap();
    let socket = proxy.await.unwrap();
    let big = |id: u32| {
        let name = "x".repeat(900_000);
        upsert(&format!("r-{id}"), format!(r#"{{"id":"{id}","province":"01","name":"{name}"}}"#))
    };
    for id in 1..=8 {
        hub.publish("tax", "tax/citizens", vec![big(id)]).await.unwrap();
    }

    let start = Instant::now();
    let reading = tokio::spawn(async move {
        let (_, status) = read.end().await;
        (status, start.elapsed())
    });
    let engine = hub.shutdown().await;
    assert!(start.elapsed() < TEST_DRAIN + 2 * SECOND, "{:?}", start.elapsed());
    let (status, ended) = reading.await.unwrap();
    assert_eq!(check(&status.unwrap()), "NODE_DRAINING");
    assert!(ended < TEST_DRAIN, "the others do not wait for it: {ended:?}");
    socket.ready(Interest::ERROR).await.unwrap();
    assert!(leaves::count(&engine.log(), leaves::is_release).await >= 3);
}
