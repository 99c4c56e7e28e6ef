//! Several engines on one cluster, as several nodes would have them.

use std::sync::Arc;

use ndxp_log::{Log, kafka::Kafka};

use crate::fixture::{self, data, keys, publish, read_all};

const CALLS: usize = 20;
const RECORDS: usize = 5;

/// Publishes calls of one writer; returns the offsets and texts of each.
async fn write(log: Arc<Kafka>, writer: String) -> Vec<(Vec<u64>, Vec<String>)> {
    let mut calls = Vec::new();
    for call in 0..CALLS {
        let texts: Vec<_> = (0..RECORDS).map(|n| format!("{writer}-{call}-{n}")).collect();
        let appended = publish(&*log, 0, &texts).await.unwrap();
        calls.push((appended.covered, texts));
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_one_partition_without_loss_and_keep_each_calls_order() {
    let name = "two_nodes_write_one_partition_without_loss_and_keep_each_calls_order";
    let Some(broker) = fixture::shared(name) else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let nodes = [fixture::with_dataset(&config, 1).await, fixture::with_dataset(&config, 1).await];
    let mut ends = nodes.each_ref().map(|node| node.follow(&data(0)).unwrap());
    let writers: Vec<_> = (0..8)
        .map(|writer| tokio::spawn(write(Arc::clone(&nodes[writer % 2]), writer.to_string())))
        .collect();
    let mut calls = Vec::new();
    for writer in writers {
        let mine = writer.await.unwrap();
        assert!(mine.is_sorted_by_key(|(offsets, _)| offsets[0]), "calls of one writer in order");
        calls.extend(mine);
    }
    let all = 8 * CALLS * RECORDS;
    for (node, end) in nodes.iter().zip(&mut ends) {
        end.wait_for(|end| *end >= all as u64).await.unwrap();
        let stored = read_all(&**node, &data(0)).await;
        assert_eq!(stored.len(), all);
        for (offsets, texts) in &calls {
            assert!(offsets.is_sorted(), "a call's records in order: {offsets:?}");
            let at = |offset: &u64| stored[usize::try_from(*offset).unwrap()].clone();
            assert_eq!(keys(&offsets.iter().map(at).collect::<Vec<_>>()), *texts);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn follower_sees_what_another_node_appends() {
    let Some(broker) = fixture::shared("follower_sees_what_another_node_appends") else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let reads = fixture::with_dataset(&config, 1).await;
    let writes = fixture::with_dataset(&config, 1).await;
    let mut end = reads.follow(&data(0)).unwrap();
    for count in 1..=20 {
        publish(&*writes, 0, &[count.to_string()]).await.unwrap();
        end.wait_for(|end| *end >= count).await.unwrap();
        let page = reads.read(&data(0), count - 1, fixture::PAGE).await.unwrap();
        assert_eq!(keys(&page), [count.to_string()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_without_a_follower_sees_what_another_node_appends() {
    let name = "read_without_a_follower_sees_what_another_node_appends";
    let Some(broker) = fixture::shared(name) else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let reads = fixture::with_dataset(&config, 1).await;
    let writes = fixture::with_dataset(&config, 1).await;
    for count in 0..5 {
        publish(&*writes, 0, &[count.to_string()]).await.unwrap();
        let page = reads.read(&data(0), count, fixture::PAGE).await.unwrap();
        assert_eq!(keys(&page), [count.to_string()]);
    }
}
