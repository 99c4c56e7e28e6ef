//! Dead letters for those who look after a subscription: list them, look at one, redrive, purge.

mod look;
mod orders;
mod records;

use ndxp_delivery::{Cause, Letter, LetterState, Place};
use ndxp_model::{Dataset, SubscriptionName, Timestamp};
use ndxp_proto::{convert, exchange as pb};

use super::{open::find, seek::may_steer};
use crate::{call::Call, core::Core, keys::Pseudonyms, lanes::Moved, refuse::Failed};

pub(crate) use {
    look::look,
    orders::{purge, redrive},
};

/// Which dead letters: all that is given must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) ids: Vec<String>,
    pub(crate) cause: Option<pb::DeadLetterCause>,
    pub(crate) reason: String,
    pub(crate) from: Option<Timestamp>,
    pub(crate) before: Option<Timestamp>,
}

impl Filter {
    fn takes(&self, id: impl FnOnce() -> String, letter: &Letter) -> bool {
        let cause = self.cause.is_none_or(|cause| cause == cause_of(letter));
        let reason = self.reason.is_empty() || self.reason == reason_of(letter);
        let from = self.from.is_none_or(|from| letter.since >= from);
        let before = self.before.is_none_or(|before| letter.since < before);
        cause && reason && from && before && (self.ids.is_empty() || self.ids.contains(&id()))
    }
}

/// Lists dead letters in the order in which they became so, each with a text of that order.
pub(crate) fn list(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    filter: &Filter,
) -> Result<Vec<(String, pb::DeadLetter)>, Failed> {
    let (_, dataset) = find(core, call, name)?;
    may_steer(core, &call.principal)?;
    let ids = Ids::of(core, name, &dataset);
    let mut listed = Vec::new();
    for (letter, _) in all(core, name)? {
        let id = ids.id(letter.place);
        if filter.takes(|| id.clone(), &letter) {
            let order = format!("{:020}.{id}", letter.since.millis());
            listed.push((order, message(name, &id, &letter)));
        }
    }
    listed.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(listed)
}

/// Returns all letters of a subscription. They are copied, so that nobody waits for what is done
/// with them.
fn all(core: &Core, name: &SubscriptionName) -> Result<Vec<(Letter, LetterState)>, Moved> {
    let copy = |progress: &ndxp_delivery::Progress| {
        progress.letters(None).map(|(letter, state)| (letter.clone(), state)).collect()
    };
    Ok(core.slots.look(name, copy)?.unwrap_or_default())
}

/// Names dead letters so that neither partition nor offset shows.
struct Ids(Pseudonyms);

impl Ids {
    fn of(core: &Core, name: &SubscriptionName, dataset: &Dataset) -> Self {
        Self(core.keys.of(&name.agency, &dataset.name))
    }

    fn id(&self, Place { partition, offset }: Place) -> String {
        let place = [partition.to_be_bytes().as_slice(), &offset.to_be_bytes()].concat();
        // No publisher's name begins like this: they are `/agency/…`.
        self.0.record_id(b"dead-letter", &place)
    }
}

fn message(name: &SubscriptionName, id: &str, letter: &Letter) -> pb::DeadLetter {
    pb::DeadLetter {
        name: format!("{}/deadLetters/{id}", name.resource()),
        cause: cause_of(letter).into(),
        reason: reason_of(letter).to_owned(),
        attempts: letter.attempts,
        first_failed_at: convert::timestamp(letter.first_failed),
        dead_at: convert::timestamp(letter.since),
    }
}

fn cause_of(letter: &Letter) -> pb::DeadLetterCause {
    match letter.cause {
        Cause::Rejected(_) => pb::DeadLetterCause::Rejected,
        Cause::Exhausted => pb::DeadLetterCause::Exhausted,
    }
}

fn reason_of(letter: &Letter) -> &str {
    match &letter.cause {
        Cause::Rejected(reason) => reason.as_str(),
        Cause::Exhausted => "",
    }
}
