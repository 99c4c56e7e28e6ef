//! Making a judge: what the log says of the copy when a stream opens.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ndxp_delivery::{KeyHash, Place, Progress, Revisit};
use ndxp_log::{Partition, ReadError};
use ndxp_model::Dataset;
use ndxp_policy::Plan;

use super::{Before, Copy, Difference, Judge, Kept, Older, older};
use crate::{
    core::Core,
    fold::PAGE,
    readers::{Judged, Projector, Shown},
    subscribe::{
        members::{AS_IT_IS, LEAVE, Members, Part},
        open::partition,
    },
};

/// The last version of a key below the cursor.
struct Last {
    offset: u64,
    judged: Judged,
    before: Before,
}

impl Judge {
    /// Makes the judge of a stream that begins at the cursor of `progress`, with what the stream
    /// before has kept. Where that does not do, it reads the partitions from the earliest record up
    /// to the cursor: once for the view, and once for each older one that differs.
    pub(in crate::subscribe) async fn open(
        core: &Core,
        dataset: &Dataset,
        plan: &Arc<Plan>,
        progress: &Progress,
        reached: Vec<u64>,
        kept: Option<Kept>,
    ) -> Result<Self, ReadError> {
        let copy = match dataset.category.is_state() {
            false => Copy::Events,
            true if plan.filters_rows() => Copy::Filtered,
            true => Copy::Whole,
        };
        let revised = progress.views().len() > 1;
        let older = match copy {
            Copy::Events => Vec::new(),
            Copy::Whole | Copy::Filtered => older(core, progress.views(), dataset, plan),
        };
        let kept = kept.filter(|kept| !revised && kept.plan == plan.hash());
        let kept = kept.and_then(|kept| kept.members.rewound(&progress.positions()));
        let mut judge = Self {
            copy,
            plan: plan.hash().to_owned(),
            members: Members::default(),
            older,
            reached,
            difference: None,
        };
        let mut left = HashMap::new();
        judge.members = match kept {
            Some(members) => members,
            None => judge.scan(core, dataset, plan, progress, &mut left).await?,
        };
        judge.difference = revised.then_some(Difference::Waits(left));
        Ok(judge)
    }

    async fn scan(
        &self,
        core: &Core,
        dataset: &Dataset,
        plan: &Arc<Plan>,
        progress: &Progress,
        left: &mut HashMap<u128, Revisit>,
    ) -> Result<Members, ReadError> {
        let projector = Projector::new(dataset, Arc::clone(plan));
        let compares = !self.older.is_empty();
        let mut parts = Vec::new();
        for (number, to) in (0..).zip(progress.positions()) {
            let at = partition(dataset, number);
            let (mut members, mut lasts) = (HashSet::new(), HashMap::new());
            if self.copy == Copy::Filtered || compares {
                each(core, &at, 0..to, &projector, |shown| {
                    follow(&mut members, shown);
                    let place = Place { partition: number, offset: shown.offset };
                    // What the consumer could not take does not stand in its copy.
                    if compares && progress.letter(place).is_none() {
                        follow_last(&mut lasts, shown);
                    }
                })
                .await?;
            }
            let perhaps = self.compare(core, &at, to, &mut lasts).await?;
            let missing =
                |(key, last): (u128, Last)| Some((key, last.missing(number, KeyHash(key))?));
            left.extend(lasts.into_iter().filter_map(missing));
            parts.push(Part::at(to, members, perhaps));
        }
        Ok(Members::new(parts))
    }

    /// Looks through the older views, and returns the keys that a copy of theirs may hold.
    async fn compare(
        &self,
        core: &Core,
        at: &Partition,
        to: u64,
        lasts: &mut HashMap<u128, Last>,
    ) -> Result<HashSet<u128>, ReadError> {
        let mut perhaps = HashSet::new();
        for view in &self.older {
            let mut members = HashSet::new();
            each(core, at, 0..to, &view.projector, |shown| {
                follow(&mut members, shown);
                let KeyHash(key) = shown.key_hash;
                if let Some(last) = lasts.get_mut(&key).filter(|last| last.offset == shown.offset) {
                    last.before.add(shown, view);
                }
            })
            .await?;
            perhaps.extend(members);
        }
        Ok(perhaps)
    }

    /// Returns what the older views make of the records between two offsets, as far as they have a
    /// say about them.
    pub(in crate::subscribe) async fn before(
        &self,
        core: &Core,
        at: &Partition,
        offsets: std::ops::Range<u64>,
    ) -> Result<HashMap<u64, Before>, ReadError> {
        let mut before = HashMap::new();
        if !self.asks_older(at.number, offsets.start) {
            return Ok(before);
        }
        for view in &self.older {
            each(core, at, offsets.clone(), &view.projector, |shown| {
                before.entry(shown.offset).or_insert(Before::NOTHING).add(shown, view);
            })
            .await?;
        }
        Ok(before)
    }
}

impl Before {
    const NOTHING: Self = Self { any: false, same: true };

    fn add(&mut self, shown: &Shown, view: &Older) {
        let admitted = shown.judged == Judged::Admitted;
        self.any |= admitted;
        self.same &= admitted && view.same_fields;
    }
}

impl Last {
    /// Returns what the copy misses of a key whose last version this is.
    fn missing(&self, partition: u32, key: KeyHash) -> Option<Revisit> {
        let place = Place { partition, offset: self.offset };
        let verdict = match self.judged {
            Judged::Admitted if !self.before.same => AS_IT_IS,
            Judged::Withheld if self.before.any => LEAVE,
            _ => return None,
        };
        Some(Revisit { place, key, verdict })
    }
}

fn follow(members: &mut HashSet<u128>, shown: &Shown) {
    let KeyHash(key) = shown.key_hash;
    match shown.judged {
        Judged::Admitted => _ = members.insert(key),
        Judged::Withheld | Judged::Deleted => _ = members.remove(&key),
        Judged::Unreadable => {}
    }
}

fn follow_last(lasts: &mut HashMap<u128, Last>, shown: &Shown) {
    let KeyHash(key) = shown.key_hash;
    match shown.judged {
        Judged::Admitted | Judged::Withheld | Judged::Deleted => {
            let (offset, judged) = (shown.offset, shown.judged);
            lasts.insert(key, Last { offset, judged, before: Before::NOTHING });
        }
        Judged::Unreadable => {}
    }
}

/// Looks at every record of a partition that is kept between two offsets.
pub(in crate::subscribe) async fn each(
    core: &Core,
    at: &Partition,
    offsets: std::ops::Range<u64>,
    projector: &Projector,
    mut look: impl FnMut(&Arc<Shown>),
) -> Result<(), ReadError> {
    let mut next = offsets.start.max(core.log.earliest(at).await?);
    while next < offsets.end {
        let page = match core.readers.read(at, next, PAGE, projector).await {
            // Deleted since it was asked for.
            Err(ReadError::Expired { earliest, .. }) if earliest > next => {
                next = earliest;
                continue;
            }
            page => page?,
        };
        let within = page.records.iter().filter(|shown| shown.offset < offsets.end);
        within.for_each(&mut look);
        if page.next == next {
            return Ok(());
        }
        next = page.next;
    }
    Ok(())
}
