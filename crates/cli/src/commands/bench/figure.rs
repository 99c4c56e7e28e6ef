//! A figure, as `docs/bench.schema.json` describes it.

use serde::Serialize;

use super::{machine, measure::Sample, record};
use crate::view;

/// What was measured; a member that does not belong to a figure is not there.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) name: String,
    /// Records a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    /// Records a second of the bare engine, in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_rate: Option<f64>,
    /// Of rate and baseline; of costs, to those of one subscriber.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ratio: Option<f64>,
    /// Records a second of equal calls to a gRPC server in clear that answers at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) echo_rate: Option<f64>,
    /// Of rate and that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) echo_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p99_ms: Option<f64>,
    /// Of single records through the brokers alone, in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_p50_ms: Option<f64>,
    /// Of p50 and that of the brokers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p50_ratio: Option<f64>,
    /// Records of one call, batch or frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) batch: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscribers: Option<usize>,
    /// The hub's processor time for one published record, in microseconds: publishing and delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hub_cpu_us: Option<f64>,
    /// What of it is left when that of publishing without a subscriber is taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery_cpu_us: Option<f64>,
    /// Callers' processor time for one published record, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_cpu_us: Option<f64>,
    /// The brokers' processor time for one published record, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) broker_cpu_us: Option<f64>,
    /// Bytes of the dataset that the brokers sent to readers, for one published record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) broker_bytes_out: Option<f64>,
    /// Time for one published record, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wall_us: Option<f64>,
    /// Of the hub's resident memory, for one stream, in KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream_kib: Option<f64>,
    pub(super) payload_bytes: usize,
    pub(super) cores: usize,
    pub(super) engine: &'static str,
}

impl Figure {
    /// Begins a figure with what belongs to each.
    pub(super) fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            payload_bytes: record::BYTES,
            cores: machine::cores(),
            engine: "embedded",
            ..Self::default()
        }
    }

    /// Tells what callers met.
    pub(super) fn of(name: &str, batch: usize, sample: &Sample, baseline: f64) -> Self {
        Self {
            batch: Some(batch),
            ..Self::named(name).with_rate(sample.rate(), baseline).with_times(sample)
        }
    }

    pub(super) fn with_rate(self, rate: f64, baseline: f64) -> Self {
        Self {
            rate: Some(rounded(rate, 10.0)),
            baseline_rate: Some(rounded(baseline, 10.0)),
            ratio: Some(rounded(rate / baseline.max(f64::MIN_POSITIVE), 1_000.0)),
            ..self
        }
    }

    pub(super) fn with_echo(self, echo: f64) -> Self {
        let ratio = self.rate.map(|rate| rounded(rate / echo.max(f64::MIN_POSITIVE), 1_000.0));
        Self { echo_rate: Some(rounded(echo, 10.0)), echo_ratio: ratio, ..self }
    }

    pub(super) fn with_times(self, sample: &Sample) -> Self {
        let millis = |hundredths| {
            Some(rounded(sample.percentile(hundredths).as_secs_f64() * 1_000.0, 1_000.0))
        };
        Self { p50_ms: millis(50), p99_ms: millis(99), ..self }
    }
}

impl Figure {
    /// Puts the brokers' own times beside; nothing if there are none.
    pub(super) fn beside(self, bare: &Sample) -> Self {
        if bare.calls.is_empty() {
            return self;
        }
        let bare = bare.percentile(50).as_secs_f64() * 1_000.0;
        let ratio = self.p50_ms.map(|own| rounded(own / bare.max(f64::MIN_POSITIVE), 100.0));
        Self { baseline_p50_ms: Some(rounded(bare, 1_000.0)), p50_ratio: ratio, ..self }
    }

    /// Tells who used the processor, for each of so many records.
    #[cfg(feature = "kafka")]
    pub(super) fn with_cpu(self, used: super::cpu::Cpu, records: usize) -> Self {
        let each = |seconds: f64| Some(rounded(seconds / records.max(1) as f64 * 1e6, 10.0));
        Self {
            hub_cpu_us: each(used.hub),
            client_cpu_us: each(used.callers),
            broker_cpu_us: each(used.brokers),
            ..self
        }
    }
}

/// Leaves as many digits as the clock is good for.
pub(super) fn rounded(value: f64, factor: f64) -> f64 {
    (value * factor).round() / factor
}

/// A column: its head, its digits, and which member.
type Column = (&'static str, usize, fn(&Figure) -> Option<f64>);

const COLUMNS: [Column; 18] = [
    ("records/s", 0, |figure| figure.rate),
    ("bare engine", 0, |figure| figure.baseline_rate),
    ("hub µs/record", 1, |figure| figure.hub_cpu_us),
    ("of delivery", 1, |figure| figure.delivery_cpu_us),
    ("callers µs", 1, |figure| figure.client_cpu_us),
    ("brokers µs", 1, |figure| figure.broker_cpu_us),
    ("bytes out", 0, |figure| figure.broker_bytes_out),
    ("wall µs", 1, |figure| figure.wall_us),
    ("ratio", 2, |figure| figure.ratio),
    ("echo calls/s", 0, |figure| figure.echo_rate),
    ("to echo", 2, |figure| figure.echo_ratio),
    ("p50 ms", 2, |figure| figure.p50_ms),
    ("bare p50 ms", 2, |figure| figure.baseline_p50_ms),
    ("to bare p50", 2, |figure| figure.p50_ratio),
    ("p99 ms", 2, |figure| figure.p99_ms),
    ("KiB/stream", 1, |figure| figure.stream_kib),
    ("batch", 0, |figure| figure.batch.map(|batch| batch as f64)),
    ("subscribers", 0, |figure| figure.subscribers.map(|count| count as f64)),
];

/// Puts figures under each other, with the columns that one of them has.
pub(super) fn table(figures: &[Figure]) -> String {
    let used = COLUMNS.iter().filter(|(.., value)| figures.iter().any(|one| value(one).is_some()));
    let used: Vec<_> = used.collect();
    let cell = |head: &str, text: String| format!("{text:>width$}", width = head.chars().count());
    let mut head = vec![String::new()];
    head.extend(used.iter().map(|(head, ..)| (*head).to_owned()));
    let mut rows = vec![head];
    for figure in figures {
        let mut row = vec![figure.name.clone()];
        row.extend(used.iter().map(|(head, digits, value)| {
            cell(head, value(figure).map(|value| format!("{value:.digits$}")).unwrap_or_default())
        }));
        rows.push(row);
    }
    view::table(&rows)
}
