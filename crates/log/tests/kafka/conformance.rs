//! The suite that every engine passes.

use std::sync::Arc;

use async_trait::async_trait;
use ndxp_log::{
    Log, conformance,
    kafka::{Config, Kafka, TailLimits},
};

use crate::fixture;

/// A hub of its own on the shared broker, for one check.
struct KafkaRig {
    config: Config,
    open: Option<Arc<Kafka>>,
}

#[async_trait]
impl conformance::Rig for KafkaRig {
    async fn open(&mut self) -> Arc<dyn Log> {
        if let Some(before) = self.open.take() {
            before.close().await;
        }
        let engine = fixture::open(&self.config).await;
        self.open = Some(Arc::clone(&engine));
        engine
    }
}

async fn run(test: &str, tail: TailLimits) {
    let Some(broker) = fixture::shared(test) else { return };
    let bootstrap = broker.bootstrap.clone();
    conformance::run(move || rig(Config { tail, ..fixture::config(&bootstrap, 1) })).await;
}

/// Returns a hub of these settings, for one check.
pub(crate) fn rig(config: Config) -> Box<dyn conformance::Rig> {
    Box::new(KafkaRig { config, open: None })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_engine_conforms() {
    run("kafka_engine_conforms", Config::new("").tail).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_engine_conforms_without_its_tail_in_memory() {
    let none = TailLimits { records: 0, bytes: 0 };
    run("kafka_engine_conforms_without_its_tail_in_memory", none).await;
}
