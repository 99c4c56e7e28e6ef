//! Officers' orders on dead letters: a stream of the machine without a consumer carries them out.

use std::sync::Arc;

use ndxp_delivery::{Applied, Change, Letter, LetterState, MOST_REDRIVEN, Newer, Place, Stream};
use ndxp_model::{Dataset, SubscriptionName};
use ndxp_proto::{
    error::{Reason, Refusal},
    exchange as pb,
};
use ndxp_registry::Subscription;

use super::{Filter, Ids, all, records::examine};
use crate::{
    call::Call,
    core::{Core, receipt_message},
    lanes::Moved,
    ledger::Receipt,
    refuse::Failed,
    subscribe::{
        end::End,
        open::{find, open_machine},
        seek::{entry, must_be_officer, refused},
        slots::{Turn, Why},
    },
};

/// Who orders something, of which subscription.
struct Order<'a> {
    core: &'a Core,
    call: &'a Call,
    name: &'a SubscriptionName,
    subscription: Subscription,
    dataset: Arc<Dataset>,
}

/// An order under way: its entry is written, and a stream of its own opened.
struct Begun {
    turn: Turn,
    receipt: Receipt,
    machine: Stream,
}

/// Offers dead letters once more, so many a second.
pub(crate) async fn redrive(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    filter: &Filter,
    (rate, dry_run): (u32, bool),
) -> Result<pb::RedriveDeadLettersResponse, Failed> {
    let order = Order::new(core, call, name)?;
    let turn = order.turn(dry_run).await?;
    let letters = order.dead(filter)?;
    let found = examine(core, &order.dataset, &letters).await?;
    let (chosen, gone): (Vec<Place>, Vec<Place>) =
        letters.iter().map(|letter| letter.place).partition(|place| found.contains_key(place));
    let newer = |place: &Place| found.get(place).copied().unwrap_or(Newer::HasNotCome);
    let superseded = chosen.iter().filter(|place| newer(place) == Newer::HasCome).count();
    let redriven = chosen.len() - superseded;
    let mut response = pb::RedriveDeadLettersResponse {
        redriven: redriven as u64,
        superseded: superseded as u64,
        expired: gone.len() as u64,
        receipt: None,
    };
    let Some(turn) = turn else { return Ok(response) };
    if redriven > MOST_REDRIVEN {
        return Err(too_many().into());
    }
    let mut begun = order.begin(turn, "RedriveDeadLetters", letters.len()).await?;
    let chosen: Vec<_> = chosen.into_iter().map(|place| (place, newer(&place))).collect();
    let done = begun.machine.redrive(&chosen, rate, core.delivery_now()).map_err(|_| too_many())?;
    begun.write(core, done.change).await?;
    let (_, change) = begun.machine.purge(&gone);
    begun.write(core, change).await?;
    (response.redriven, response.superseded) = (done.redriven, done.superseded);
    response.receipt = Some(receipt_message(begun.end(core).await?, ""));
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
    let order = Order::new(core, call, name)?;
    let turn = order.turn(dry_run).await?;
    let places: Vec<Place> = order.dead(filter)?.iter().map(|letter| letter.place).collect();
    let Some(turn) = turn else {
        return Ok(pb::PurgeDeadLettersResponse { purged: places.len() as u64, receipt: None });
    };
    let mut begun = order.begin(turn, "PurgeDeadLetters", places.len()).await?;
    let (purged, change) = begun.machine.purge(&places);
    begun.write(core, change).await?;
    let receipt = Some(receipt_message(begun.end(core).await?, ""));
    Ok(pb::PurgeDeadLettersResponse { purged, receipt })
}

impl<'a> Order<'a> {
    fn new(core: &'a Core, call: &'a Call, name: &'a SubscriptionName) -> Result<Self, Failed> {
        let (subscription, dataset) = find(core, call, name)?;
        must_be_officer(core, &call.principal)?;
        Ok(Self { core, call, name, subscription, dataset })
    }

    /// Ends the stream that is open, unless nothing is to be changed.
    async fn turn(&self, dry_run: bool) -> Result<Option<Turn>, Failed> {
        if dry_run {
            return Ok(None);
        }
        Ok(Some(self.core.slots.turn(&self.core.log, self.name, Why::Change).await?))
    }

    /// Returns the dead letters that a filter takes, oldest first, without those that are on their
    /// way already.
    fn dead(&self, filter: &Filter) -> Result<Vec<Letter>, Moved> {
        let ids = Ids::of(self.core, self.name, &self.dataset);
        let all = all(self.core, self.name)?.into_iter();
        let dead = all.filter(|(_, state)| matches!(state, LetterState::Dead));
        let mut dead: Vec<Letter> = dead.map(|(letter, _)| letter).collect();
        dead.retain(|letter| filter.takes(|| ids.id(letter.place), letter));
        dead.sort_by_key(|letter| (letter.since, letter.place));
        Ok(dead)
    }

    /// Writes the entry, then opens a stream for the order.
    async fn begin(&self, turn: Turn, op: &'static str, letters: usize) -> Result<Begun, Failed> {
        // Whoever has dead letters was streamed to, under a view.
        let view = turn.look(|progress| progress.views().last().cloned());
        let view = view.ok_or_else(never_opened)?;
        let entry = entry(self.call, self.name, &self.dataset, op, Some(letters as u64));
        let receipt = self.core.ledger.note(&entry).await?;
        let opened = open_machine(self.core, &turn, &self.subscription, &self.dataset, view).await;
        let (machine, _) = opened.map_err(refused)?;
        Ok(Begun { turn, receipt, machine })
    }
}

impl Begun {
    async fn write(&self, core: &Core, change: Change) -> Result<(), Failed> {
        write(core, &self.turn, change).await
    }

    async fn end(self, core: &Core) -> Result<Receipt, Failed> {
        let Self { turn, receipt, machine } = self;
        write(core, &turn, machine.retire()).await?;
        Ok(receipt)
    }
}

async fn write(core: &Core, turn: &Turn, change: Change) -> Result<(), Failed> {
    let written = turn.write_all(&core.log, change, core.now()).await;
    match written? {
        Applied::Taken => Ok(()),
        _ => Err(refused(End::fenced())),
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
