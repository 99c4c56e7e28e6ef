//! What librdkafka says of itself, and the news that brokers have gone.

use std::sync::{Arc, Mutex};

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

use super::partitions::lock;

/// What librdkafka says over and over, from each of its clients, while a broker is away: the engine
/// says it once.
const ROUTINE: &[&str] = &["FAIL", "METADATAUPDATE", "GETPID"];

/// Every client's context: logs to tracing, and rings when all brokers seem gone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    alarm: Arc<Alarm>,
}

/// Rung when the state of the cluster should be looked at now.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    bell: Notify,
    /// The last word of a connection that failed: what a call that timed out does not know.
    said: Mutex<Option<String>>,
}

impl Alarm {
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Returns why the last connection failed, if one did.
    pub(super) fn said(&self) -> Option<String> {
        lock(&self.said).clone()
    }
}

impl Context {
    pub(super) fn new(alarm: Arc<Alarm>) -> Self {
        Self { alarm }
    }

    pub(super) fn alarm(&self) -> &Alarm {
        &self.alarm
    }
}

impl ConsumerContext for Context {}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, said: &str) {
        if ROUTINE.contains(&facility) {
            return tracing::debug!(target: "librdkafka", facility, "{said}");
        }
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{said}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, "{said}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{said}"),
        }
    }

    fn error(&self, error: KafkaError, said: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => self.alarm.ring(),
            _ => *lock(&self.alarm.said) = Some(said.to_owned()),
        }
        // Each is told once more by the call that it hits.
        tracing::debug!(target: "librdkafka", %error, "{said}");
    }
}
