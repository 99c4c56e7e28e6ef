//! The Kafka engine on real brokers: the suite, faults, several nodes, other tools.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "kafka/conformance.rs"]
mod conformance;
#[path = "kafka/deletion.rs"]
mod deletion;
#[path = "kafka/faults.rs"]
mod faults;
#[path = "kafka/fixture.rs"]
mod fixture;
#[path = "kafka/nodes.rs"]
mod nodes;
#[path = "kafka/secure.rs"]
mod secure;
#[path = "kafka/topics.rs"]
mod topics;
#[path = "kafka/writer.rs"]
mod writer;
