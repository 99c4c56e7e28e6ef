//! What a balancer sees of a node whose brokers go and come back.

use std::time::{Duration, Instant};

use ndxp_brokers::{Cluster, Installation, Options, skip};
use serde_json::Value;

use crate::hub::Hub;

/// A look each 50 ms is what a balancer does, only faster.
const LOOK: Duration = Duration::from_millis(50);

#[test]
fn node_is_ready_as_long_as_appends_are_acknowledged_whichever_broker_is_left() {
    let name = "node_is_ready_as_long_as_appends_are_acknowledged_whichever_broker_is_left";
    let installation = match Installation::find() {
        Ok(installation) => installation,
        Err(missing) => return skip(&format!("kafka: {name}"), &missing.to_string()),
    };
    let options = Options { brokers: 3, ..Options::default() };
    let mut cluster = Cluster::start(&installation, &options).unwrap();
    let hub = Hub::start(&cluster.bootstrap());
    until(&hub, |log| log["ready"] == true);
    // One of the three leads the registry, and goes on to answer what it knew last: then nothing but
    // an append tells that there is no majority. No call is made here.
    for left in 0..3 {
        let gone = [(left + 1) % 3, (left + 2) % 3];
        gone.iter().for_each(|broker| cluster.broker(*broker).kill());
        let took = until(&hub, |log| log["ready"] == false);
        let (status, body) = hub.ready();
        assert_eq!(status, 503, "{body}");
        assert_eq!(of(&body, "log")["code"], "LOG_UNAVAILABLE", "{body}");
        assert!(of(&body, "log")["help"].as_str().unwrap().contains("brokers"), "{body}");
        // Four seconds or five; the brokers of a test share a busy machine with it.
        assert!(took < Duration::from_secs(20), "with broker {left} alone: {took:?}");
        gone.iter().for_each(|broker| cluster.broker(*broker).restart().unwrap());
        until(&hub, |log| log["ready"] == true);
        assert!(hub.publish("Phường Một").status.success());
    }
}

/// Looks until the component `log` is as wanted, and all of the node with it; returns how long it
/// took.
#[expect(clippy::disallowed_methods, reason = "a balancer looks in a rhythm of its own")]
fn until(hub: &Hub, wanted: impl Fn(&Value) -> bool) -> Duration {
    let since = Instant::now();
    loop {
        let (status, body) = hub.ready();
        let log = of(&body, "log");
        if wanted(&log) && (status == 200) == (log["ready"] == true) {
            return since.elapsed();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{body}");
        std::thread::sleep(LOOK);
    }
}

fn of(body: &str, name: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    let all = body["components"].as_array().unwrap();
    all.iter().find(|component| component["component"] == name).unwrap().clone()
}
