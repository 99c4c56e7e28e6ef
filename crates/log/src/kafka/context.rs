//! What librdkafka says of itself, and the news that brokers have gone.

use std::sync::Arc;

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

/// Every client's context: logs to tracing, and rings when all brokers seem gone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    alarm: Arc<Alarm>,
}

/// Rung when the state of the cluster should be looked at now.
#[derive(Debug, Default)]
pub(super) struct Alarm(Notify);

impl Alarm {
    pub(super) fn ring(&self) {
        self.0.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.0.notified().await;
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
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => {
                tracing::error!(target: "librdkafka", facility, "{said}");
            }
            RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "librdkafka", facility, "{said}");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, "{said}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{said}"),
        }
    }

    fn error(&self, error: KafkaError, said: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.alarm.ring();
        }
        // Each is told once more by the call that it hits.
        tracing::debug!(target: "librdkafka", %error, "{said}");
    }
}
