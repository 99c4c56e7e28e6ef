//! Several nodes on one log: whichever a client meets, it is served.

use std::time::{Duration, Instant};

use ndxp_testkit::{TestHub, upsert};

use crate::{
    contract::check,
    setup::{citizen, pair, status},
};

/// Waits until a node serves a subscription, wherever its lane is.
async fn open(node: &TestHub) -> ndxp_testkit::RawStream {
    loop {
        match node.subscribe("land", "all").await {
            Ok(stream) => return stream,
            Err(said) => assert_eq!(check(&said), "LANE_MOVED"),
        }
    }
}

#[tokio::test]
async fn stream_of_another_nodes_lane_is_forwarded() {
    let nodes = pair().await.into_nodes(2).await;
    let mut stream = open(&nodes[1]).await;
    nodes[0].publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let records = stream.records(1).await.unwrap();
    assert_eq!(stream.settle(&records).await.unwrap(), 1);
    // Whoever is asked tells the same.
    for node in &nodes {
        let told = status(node, "all").await;
        assert!(told.connected);
        assert_eq!(told.outstanding, 0);
    }
}

#[tokio::test]
async fn stream_moves_with_its_lane_and_what_was_handed_out_is_marked() {
    let nodes = pair().await.into_nodes(2).await;
    nodes[0].publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = open(&nodes[0]).await;
    assert_eq!(stream.records(1).await.unwrap()[0].attempt, 1);
    nodes[1].give(0..64);
    nodes[0].give([]);
    let ended = stream.end().await.1.unwrap();
    assert_eq!(check(&ended), "LANE_MOVED");
    let mut stream = open(&nodes[0]).await;
    assert_eq!(stream.records(1).await.unwrap()[0].attempt, 2);
}

/// Looks until a metric of a node has this value.
async fn reads(node: &TestHub, metric: &str, value: u64) {
    let line = format!("{metric} {value}\n");
    let since = Instant::now();
    loop {
        let text = node.metrics().await;
        if text.contains(&line) {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn metrics_tell_how_the_nodes_share_the_lanes() {
    let nodes = pair().await.into_nodes(2).await;
    reads(&nodes[0], "ndxp_lanes_owned", 64).await;
    for node in &nodes {
        reads(node, "ndxp_nodes_heard", 2).await;
        reads(node, "ndxp_log_ready", 1).await;
    }
    nodes[0].give(0..32);
    nodes[1].give(32..64);
    for node in &nodes {
        reads(node, "ndxp_lanes_owned", 32).await;
    }
    reads(&nodes[0], "ndxp_lanes_lost_total", 32).await;
    reads(&nodes[1], "ndxp_lanes_taken_total", 32).await;
}
