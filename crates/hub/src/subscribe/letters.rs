//! Dead letters for those who look after a subscription: list, redrive, purge.

use std::collections::{BTreeMap, HashMap};

use ndxp_delivery::{
    Applied, Cause, KeyHash, Letter, LetterState, MOST_REDRIVEN, Newer, Place, Progress, Stream,
};
use ndxp_log::{ReadError, ReadLimits};
use ndxp_model::{Dataset, SubscriptionName, Timestamp};
use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange as pb,
};
use ndxp_registry::Subscription;

use super::{
    open::{find, open_machine, partition},
    seek::{entry, must_be_officer, refused},
    slots::{Turn, Why},
};
use crate::{
    call::Call,
    core::{Core, receipt_message},
    keys::Pseudonyms,
    ledger::Receipt,
    readers::key_hash,
    refuse::{self, Failed},
};

const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

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
    fn takes(&self, id: &str, letter: &Letter) -> bool {
        let ids = self.ids.is_empty() || self.ids.iter().any(|wanted| wanted == id);
        let cause = self.cause.is_none_or(|cause| cause == cause_of(letter));
        let reason = self.reason.is_empty() || self.reason == reason_of(letter);
        let from = self.from.is_none_or(|from| letter.since >= from);
        let before = self.before.is_none_or(|before| letter.since < before);
        ids && cause && reason && from && before
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
    let names = core.keys.of(&name.agency, &dataset.name);
    let all = core.slots.look(name, |progress| chosen(progress, &names, filter));
    let message = |(id, letter): (String, Letter)| {
        let shown = pb::DeadLetter {
            name: format!("{}/deadLetters/{id}", name.resource()),
            cause: cause_of(&letter).into(),
            reason: reason_of(&letter).to_owned(),
            attempts: letter.attempts,
            first_failed_at: convert::timestamp(letter.first_failed),
            dead_at: convert::timestamp(letter.since),
        };
        // In the order in which they became dead letters, as text.
        (format!("{:020}.{id}", letter.since.millis()), shown)
    };
    Ok(all.unwrap_or_default().into_iter().map(message).collect())
}

/// Offers dead letters once more.
pub(crate) async fn redrive(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    filter: &Filter,
    rate: u32,
    dry_run: bool,
) -> Result<pb::RedriveDeadLettersResponse, Failed> {
    let (subscription, dataset) = find(core, call, name)?;
    must_be_officer(core, &call.principal)?;
    let names = core.keys.of(&name.agency, &dataset.name);
    let turn = if dry_run { None } else { Some(turn(core, name).await?) };
    let all = core.slots.look(name, |progress| dead(progress, &names, filter)).unwrap_or_default();
    let found = examine(core, &dataset, &all).await?;
    let (gone, chosen): (Vec<_>, Vec<_>) =
        all.iter().map(|letter| letter.place).partition(|place| !found.contains_key(place));
    let newer = |place: &Place| found.get(place).copied().unwrap_or(Newer::HasNotCome);
    let superseded = chosen.iter().filter(|place| newer(place) == Newer::HasCome).count() as u64;
    let redriven = chosen.len() as u64 - superseded;
    let mut response = pb::RedriveDeadLettersResponse {
        redriven,
        superseded,
        expired: gone.len() as u64,
        receipt: None,
    };
    let Some(turn) = turn else { return Ok(response) };
    if redriven > MOST_REDRIVEN as u64 {
        return Err(too_many().into());
    }
    let (receipt, mut machine) = begin(
        core,
        call,
        name,
        (&subscription, &dataset, &turn),
        ("RedriveDeadLetters", redriven + superseded + response.expired),
    )
    .await?;
    let chosen: Vec<_> = chosen.into_iter().map(|place| (place, newer(&place))).collect();
    let done = machine.redrive(&chosen, rate, core.delivery_now()).map_err(|_| too_many())?;
    write(core, &turn, done.change).await?;
    let (_, change) = machine.purge(&gone);
    write(core, &turn, change).await?;
    write(core, &turn, machine.retire()).await?;
    (response.redriven, response.superseded) = (done.redriven, done.superseded);
    response.receipt = Some(receipt_message(receipt, ""));
    Ok(response)
}

/// Removes dead letters for good.
pub(crate) async fn purge(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    filter: &Filter,
    dry_run: bool,
) -> Result<pb::PurgeDeadLettersResponse, Failed> {
    let (subscription, dataset) = find(core, call, name)?;
    must_be_officer(core, &call.principal)?;
    let names = core.keys.of(&name.agency, &dataset.name);
    let turn = if dry_run { None } else { Some(turn(core, name).await?) };
    let all = core.slots.look(name, |progress| dead(progress, &names, filter)).unwrap_or_default();
    let n = all.len() as u64;
    let Some(turn) = turn else {
        return Ok(pb::PurgeDeadLettersResponse { purged: n, receipt: None });
    };
    let what = ("PurgeDeadLetters", n);
    let (receipt, mut machine) =
        begin(core, call, name, (&subscription, &dataset, &turn), what).await?;
    let places: Vec<Place> = all.iter().map(|letter| letter.place).collect();
    let (purged, change) = machine.purge(&places);
    write(core, &turn, change).await?;
    write(core, &turn, machine.retire()).await?;
    let receipt = Some(receipt_message(receipt, ""));
    Ok(pb::PurgeDeadLettersResponse { purged, receipt })
}

