//! Reading the lanes.

use std::{collections::HashMap, sync::Arc};

use ndxp_delivery::{DeliveryRecord, Owned};
use ndxp_log::{Log, Partition, Stored};
use ndxp_model::{HubTopic, SubscriptionName, Timestamp, Topic};

use super::{Known, SlotError, turn::tombstone};
use crate::fold;

/// So many tombstones are written at once.
const TOMBSTONES: usize = 1_000;

/// Folds every subscription of a lane whose owner gives epochs from `floor` on.
pub(super) async fn lane(
    log: &Arc<dyn Log>,
    lane: u32,
    floor: u64,
) -> Result<HashMap<SubscriptionName, Known>, SlotError> {
    let mut folded: HashMap<SubscriptionName, Known> = HashMap::new();
    let mut owner = 0;
    each(log, lane, |line| {
        if let Line::Owned { floor } = line {
            owner = floor;
            folded.values_mut().for_each(|known| known.take(&line));
        }
        let Some(name) = line.subscription() else { return };
        match line {
            Line::Record(..) => {
                let new = || Known::new(name.clone(), owner);
                folded.entry(name.clone()).or_insert_with(new).take(&line);
            }
            Line::Tombstone { .. } => _ = folded.get_mut(&name).map(|known| known.take(&line)),
            Line::Owned { .. } => {}
        }
    })
    .await?;
    // What is left of one that was deleted is nothing.
    folded.retain(|_, known| known.progress.epoch() > 0);
    folded.values_mut().for_each(|known| known.progress.raise_floor(floor));
    Ok(folded)
}

/// Folds one subscription again.
pub(super) async fn one(log: &Arc<dyn Log>, name: &SubscriptionName) -> Result<Known, SlotError> {
    let mut known = Known::new(name.clone(), 0);
    each(log, ndxp_delivery::lane(name), |line| {
        if matches!(line, Line::Owned { .. }) || line.subscription().as_ref() == Some(name) {
            known.take(&line);
        }
    })
    .await?;
    Ok(known)
}

/// Writes a tombstone for each key of a subscription that has none.
pub(super) async fn forget(
    log: &Arc<dyn Log>,
    name: &SubscriptionName,
    now: Timestamp,
) -> Result<(), SlotError> {
    // In the order of the lane, so that what is older goes first.
    let (mut keys, lane): (Vec<String>, _) = (Vec::new(), ndxp_delivery::lane(name));
    each(log, lane, |line| match line {
        Line::Record(record, _) if record.subscription() == name => keys.push(record.key()),
        Line::Tombstone { key } => keys.retain(|known| known != key),
        Line::Record(..) | Line::Owned { .. } => {}
    })
    .await?;
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    for chunk in keys.chunks(TOMBSTONES) {
        let records = chunk.iter().map(|key| tombstone(key, now)).collect();
        log.append(HubTopic::Delivery, lane, records).await?;
    }
    Ok(())
}

/// A record of a lane.
#[expect(clippy::large_enum_variant, reason = "one lives at a time")]
enum Line<'a> {
    Record(DeliveryRecord, Timestamp),
    /// An empty value: what it forgets is in other records.
    Tombstone {
        key: &'a str,
    },
    /// The lane has a new owner, whose epochs start there.
    Owned {
        floor: u64,
    },
}

impl Line<'_> {
    fn subscription(&self) -> Option<SubscriptionName> {
        match self {
            Self::Record(record, _) => Some(record.subscription().clone()),
            Self::Owned { .. } => None,
            Self::Tombstone { key } => {
                let (agency, rest) = key.split_once('/')?;
                let (subscription, _) = rest.split_once('/')?;
                format!("{agency}/{subscription}").parse().ok()
            }
        }
    }
}

impl Known {
    fn take(&mut self, line: &Line<'_>) {
        match line {
            Line::Record(record, at) => {
                // A record of a fenced stream changes nothing, which is what the fold is for.
                let _ = self.progress.apply(record);
                self.active_at = *at;
            }
            Line::Tombstone { key } => self.progress.forgotten(key),
            Line::Owned { floor } => self.progress.raise_floor(*floor),
        }
    }
}

async fn each(
    log: &Arc<dyn Log>,
    lane: u32,
    mut take: impl FnMut(Line<'_>),
) -> Result<(), SlotError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Delivery), number: lane };
    let each = fold::each(log, &at, 0, |stored| {
        if let Some(line) = line(stored, lane)? {
            take(line);
        }
        Ok(())
    });
    each.await
}

fn line(stored: &Stored, lane: u32) -> Result<Option<Line<'_>>, SlotError> {
    let Stored { offset, record } = stored;
    if record.value.is_empty() {
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        return Ok(key.map(|key| Line::Tombstone { key }));
    }
    let unreadable = |source| SlotError::Record { lane, offset: *offset, source };
    if record.key.as_deref().is_some_and(Owned::is_key) {
        Owned::decode(&record.value).map_err(unreadable)?;
        return Ok(Some(Line::Owned { floor: Owned::floor(*offset) }));
    }
    let read = DeliveryRecord::decode(&record.value).map_err(unreadable)?;
    Ok(Some(Line::Record(read, record.timestamp)))
}
