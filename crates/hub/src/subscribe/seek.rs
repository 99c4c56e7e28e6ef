//! Moving a subscription's cursor, and saying where it stands.

use ndxp_audit::Delivery;
use ndxp_delivery::{Applied, DeliveryRecord};
use ndxp_model::{Dataset, PrincipalName, Role, SubscriptionName, Timestamp};
use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange as pb,
};

use super::{
    end::End,
    open::{find, partition},
    slots::Why,
};
use crate::{
    call::{Call, word},
    core::{Core, receipt_message},
    cursors::{Sealer, Subject},
    decide::Asked,
    refuse::{self, Failed},
};

/// Where a cursor is moved to.
#[derive(Debug, Clone)]
pub(crate) enum To {
    Earliest,
    Latest,
    Time(Timestamp),
    Cursor(bytes::Bytes),
}

/// Moves the cursor, or says what that would do.
pub(crate) async fn seek(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    to: To,
    dry_run: bool,
) -> Result<pb::SeekSubscriptionResponse, Failed> {
    let (subscription, dataset) = find(core, call, name)?;
    may_steer(core, &call.principal)?;
    let target = target(core, name, &dataset, to).await?;
    let filtered = filters_rows(core, call, &subscription);
    let mut sealer = sealer(core, name)?;
    let start = first_positions(core, &subscription.start, &dataset).await?;
    if dry_run {
        let from = core.slots.look(name, |progress| progress.positions())?.unwrap_or_default();
        let from = if from.is_empty() { start } else { from };
        return Ok(answer(&mut sealer, &from, &target, filtered));
    }
    let turn = core.slots.turn(&core.log, name, Why::Change).await?;
    let from = turn.look(|progress| progress.positions());
    let from = if from.is_empty() { start } else { from };
    let entry = entry(call, name, &dataset, "SeekSubscription", None);
    let receipt = core.ledger.note(&entry).await?;
    let sought = turn.look(|progress| progress.seeking(&target));
    let sought = DeliveryRecord::from(sought.map_err(|e| Failed(refuse::bug(&e)))?);
    turn.keep(None);
    let applied = turn.write(&core.log, sought, core.now()).await;
    if applied.map_err(Failed::from)? != Applied::Taken {
        return Err(refused(End::fenced()));
    }
    let receipt = Some(receipt_message(receipt, ""));
    Ok(pb::SeekSubscriptionResponse { receipt, ..answer(&mut sealer, &from, &target, filtered) })
}

/// Says where a subscription stands.
pub(crate) async fn status(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
) -> Result<pb::GetSubscriptionStatusResponse, Failed> {
    let (subscription, dataset) = find(core, call, name)?;
    let known = core.slots.look(name, |progress| {
        let letters = progress.letter_count() as u64;
        (progress.epoch(), progress.positions(), letters, progress.failing_since())
    })?;
    let (epoch, positions, dead_letters, failing) = known.unwrap_or_default();
    let positions = match positions.is_empty() {
        true => first_positions(core, &subscription.start, &dataset).await?,
        false => positions,
    };
    let counts = core.slots.counts(name);
    let ends = ends(core, &dataset)?;
    let lag = ends.iter().zip(&positions).map(|(end, at)| end.saturating_sub(*at)).sum();
    let paused = match (failing, counts.paused) {
        (Some(_), _) => pb::PauseCause::ConsumerFailing,
        (None, Some(pause)) => super::tell::cause(pause),
        (None, None) => pb::PauseCause::Unspecified,
    };
    Ok(pb::GetSubscriptionStatusResponse {
        connected: core.slots.is_connected(name),
        epoch,
        cursor: sealer(core, name)?.seal(&positions),
        lag: (!filters_rows(core, call, &subscription)).then_some(lag),
        outstanding: counts.outstanding,
        parked: counts.parked,
        retrying: counts.retrying,
        dead_letters,
        paused: paused.into(),
        paused_since: failing.and_then(convert::timestamp),
    })
}

/// Prepares to seal cursors of a subscription.
pub(super) fn sealer(core: &Core, name: &SubscriptionName) -> Result<Sealer, Failed> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|e| Failed(refuse::bug(&e)))?;
    let incarnation = core.registry.read(|state| state.incarnation.clone());
    let subject = Subject { subscription: name, incarnation: &incarnation };
    Ok(core.cursors.sealer(salt, subject))
}

/// Refuses with the earliest place from which records are kept.
pub(super) async fn expired(
    core: &Core,
    name: &SubscriptionName,
    dataset: &Dataset,
) -> Result<Refusal, Failed> {
    let earliest = sealer(core, name)?.seal(&earliest(core, dataset).await?);
    let text = "records that the subscription has not received are no longer kept";
    let next =
        "seek to the earliest cursor of the details, with an empty copy; or choose on_expired";
    Ok(Refusal::new(Reason::CursorExpired, text, next).with("earliest", hex::encode(earliest)))
}