async fn turn(core: &Core, name: &SubscriptionName) -> Result<Turn, Failed> {
    Ok(core.slots.turn(&core.log, name, Why::Change).await?)
}

/// Writes the entry, then opens a stream for the command, without a consumer.
async fn begin(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    (subscription, dataset, turn): (&Subscription, &Dataset, &Turn),
    (op, n): (&'static str, u64),
) -> Result<(Receipt, Stream), Failed> {
    // Whoever has dead letters was streamed to, under a view.
    let view = turn.look(|progress| progress.views().last().cloned());
    let view = view.ok_or_else(never_opened)?;
    let receipt = core.ledger.note(&entry(call, name, dataset, op, Some(n))).await?;
    let opened = open_machine(core, turn, subscription, dataset, view).await;
    let (machine, _) = opened.map_err(refused)?;
    Ok((receipt, machine))
}

async fn write(core: &Core, turn: &Turn, change: ndxp_delivery::Change) -> Result<(), Failed> {
    let written = turn.write_all(&core.log, change, core.now()).await;
    match written.map_err(|e| Failed(refuse::append(&e)))? {
        Applied::Taken => Ok(()),
        _ => Err(refused(super::end::End::fenced())),
    }
}

/// Finds out which records are still kept, and of which a newer one of their key has come.
async fn examine(
    core: &Core,
    dataset: &Dataset,
    letters: &[Letter],
) -> Result<HashMap<Place, Newer>, Failed> {
    let mut found = HashMap::new();
    let mut partitions: BTreeMap<u32, BTreeMap<u64, KeyHash>> = BTreeMap::new();
    for letter in letters {
        partitions
            .entry(letter.place.partition)
            .or_default()
            .insert(letter.place.offset, letter.key);
    }
    for (number, wanted) in partitions {
        let at = partition(dataset, number);
        let earliest = core.log.earliest(&at).await?;
        let mut next =
            wanted.keys().copied().find(|offset| *offset >= earliest).unwrap_or(u64::MAX);
        let last = wanted.keys().next_back().copied().unwrap_or_default();
        let mut waiting: HashMap<KeyHash, Vec<Place>> = HashMap::new();
        loop {
            let page = match core.log.read(&at, next, PAGE).await {
                Err(ReadError::Expired { earliest, .. }) if earliest > next => {
                    next = earliest;
                    continue;
                }
                page => page?,
            };
            let Some(end) = page.last().map(|stored| stored.offset + 1) else { break };
            for stored in &page {
                let key = key_hash(stored.record.key.as_deref().unwrap_or_default());
                if dataset.category.is_state() {
                    let older = waiting.remove(&key).into_iter().flatten();
                    found.extend(older.map(|place| (place, Newer::HasCome)));
                }
                if wanted.get(&stored.offset) == Some(&key) {
                    let place = Place { partition: number, offset: stored.offset };
                    found.insert(place, Newer::HasNotCome);
                    waiting.entry(key).or_default().push(place);
                }
            }
            next = end;
            if next > last && (!dataset.category.is_state() || waiting.is_empty()) {
                break;
            }
        }
    }
    Ok(found)
}

/// Returns the letters that a filter takes, oldest first, each with its id.
fn chosen(progress: &Progress, names: &Pseudonyms, filter: &Filter) -> Vec<(String, Letter)> {
    let letters = progress.letters(None).map(|(letter, _)| (id(names, letter.place), letter));
    let taken = letters.filter(|(id, letter)| filter.takes(id, letter));
    let mut all: Vec<_> = taken.map(|(id, letter)| (id, letter.clone())).collect();
    all.sort_by(|(a, one), (b, other)| (one.since, a).cmp(&(other.since, b)));
    all
}

/// The same, without those that are being redriven.
fn dead(progress: &Progress, names: &Pseudonyms, filter: &Filter) -> Vec<Letter> {
    let is_dead =
        |letter: &Letter| matches!(progress.letter(letter.place), Some((_, LetterState::Dead)));
    let all = chosen(progress, names, filter).into_iter().map(|(_, letter)| letter);
    all.filter(is_dead).collect()
}

/// A dead letter's id: it shows neither partition nor offset.
fn id(names: &Pseudonyms, place: Place) -> String {
    let (partition, offset) = (place.partition.to_be_bytes(), place.offset.to_be_bytes());
    // No publisher's name begins like this: they are `/agency/…`.
    names.record_id(b"dead-letter", &[partition.as_slice(), &offset].concat())
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

fn too_many() -> Refusal {
    let text = format!("at most {MOST_REDRIVEN} dead letters may be on their way together");
    Refusal::new(Reason::StateConflict, text, "narrow the filter, or wait for those under way")
}

fn never_opened() -> Refusal {
    let text = "the subscription was never opened, so it has no dead letters";
    Refusal::new(Reason::StateConflict, text, "open a stream first")
}
