//! The stored form of a dead letter.

use ndxp_model::{SubscriptionName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{UnreadableRecord, forms::form};
use crate::{
    letter::{Cause, Closing, Letter, LetterState, RejectReason},
    place::{KeyHash, Place, Verdict},
    record::LetterChanged,
};

form!(LetterV1 { n: u64, letter: LetterForm, state: StateForm });

/// A letter alone: the part of [`LetterV1`] that does not change with what becomes of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterForm {
    partition: u32,
    offset: u64,
    /// 32 hexadecimal digits.
    key: String,
    verdict: u8,
    cause: CauseForm,
    attempts: u32,
    first_failed: Timestamp,
    since: Timestamp,
}

#[derive(Serialize, Deserialize)]
enum CauseForm {
    #[serde(rename = "REJECTED")]
    Rejected(String),
    #[serde(rename = "EXHAUSTED")]
    Exhausted,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateForm {
    Dead,
    Redriven(Timestamp),
    Acknowledged,
    Purged,
    Expired,
    Superseded,
    Withdrawn,
}

impl From<LetterChanged> for LetterV1 {
    fn from(LetterChanged { sub, epoch, n, letter, state }: LetterChanged) -> Self {
        let (letter, state) = (LetterForm::from(&letter), StateForm::from(state));
        Self { v: 1, kind: "letter".to_owned(), sub, epoch, n, letter, state }
    }
}
impl TryFrom<LetterV1> for LetterChanged {
    type Error = UnreadableRecord;
    fn try_from(form: LetterV1) -> Result<Self, UnreadableRecord> {
        let LetterV1 { sub, epoch, n, letter, state, .. } = form;
        Ok(Self { sub, epoch, n, letter: letter.try_into()?, state: state.into() })
    }
}

impl From<&Letter> for LetterForm {
    fn from(letter: &Letter) -> Self {
        Self {
            partition: letter.place.partition,
            offset: letter.place.offset,
            key: format!("{:032x}", letter.key.0),
            verdict: letter.verdict.0,
            cause: match &letter.cause {
                Cause::Rejected(reason) => CauseForm::Rejected(reason.as_str().to_owned()),
                Cause::Exhausted => CauseForm::Exhausted,
            },
            attempts: letter.attempts,
            first_failed: letter.first_failed,
            since: letter.since,
        }
    }
}
impl TryFrom<LetterForm> for Letter {
    type Error = UnreadableRecord;
    fn try_from(form: LetterForm) -> Result<Self, UnreadableRecord> {
        let key = (form.key.len() == 32).then(|| u128::from_str_radix(&form.key, 16));
        let Some(Ok(key)) = key else { return Err(impossible("its key")) };
        let cause = match form.cause {
            CauseForm::Rejected(text) => {
                Cause::Rejected(RejectReason::new(&text).map_err(|_| impossible("its reason"))?)
            }
            CauseForm::Exhausted => Cause::Exhausted,
        };
        // The largest offset is never given.
        if form.offset == u64::MAX {
            return Err(impossible("its offset"));
        }
        Ok(Self {
            place: Place { partition: form.partition, offset: form.offset },
            key: KeyHash(key),
            verdict: Verdict(form.verdict),
            cause,
            attempts: form.attempts,
            first_failed: form.first_failed,
            since: form.since,
        })
    }
}

fn impossible(what: &'static str) -> UnreadableRecord {
    UnreadableRecord::ImpossibleLetter(what)
}

impl From<LetterState> for StateForm {
    fn from(state: LetterState) -> Self {
        match state {
            LetterState::Dead => Self::Dead,
            LetterState::Redriven { due } => Self::Redriven(due),
            LetterState::Closed(Closing::Acknowledged) => Self::Acknowledged,
            LetterState::Closed(Closing::Purged) => Self::Purged,
            LetterState::Closed(Closing::Expired) => Self::Expired,
            LetterState::Closed(Closing::Superseded) => Self::Superseded,
            LetterState::Closed(Closing::Withdrawn) => Self::Withdrawn,
        }
    }
}
impl From<StateForm> for LetterState {
    fn from(form: StateForm) -> Self {
        match form {
            StateForm::Dead => Self::Dead,
            StateForm::Redriven(due) => Self::Redriven { due },
            StateForm::Acknowledged => Self::Closed(Closing::Acknowledged),
            StateForm::Purged => Self::Closed(Closing::Purged),
            StateForm::Expired => Self::Closed(Closing::Expired),
            StateForm::Superseded => Self::Closed(Closing::Superseded),
            StateForm::Withdrawn => Self::Closed(Closing::Withdrawn),
        }
    }
}