/// Returns the audit entry of a change of a subscription's delivery.
pub(super) fn entry(
    call: &Call,
    name: &SubscriptionName,
    dataset: &Dataset,
    op: &'static str,
    n: Option<u64>,
) -> ndxp_audit::Entry {
    let ds = ndxp_audit::DatasetAt { name: dataset.name.clone(), version: None };
    let (by, sub, op) = (call.principal.clone(), name.clone(), word(op));
    ndxp_audit::Entry::Delivery(Delivery { by, ds, sub, op, n })
}

/// A system of the consumer steers its delivery, and so do its officers with the role for it.
pub(super) fn may_steer(core: &Core, by: &PrincipalName) -> Result<(), Refusal> {
    match by.as_system() {
        Some(_) => Ok(()),
        None => must_be_officer(core, by),
    }
}

/// Some things only officers do.
pub(super) fn must_be_officer(core: &Core, by: &PrincipalName) -> Result<(), Refusal> {
    let has = |role| core.registry.read(|state| state.has_role(by, role));
    if has(Role::Steward) || has(Role::Operator) {
        return Ok(());
    }
    let text = "an officer of the consumer with the role steward or operator does this";
    Err(Refusal::new(Reason::RoleRequired, text, "ask your agency's steward")
        .with("role", "steward, operator"))
}

pub(super) fn refused(end: End) -> Failed {
    match end {
        End::Refused(refusal) | End::Condemned(refusal) => Failed(refusal),
        End::Closed | End::Denied(_) | End::Revised => Failed(refuse::draining()),
    }
}

/// Says whether the agreement in force filters rows, or nobody knows: then numbers are not told.
fn filters_rows(core: &Core, call: &Call, of: &ndxp_registry::Subscription) -> bool {
    let asked = Asked {
        dataset: &of.dataset,
        operation: ndxp_model::Operation::Subscribe,
        purpose: &of.purpose,
        agreement: of.agreement.as_ref(),
    };
    core.decide(call, asked, core.now()).map_or(true, |grant| grant.plan.filters_rows())
}

fn answer(
    sealer: &mut Sealer,
    from: &[u64],
    to: &[u64],
    filtered: bool,
) -> pb::SeekSubscriptionResponse {
    let sum = |of: fn(u64, u64) -> u64| from.iter().zip(to).map(|(a, b)| of(*a, *b)).sum();
    let (back, forward): (u64, u64) =
        (sum(|from, to| from.saturating_sub(to)), sum(|from, to| to.saturating_sub(from)));
    pb::SeekSubscriptionResponse {
        from: sealer.seal(from),
        to: sealer.seal(to),
        back: (!filtered).then_some(back),
        forward: (!filtered).then_some(forward),
        receipt: None,
    }
}

async fn target(
    core: &Core,
    name: &SubscriptionName,
    dataset: &Dataset,
    to: To,
) -> Result<Vec<u64>, Failed> {
    match to {
        To::Earliest => earliest(core, dataset).await,
        To::Latest => ends(core, dataset),
        To::Time(time) => {
            let mut offsets = Vec::new();
            for number in 0..dataset.partitions {
                offsets.push(core.log.offset_at(&partition(dataset, number), time).await?);
            }
            Ok(offsets)
        }
        To::Cursor(cursor) => {
            let incarnation = core.registry.read(|state| state.incarnation.clone());
            let subject = Subject { subscription: name, incarnation: &incarnation };
            let positions = core.cursors.open(&cursor, subject);
            let ends = ends(core, dataset)?;
            let fits = |at: &Vec<u64>| {
                at.len() == ends.len() && at.iter().zip(&ends).all(|(at, end)| at <= end)
            };
            let positions = positions.filter(fits).ok_or_else(invalid)?;
            let kept = earliest(core, dataset).await?;
            if positions.iter().zip(&kept).any(|(at, earliest)| at < earliest) {
                return Err(Failed(expired(core, name, dataset).await?));
            }
            Ok(positions)
        }
    }
}

fn invalid() -> Refusal {
    Refusal::new(
        Reason::CursorInvalid,
        "this cursor is not one of this subscription on this hub's log",
        "use a cursor that the hub gave for this subscription, or seek by time",
    )
}

pub(super) async fn earliest(core: &Core, dataset: &Dataset) -> Result<Vec<u64>, Failed> {
    let mut offsets = Vec::new();
    for number in 0..dataset.partitions {
        offsets.push(core.log.earliest(&partition(dataset, number)).await?);
    }
    Ok(offsets)
}

pub(super) fn ends(core: &Core, dataset: &Dataset) -> Result<Vec<u64>, Failed> {
    let end = |number| Ok(*core.log.follow(&partition(dataset, number))?.borrow());
    (0..dataset.partitions).map(end).collect()
}

/// Returns where a subscription that was never opened begins.
pub(super) async fn first_positions(
    core: &Core,
    start: &[u64],
    dataset: &Dataset,
) -> Result<Vec<u64>, Failed> {
    let earliest = earliest(core, dataset).await?;
    Ok(if start.is_empty() { earliest } else { start.to_vec() })
}
