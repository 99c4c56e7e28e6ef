//! What topics look like to others, and what is kept of them.

use ndxp_log::{Covered, Header, Log, ReadError, Record};
use ndxp_model::{HubTopic, Keep, Timestamp};

use crate::fixture::{self, data, dataset, keys, publish, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_kafka_tool_reads_a_record_with_its_cloudevents_headers() {
    let name = "any_kafka_tool_reads_a_record_with_its_cloudevents_headers";
    let Some(broker) = fixture::shared(name) else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let log = fixture::with_dataset(&config, 1).await;
    let headers = [("ce_specversion", "1.0"), ("ce_id", "id-1"), ("ce_type", "upsert")];
    let record = Record {
        key: Some("key-1".into()),
        value: "{\"income\":7}".into(),
        timestamp: Timestamp::from_millis(5),
        headers: headers.map(|(name, value)| Header::new(name, value)).to_vec(),
    };
    let gone = Record { value: "".into(), ..record.clone() };
    let records = vec![(0, record), (0, gone)];
    let covered = Covered::Records { dataset: dataset(), records };
    log.append_after(fixture::record("entry"), covered).await.unwrap();
    let tool = broker.cluster.tool();
    let topic = format!("{}ndxp.data.tax.income", config.prefix);
    let lines =
        tokio::task::spawn_blocking(move || tool.consume(&topic, 2)).await.unwrap().unwrap();
    let shown: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let headers =
        "ce_specversion:1.0,ce_id:id-1,ce_type:upsert,ce_ndxpentry:main:0,ce_ndxpposition:";
    let of = |position: u32| format!("{headers}{position}");
    for (position, value) in [(0, "{\"income\":7}"), (1, "null")] {
        let line = &shown[position as usize];
        assert!(line[0].starts_with("LogAppendTime:"), "{line:?}");
        let place = format!("Offset:{position}");
        assert_eq!(line[1..], ["Partition:0", &place, &of(position), "key-1", value]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_offset_is_expired_and_names_the_earliest() {
    let name = "deleted_offset_is_expired_and_names_the_earliest";
    let Some(broker) = fixture::shared(name) else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let log = fixture::with_dataset(&config, 1).await;
    let texts: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    publish(&*log, 0, &texts).await.unwrap();
    let tool = broker.cluster.tool();
    let topic = format!("{}ndxp.data.tax.income", config.prefix);
    tokio::task::spawn_blocking(move || tool.delete_before(&topic, 6)).await.unwrap().unwrap();
    assert_eq!(log.earliest(&data(0)).await, Ok(6));
    let expired = Err(ReadError::Expired { asked: 2, earliest: 6 });
    assert_eq!(log.read(&data(0), 2, fixture::PAGE).await, expired);
    assert_eq!(keys(&log.read(&data(0), 6, fixture::PAGE).await.unwrap()), texts[6..]);
    assert_eq!(log.offset_at(&data(0), Timestamp::from_millis(0)).await, Ok(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_can_be_changed_and_nothing_else_is() {
    let name = "what_is_kept_can_be_changed_and_nothing_else_is";
    let Some(broker) = fixture::shared(name) else { return };
    let config = fixture::config(&broker.bootstrap, 1);
    let log = fixture::with_dataset(&config, 1).await;
    publish(&*log, 0, &["a".into()]).await.unwrap();
    let recent = Keep::Recent { max_age_ms: Some(86_400_000), max_bytes: Some(1 << 30) };
    let newest = Keep::Newest { lag_ms: Keep::STATE_LAG_MS };
    let topic = format!("{}ndxp.data.tax.income", config.prefix);
    let recently = ["cleanup.policy=delete", "retention.ms=86400000", "retention.bytes=1073741824"];
    let newestly = ["cleanup.policy=compact", "min.compaction.lag.ms=2592000000"];
    for (keep, expected) in [(recent, &recently[..]), (newest, &newestly[..])] {
        log.create(&dataset(), 1, keep).await.unwrap();
        let (tool, topic) = (broker.cluster.tool(), topic.clone());
        let told = tokio::task::spawn_blocking(move || tool.settings(&topic)).await.unwrap();
        let told = told.unwrap().join("\n");
        for setting in expected.iter().chain(&["message.timestamp.type=LogAppendTime"]) {
            assert!(told.contains(setting), "{setting} is not in {told}");
        }
    }
    assert_eq!(keys(&fixture::read_all(&*log, &data(0)).await), ["a"]);
    // A record without a key is kept beside the others, and comes back without one.
    let keyless = Record { key: None, ..record("b") };
    let covered = Covered::Records { dataset: dataset(), records: vec![(0, keyless)] };
    log.append_after(record("entry"), covered).await.unwrap();
    let stored = fixture::read_all(&*log, &data(0)).await;
    assert_eq!(stored[1].record.key, None);
    let keyless = Record { key: None, ..record("b") };
    let error = log.append(HubTopic::Delivery, 0, vec![keyless]).await.unwrap_err();
    assert!(error.to_string().contains("takes no record without a key"), "{error}");
}
