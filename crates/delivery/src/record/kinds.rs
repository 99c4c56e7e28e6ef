//! The kinds of records, as the fold takes them.

use ndxp_model::{AgreementRef, SubscriptionName, Timestamp};

use crate::{
    letter::{Letter, LetterState},
    place::Place,
};

/// A stream was opened; the older ones are fenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose stream.
    pub sub: SubscriptionName,
    /// The stream's number, from 1, above that of every older one.
    pub epoch: u64,
    /// Where it starts, an offset a partition. In the first one it is the subscription's start; in
    /// a later one the cursor that its opener knew, which a reader needs only if the history before
    /// it is gone.
    pub start: Vec<u64>,
    /// The agreement by which it shows records. The first version of the record does not tell.
    pub view: Option<AgreementRef>,
}

/// All that is still needed of what older streams wrote, but for the dead letters. It is the first
/// record of a stream that was opened, equal to the fold at that place, so that what is older can be
/// forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Whose.
    pub sub: SubscriptionName,
    /// The stream that wrote it.
    pub epoch: u64,
    /// The cursor, an offset a partition.
    pub positions: Vec<u64>,
    /// The offset after the highest that was ever handed out or passed, a partition each.
    pub reached: Vec<u64>,
    /// Below it what is handed out is replayed, a partition each.
    pub replayed_below: Vec<u64>,
    /// What is settled above the cursor.
    pub settled: Vec<Span>,
    /// What was handed out and is not settled.
    pub handed: Vec<HandedRange>,
    /// What failed and is not settled.
    pub failures: Vec<Failure>,
    /// Under which views the consumer's copy may stand.
    pub views: Vec<AgreementRef>,
    /// Failures since anything was acknowledged.
    pub streak: u32,
    /// Since when the subscription is paused because the consumer fails everything.
    pub failing_since: Option<Timestamp>,
    /// How many streams have ended on a probe since then.
    pub probes: u32,
}

/// Records were handed out: they may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// To whom.
    pub sub: SubscriptionName,
    /// In which stream.
    pub epoch: u64,
    /// The agreement that the release was decided on.
    pub agreement: AgreementRef,
    /// The frame's number in its epoch, from 1.
    pub n: u64,
    /// What the frame holds, by partition and offset. A range holds handed offsets only: a withheld
    /// row splits it.
    pub ranges: Vec<HandedRange>,
}

/// Offsets of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub first: u64,
    /// The last offset, part of the span.
    pub last: u64,
}

/// Offsets of one partition that were handed out together, each for the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedRange {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub first: u64,
    /// The last offset, part of the range.
    pub last: u64,
    /// Which time it is that they are handed out, from 1.
    pub attempt: u32,
}

/// Everything below these positions is settled or withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whose cursor.
    pub sub: SubscriptionName,
    /// The stream that moved it.
    pub epoch: u64,
    /// The lowest offset that is not settled, a partition each.
    pub positions: Vec<u64>,
}

/// Everything in these spans is settled or withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Whose.
    pub sub: SubscriptionName,
    /// The stream that settled it.
    pub epoch: u64,
    /// All that is settled above the cursor, what was settled before too.
    pub spans: Vec<Span>,
}

/// Records failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Whose.
    pub sub: SubscriptionName,
    /// The stream that writes it.
    pub epoch: u64,
    /// Its number among the epoch's records of this kind and the letters', from 1.
    pub n: u64,
    /// Each with all that is known of it now.
    pub failures: Vec<Failure>,
}

/// A record's failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The record.
    pub place: Place,
    /// Those that another record's acknowledgement followed: used attempts.
    pub counted: u32,
    /// Those since: nobody knows yet whether the record or the consumer is at fault.
    pub pending: u32,
    /// When the first one of both was.
    pub first: Timestamp,
}

/// How the consumer does as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Whose.
    pub sub: SubscriptionName,
    /// The stream that found it.
    pub epoch: u64,
    /// Failures since anything was acknowledged.
    pub streak: u32,
    /// Since when the subscription is paused for it.
    pub failing_since: Option<Timestamp>,
    /// How many streams have ended on a probe since then: the next one probes with another record.
    pub probes: u32,
}

/// A dead letter came to be, or another thing is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterChanged {
    /// Whose.
    pub sub: SubscriptionName,
    /// The stream that writes it.
    pub epoch: u64,
    /// Its number among the epoch's records of this kind and the failures', from 1.
    pub n: u64,
    /// The letter.
    pub letter: Letter,
    /// What is to become of it.
    pub state: LetterState,
}

/// The positions were set; the streams before are fenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Whose.
    pub sub: SubscriptionName,
    /// An epoch of its own, above every older one.
    pub epoch: u64,
    /// What is handed out next, an offset a partition.
    pub positions: Vec<u64>,
}

/// The difference between the views was handed out and settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// Whose copy.
    pub sub: SubscriptionName,
    /// The stream that handed it out.
    pub epoch: u64,
    /// The only view under which the copy stands.
    pub view: AgreementRef,
}
