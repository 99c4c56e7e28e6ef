//! The members of each kind and version, and what becomes of them.

use ndxp_model::{AgreementRef, SubscriptionName, Timestamp};
use serde::{Deserialize, Serialize};

use super::UnreadableRecord;
use crate::{
    place::Place,
    record::{Base, Failed, Failure, Handed, HandedRange, Settled, Span},
};

macro_rules! form {
    ($name:ident { $($(#[$doc:meta])* $member:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            pub(super) v: u64,
            #[serde(rename = "type")]
            pub(super) kind: String,
            pub(super) sub: SubscriptionName,
            pub(super) epoch: u64,
            $($(#[$doc])* pub(super) $member: $type,)*
        }
    };
}
pub(super) use form;

/// Partition, first offset, last offset.
type SpanRow = (u32, u64, u64);
/// Partition, first offset, last offset, attempt.
type HandedRow = (u32, u64, u64, u32);
/// Partition, offset, counted, pending, first.
type FailureRow = (u32, u64, u32, u32, Timestamp);

form!(OpenedV1 { start: Vec<u64> });
form!(OpenedV2 { start: Vec<u64>, view: AgreementRef });
form!(HandedV1 { agreement: AgreementRef, n: u64, ranges: Vec<HandedRow> });
form!(CursorV1 { positions: Vec<u64> });
form!(SettledV1 { spans: Vec<SpanRow> });
form!(FailedV1 { n: u64, failures: Vec<FailureRow> });
form!(OutageV1 { streak: u32, failing_since: Option<Timestamp>, probes: u32 });
form!(SoughtV1 { positions: Vec<u64> });
form!(ViewedV1 { view: AgreementRef });
form!(BaseV1 {
    positions: Vec<u64>,
    reached: Vec<u64>,
    replayed_below: Vec<u64>,
    settled: Vec<SpanRow>,
    handed: Vec<HandedRow>,
    failures: Vec<FailureRow>,
    views: Vec<AgreementRef>,
    streak: u32,
    failing_since: Option<Timestamp>,
    probes: u32,
});

impl From<Handed> for HandedV1 {
    fn from(Handed { sub, epoch, agreement, n, ranges }: Handed) -> Self {
        let ranges = ranges.iter().map(handed_row).collect();
        Self { v: 1, kind: "handed".to_owned(), sub, epoch, agreement, n, ranges }
    }
}
impl TryFrom<HandedV1> for Handed {
    type Error = UnreadableRecord;
    fn try_from(form: HandedV1) -> Result<Self, UnreadableRecord> {
        let HandedV1 { sub, epoch, agreement, n, ranges, .. } = form;
        Ok(Self { sub, epoch, agreement, n, ranges: handed_ranges(ranges)? })
    }
}

impl From<Settled> for SettledV1 {
    fn from(Settled { sub, epoch, spans }: Settled) -> Self {
        let spans = spans.iter().map(span_row).collect();
        Self { v: 1, kind: "settled".to_owned(), sub, epoch, spans }
    }
}
impl TryFrom<SettledV1> for Settled {
    type Error = UnreadableRecord;
    fn try_from(form: SettledV1) -> Result<Self, UnreadableRecord> {
        let SettledV1 { sub, epoch, spans, .. } = form;
        Ok(Self { sub, epoch, spans: spans_of(spans)? })
    }
}

impl From<Failed> for FailedV1 {
    fn from(Failed { sub, epoch, n, failures }: Failed) -> Self {
        let failures = failures.iter().map(failure_row).collect();
        Self { v: 1, kind: "failed".to_owned(), sub, epoch, n, failures }
    }
}
impl From<FailedV1> for Failed {
    fn from(form: FailedV1) -> Self {
        let FailedV1 { sub, epoch, n, failures, .. } = form;
        Self { sub, epoch, n, failures: failures.into_iter().map(failure).collect() }
    }
}

impl From<Base> for BaseV1 {
    fn from(base: Base) -> Self {
        Self {
            v: 1,
            kind: "base".to_owned(),
            sub: base.sub,
            epoch: base.epoch,
            positions: base.positions,
            reached: base.reached,
            replayed_below: base.replayed_below,
            settled: base.settled.iter().map(span_row).collect(),
            handed: base.handed.iter().map(handed_row).collect(),
            failures: base.failures.iter().map(failure_row).collect(),
            views: base.views,
            streak: base.streak,
            failing_since: base.failing_since,
            probes: base.probes,
        }
    }
}
impl TryFrom<BaseV1> for Base {
    type Error = UnreadableRecord;
    fn try_from(form: BaseV1) -> Result<Self, UnreadableRecord> {
        Ok(Self {
            sub: form.sub,
            epoch: form.epoch,
            positions: form.positions,
            reached: form.reached,
            replayed_below: form.replayed_below,
            settled: spans_of(form.settled)?,
            handed: handed_ranges(form.handed)?,
            failures: form.failures.into_iter().map(failure).collect(),
            views: form.views,
            streak: form.streak,
            failing_since: form.failing_since,
            probes: form.probes,
        })
    }
}

pub(crate) fn span_row(span: &Span) -> SpanRow {
    (span.partition, span.first, span.last)
}

pub(crate) fn handed_row(range: &HandedRange) -> HandedRow {
    (range.partition, range.first, range.last, range.attempt)
}

pub(crate) fn failure_row(failure: &Failure) -> FailureRow {
    let Failure { place, counted, pending, first } = *failure;
    (place.partition, place.offset, counted, pending, first)
}

fn failure((partition, offset, counted, pending, first): FailureRow) -> Failure {
    Failure { place: Place { partition, offset }, counted, pending, first }
}

fn spans_of(rows: Vec<SpanRow>) -> Result<Vec<Span>, UnreadableRecord> {
    let span = |(partition, first, last)| {
        let range = HandedRange { partition, first, last, attempt: 1 };
        possible(range).map(|_| Span { partition, first, last })
    };
    rows.into_iter().map(span).collect()
}

fn handed_ranges(rows: Vec<HandedRow>) -> Result<Vec<HandedRange>, UnreadableRecord> {
    let range = |(partition, first, last, attempt)| {
        possible(HandedRange { partition, first, last, attempt })
    };
    rows.into_iter().map(range).collect()
}

fn possible(range: HandedRange) -> Result<HandedRange, UnreadableRecord> {
    let HandedRange { first, last, attempt, .. } = range;
    match range.is_possible() {
        true => Ok(range),
        false => Err(UnreadableRecord::ImpossibleRange { first, last, attempt }),
    }
}

impl HandedRange {
    /// Tells whether a correct writer can have written it. The largest offset is never given, so
    /// that the one after the last can always be named.
    pub(crate) fn is_possible(&self) -> bool {
        self.first <= self.last && self.last < u64::MAX && self.attempt > 0
    }
}
