//! The node's metrics: `ndxp_<component>_<thing>_<unit>`. `docs/metrics.md` lists them; a test
//! compares the list with what is registered.

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RpcLabels {
    pub method: &'static str,
    pub code: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabels {
    pub reason: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DatasetLabels {
    pub dataset: String,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PublishLabels {
    pub dataset: String,
    pub outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DecisionLabels {
    pub decision: &'static str,
    pub reason: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SubscriptionLabels {
    pub subscription: String,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DeliveryLabels {
    pub subscription: String,
    pub outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EngineLabels {
    pub engine: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CauseLabels {
    pub cause: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    pub outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabels {
    pub source: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabels {
    pub kind: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct StageLabels {
    pub stage: &'static str,
}

/// A stage of a request's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Decide,
    Schema,
    Dedup,
    Audit,
    Append,
    Project,
    Write,
}

impl Stage {
    fn label(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Schema => "schema",
            Self::Dedup => "dedup",
            Self::Audit => "audit",
            Self::Append => "append",
            Self::Project => "project",
            Self::Write => "write",
        }
    }
}

/// All metrics of a node.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub rpc: Family<RpcLabels, Histogram, fn() -> Histogram>,
    pub streams: Family<KindLabels, Gauge>,
    pub streams_forwarded: Counter,
    pub repeats_dropped: Counter,
    pub errors: Family<ReasonLabels, Counter>,
    pub published: Family<PublishLabels, Counter>,
    pub published_bytes: Family<DatasetLabels, Counter>,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    pub decisions: Family<DecisionLabels, Counter>,
    pub delivered: Family<DeliveryLabels, Counter>,
    pub delivery_latency: Histogram,
    pub lag: Family<SubscriptionLabels, Gauge<i64, AtomicI64>>,
    pub outstanding: Family<SubscriptionLabels, Gauge<i64, AtomicI64>>,
    pub reads: Family<SourceLabels, Counter>,
    pub window_bytes: Gauge<u64, AtomicU64>,
    appends: Family<EngineLabels, Histogram, fn() -> Histogram>,
    append_failures: Family<OutcomeLabels, Counter>,
    pub log_ready: Gauge,
    pub log_size: Gauge<u64, AtomicU64>,
    pub lanes_owned: Gauge,
    pub lanes_taken: Counter,
    pub lanes_lost: Counter,
    pub nodes_heard: Gauge,
    pub registry_position: Gauge<u64, AtomicU64>,
    pub handshake_failures: Family<CauseLabels, Counter>,
    pub tls_reloads: Family<OutcomeLabels, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            rpc: Family::new_with_constructor(histogram),
            streams: Family::default(),
            streams_forwarded: Counter::default(),
            repeats_dropped: Counter::default(),
            errors: Family::default(),
            published: Family::default(),
            published_bytes: Family::default(),
            stages: Family::new_with_constructor(histogram),
            decisions: Family::default(),
            delivered: Family::default(),
            delivery_latency: histogram(),
            lag: Family::default(),
            outstanding: Family::default(),
            reads: Family::default(),
            window_bytes: Gauge::default(),
            appends: Family::new_with_constructor(histogram),
            append_failures: Family::default(),
            log_ready: Gauge::default(),
            log_size: Gauge::default(),
            lanes_owned: Gauge::default(),
            lanes_taken: Counter::default(),
            lanes_lost: Counter::default(),
            nodes_heard: Gauge::default(),
            registry_position: Gauge::default(),
            handshake_failures: Family::default(),
            tls_reloads: Family::default(),
        };
        metrics.register();
        metrics.register_nodes();
        metrics
    }

    /// What tells how several nodes share the work, and how they stand with the log.
    fn register_nodes(&mut self) {
        // There from the start: what has never failed is to read 0.
        for outcome in ["refused", "unknown"] {
            drop(self.append_failures.get_or_create(&OutcomeLabels { outcome }));
        }
        let r = &mut self.registry;
        r.register(
            "ndxp_log_append_failures",
            "Appends of calls that failed, by what is known of them: nothing written, or unknown",
            self.append_failures.clone(),
        );
        r.register(
            "ndxp_log_ready",
            "Whether the log takes appends, as /readyz says: 1 or 0",
            self.log_ready.clone(),
        );
        r.register("ndxp_lanes_owned", "Lanes that this node has taken", self.lanes_owned.clone());
        r.register(
            "ndxp_lanes_taken",
            "Lanes taken since the start, each time anew",
            self.lanes_taken.clone(),
        );
        r.register(
            "ndxp_lanes_lost",
            "Lanes given up or lost to another node since the start",
            self.lanes_lost.clone(),
        );
        r.register(
            "ndxp_nodes_heard",
            "Nodes that are there and do not drain, this one included, by what it has heard; 0 on a log that it writes alone",
            self.nodes_heard.clone(),
        );
    }

    fn register(&mut self) {
        let seconds = || Unit::Seconds;
        let r = &mut self.registry;
        r.register_with_unit(
            "ndxp_rpc_duration",
            "Time of a call, by method and gRPC code",
            seconds(),
            self.rpc.clone(),
        );
        r.register("ndxp_streams_open", "Open streams, by kind", self.streams.clone());
        r.register(
            "ndxp_streams_forwarded",
            "Calls that went on to the node that owns their lane",
            self.streams_forwarded.clone(),
        );
        r.register(
            "ndxp_repeats_dropped",
            "Records that another node had taken a moment before, dropped when they were read",
            self.repeats_dropped.clone(),
        );
        r.register("ndxp_errors", "Refused and failed calls, by reason", self.errors.clone());
        r.register(
            "ndxp_publish_records",
            "Records published, by dataset and outcome",
            self.published.clone(),
        );
        r.register_with_unit(
            "ndxp_publish",
            "Bytes of payloads accepted, by dataset",
            Unit::Bytes,
            self.published_bytes.clone(),
        );
        r.register_with_unit(
            "ndxp_stage_duration",
            "Time of one stage of a call",
            seconds(),
            self.stages.clone(),
        );
        r.register(
            "ndxp_decisions",
            "Decisions on agreements, by outcome and reason",
            self.decisions.clone(),
        );
        r.register(
            "ndxp_delivery_records",
            "Records delivered, by subscription and outcome",
            self.delivered.clone(),
        );
        r.register_with_unit(
            "ndxp_delivery_latency",
            "Time from publication to hand-out of records of a live stream",
            seconds(),
            self.delivery_latency.clone(),
        );
        r.register(
            "ndxp_subscription_lag_records",
            "Records behind the durable end, of connected subscriptions",
            self.lag.clone(),
        );
        r.register(
            "ndxp_subscription_outstanding_records",
            "Records handed out and not settled",
            self.outstanding.clone(),
        );
        r.register(
            "ndxp_readers_reads",
            "Reads for subscriptions, by source: shared with others, or an own one of the log",
            self.reads.clone(),
        );
        r.register_with_unit(
            "ndxp_readers_window",
            "Memory of what is held for subscriptions: records and what plans show of them",
            Unit::Bytes,
            self.window_bytes.clone(),
        );
        r.register_with_unit(
            "ndxp_log_append",
            "Time of a durable append",
            seconds(),
            self.appends.clone(),
        );
        r.register_with_unit(
            "ndxp_log_size",
            "Size of the log on disk; 0 where it is on Kafka: the brokers know",
            Unit::Bytes,
            self.log_size.clone(),
        );
        r.register(
            "ndxp_registry_position",
            "Registry records applied",
            self.registry_position.clone(),
        );
        r.register(
            "ndxp_tls_handshake_failures",
            "Handshakes that failed, by cause",
            self.handshake_failures.clone(),
        );
        r.register(
            "ndxp_tls_reloads",
            "New TLS files, by what came of them",
            self.tls_reloads.clone(),
        );
        r.register(
            "ndxp_build",
            "The running build",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
    }

    /// Returns all metrics in the OpenMetrics text format.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// Starts the clock of a stage; it is recorded when the timer is dropped or stopped.
    pub(crate) fn stage(&self, stage: Stage) -> Timer<'_> {
        Timer { metrics: self, stage, start: Instant::now() }
    }

    /// Counts an append that failed.
    pub(crate) fn append_failed(&self, outcome: &'static str) {
        self.append_failures.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Records a durable append.
    pub(crate) fn append(&self, engine: &'static str, took: Duration) {
        self.appends.get_or_create(&EngineLabels { engine }).observe(took.as_secs_f64());
    }
}

/// A running stage.
pub(crate) struct Timer<'a> {
    metrics: &'a Metrics,
    stage: Stage,
    start: Instant,
}

impl Timer<'_> {
    /// Stops the clock and returns the time.
    pub(crate) fn stop(self) -> Duration {
        self.start.elapsed()
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        let labels = StageLabels { stage: self.stage.label() };
        let seconds = self.start.elapsed().as_secs_f64();
        self.metrics.stages.get_or_create(&labels).observe(seconds);
    }
}
