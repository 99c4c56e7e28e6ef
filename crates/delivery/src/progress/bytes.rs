//! The state as bytes, for comparison. It is stored nowhere.

use ndxp_model::{AgreementRef, SubscriptionName, Timestamp};
use serde::Serialize;

use super::Progress;
use crate::record::{
    Base,
    wire::{LetterForm, StateForm, failure_row, handed_row, span_row, to_json},
};

#[derive(Serialize)]
struct Snapshot<'a> {
    v: u64,
    sub: &'a SubscriptionName,
    epoch: u64,
    positions: &'a [u64],
    reached: &'a [u64],
    replayed_below: &'a [u64],
    /// Partition, first offset, last offset.
    settled: Vec<(u32, u64, u64)>,
    /// Partition, first offset, last offset, attempt.
    handed: Vec<(u32, u64, u64, u32)>,
    /// Partition, offset, counted, pending, first.
    failures: Vec<(u32, u64, u32, u32, Timestamp)>,
    letters: Vec<(LetterForm, StateForm)>,
    views: &'a [AgreementRef],
    streak: u32,
    failing_since: Option<Timestamp>,
    probes: u32,
}

pub(super) fn of(progress: &Progress) -> Vec<u8> {
    let base = progress.base();
    let Base { sub, epoch, positions, reached, replayed_below, .. } = &base;
    let letters = progress.letters(None);
    to_json(&Snapshot {
        v: 2,
        sub,
        epoch: *epoch,
        positions,
        reached,
        replayed_below,
        settled: base.settled.iter().map(span_row).collect(),
        handed: base.handed.iter().map(handed_row).collect(),
        failures: base.failures.iter().map(failure_row).collect(),
        letters: letters.map(|(letter, state)| (letter.into(), state.into())).collect(),
        views: &base.views,
        streak: base.streak,
        failing_since: base.failing_since,
        probes: base.probes,
    })
}
