//! Several nodes on one log: whichever a client meets, it is served.

use std::time::{Duration, Instant};

use ndxp_log::memory::Fault;
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
async fn stream_is_served_wherever_its_lane_is() {
    let nodes = pair().await.into_nodes(2).await;
    for (number, node) in nodes.iter().enumerate() {
        let mut stream = open(node).await;
        let id = format!("r-{number}");
        let records = vec![upsert(&id, citizen(1))];
        nodes[0].publish("tax", "tax/citizens", records).await.unwrap();
        let records = stream.records(1).await.unwrap();
        assert_eq!(stream.settle(&records).await.unwrap(), 1);
        let told = status(node, "all").await;
        assert!(told.connected);
        assert_eq!(told.outstanding, 0);
    }
    // One of the two has the lane, and the other one had to ask it.
    let none = "ndxp_streams_forwarded_total 0\n";
    let texts = [nodes[0].metrics().await, nodes[1].metrics().await];
    assert_eq!(texts.iter().filter(|text| text.contains(none)).count(), 1);
}

#[tokio::test]
async fn node_that_drains_ends_streams_of_another_nodes_lanes_in_good_order() {
    let mut nodes = pair().await.into_nodes(2).await;
    let edge = nodes.pop().unwrap();
    let mut stream = open(&edge).await;
    assert!(!edge.metrics().await.contains("ndxp_streams_forwarded_total 0\n"));
    let ((_, ended), _log) = tokio::join!(stream.end(), edge.shutdown());
    assert_eq!(check(&ended.unwrap()), "NODE_DRAINING");
}

/// Of this subscription's lane `n3` is the owner where it is there, else `n1`.
#[tokio::test]
async fn stream_moves_with_its_lane_and_what_was_handed_out_is_marked() {
    let nodes = pair().await.into_nodes(2).await;
    nodes[0].publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = open(&nodes[0]).await;
    assert_eq!(stream.records(1).await.unwrap()[0].attempt, 1);
    let third = nodes[0].another("n3").await;
    let ended = stream.end().await.1.unwrap();
    assert_eq!(check(&ended), "LANE_MOVED");
    let mut stream = open(&nodes[0]).await;
    assert_eq!(stream.records(1).await.unwrap()[0].attempt, 2);
    // It leaves in good order: the lane is another's at once, and nobody waits for its silence.
    let left = Instant::now();
    third.shutdown().await;
    let mut stream = open(&nodes[1]).await;
    assert_eq!(stream.records(1).await.unwrap()[0].attempt, 3);
    assert!(left.elapsed() < Duration::from_secs(2), "{:?}", left.elapsed());
}

#[tokio::test]
async fn invariant_6_record_of_unknown_outcome_that_is_sent_again_to_another_node_is_seen_once() {
    let nodes = pair().await.into_nodes(2).await;
    let mut stream = open(&nodes[0]).await;
    for (fault, accepted) in [(Fault::Written, 0), (Fault::EntryOnly, 1)] {
        // A node's word may meet the fault first: then the call is answered.
        let mut number = 0;
        let (id, failure) = loop {
            number += 1;
            let id = format!("{fault:?}-{number}");
            nodes[0].faults().next_append(fault);
            let records = vec![upsert(&id, citizen(1))];
            match nodes[0].publish("tax", "tax/citizens", records).await {
                Ok(_) => _ = received(&mut stream).await,
                Err(failure) => break (id, failure),
            }
        };
        assert_eq!(check(&failure), "OUTCOME_UNKNOWN");
        let again = vec![upsert(&id, citizen(1))];
        let answer = nodes[1].publish("tax", "tax/citizens", again).await.unwrap();
        assert_eq!(answer.accepted, accepted, "{fault:?}");
        let last = vec![upsert(&format!("{id}-last"), citizen(1))];
        nodes[0].publish("tax", "tax/citizens", last).await.unwrap();
        // Ids are pseudonyms here: one that came again would be the same.
        let (first, second) = (received(&mut stream).await, received(&mut stream).await);
        assert_ne!(first, second, "{fault:?}");
    }
}

/// Receives a record and settles it.
async fn received(stream: &mut ndxp_testkit::RawStream) -> String {
    let records = stream.records(1).await.unwrap();
    stream.settle(&records).await.unwrap();
    records[0].record_id.clone()
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
    let mut nodes = pair().await.into_nodes(1).await;
    reads(&nodes[0], "ndxp_lanes_owned", 64).await;
    nodes.push(nodes[0].another("n2").await);
    for (node, lanes) in nodes.iter().zip([34, 30]) {
        reads(node, "ndxp_nodes_heard", 2).await;
        reads(node, "ndxp_log_ready", 1).await;
        reads(node, "ndxp_lanes_owned", lanes).await;
    }
    reads(&nodes[0], "ndxp_lanes_lost_total", 30).await;
    reads(&nodes[1], "ndxp_lanes_taken_total", 30).await;
}

#[tokio::test]
async fn node_that_ends_without_a_word_is_missed_and_its_lanes_are_taken() {
    let mut nodes = pair().await.into_nodes(2).await;
    reads(&nodes[0], "ndxp_lanes_owned", 34).await;
    let ended = Instant::now();
    drop(nodes.pop());
    reads(&nodes[0], "ndxp_lanes_owned", 64).await;
    reads(&nodes[0], "ndxp_nodes_heard", 1).await;
    let took = ended.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test]
async fn of_two_nodes_of_one_name_the_later_one_has_the_lanes() {
    let nodes = pair().await.into_nodes(1).await;
    reads(&nodes[0], "ndxp_lanes_owned", 64).await;
    let later = nodes[0].another("n1").await;
    reads(&later, "ndxp_lanes_owned", 64).await;
    reads(&nodes[0], "ndxp_lanes_owned", 0).await;
    let (status, said) = nodes[0].ready().await;
    assert_eq!(status, 503);
    assert!(said.contains("NODE_UNHEARD") && said.contains("has the name n1"), "{said}");
    assert_eq!(later.ready().await.0, 200);
    // The later one is no more than its name: what the earlier does not say is not missed.
    drop(nodes);
    open(&later).await;
}
