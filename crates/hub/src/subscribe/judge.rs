//! How each record that is read is to be shown, so that the consumer's copy converges (invariant
//! 11), and what is left to say after a revision.
//!
//! Under a row filter [`Members`] tell who leaves. After a revision that shows other records or
//! fields, records that an older view handed out may stand in the copy although the new one would
//! not show them: of each key the *difference* says what is missing. It is made when the stream
//! opens, from the last versions below the cursor; a newer version that is read speaks for its key
//! instead; and once all that older streams handed out is settled, the rest is handed out.

mod scan;

use std::{collections::HashMap, sync::Arc};

use ndxp_delivery::{KeyHash, Place, Revisit, Verdict};
use ndxp_model::{AgreementRef, Dataset};
use ndxp_policy::Plan;

use super::members::{AS_IT_IS, LEAVE, Members};
use crate::{
    core::Core,
    readers::{Judged, Projector, Shown},
};

pub(super) use scan::each;

/// What kind of copy the consumer keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copy {
    /// None: events are judged by themselves.
    Events,
    /// One of all keys: each upsert and delete is for it.
    Whole,
    /// One of the keys that a row filter admits.
    Filtered,
}

/// The judgement of one stream.
pub(super) struct Judge {
    copy: Copy,
    plan: String,
    members: Members,
    older: Vec<Older>,
    /// Behind what was ever handed out, a partition each.
    reached: Vec<u64>,
    difference: Option<Difference>,
}

/// A view under which records of the copy may stand, other than the stream's.
struct Older {
    projector: Projector,
    /// It shows the same fields of the records that it shows.
    same_fields: bool,
}

/// What the older views make of one record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// One of them shows it.
    any: bool,
    /// All of them show it as the new one does.
    same: bool,
}

/// What is missing in the copy.
#[derive(Debug)]
enum Difference {
    /// Older frames are not settled yet.
    Waits(HashMap<u128, Revisit>),
    /// It is being handed out; what is left, in reverse order of places.
    Begun(Vec<Revisit>),
    /// All of it was handed out.
    Whole,
}

/// What the stream is to do about the difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Begin,
    /// Records of it, if the machine has room for more.
    Give,
    End,
}

/// What a stream leaves to the next one of this node.
#[derive(Debug)]
pub(super) struct Kept {
    plan: String,
    members: Members,
}

impl Judge {
    /// Says how to judge the next record of a partition. `before` is what the older views make of
    /// it, where they may have handed it out.
    pub(super) fn judge(
        &mut self,
        partition: u32,
        shown: &Shown,
        before: Option<Before>,
    ) -> Option<Verdict> {
        let by_itself = match shown.judged {
            Judged::Admitted | Judged::Deleted => Some(AS_IT_IS),
            Judged::Withheld | Judged::Unreadable => None,
        };
        if self.copy == Copy::Events {
            return by_itself;
        }
        if shown.judged != Judged::Unreadable
            && let Some(Difference::Waits(left)) = &mut self.difference
        {
            // The newer version speaks for its key.
            let KeyHash(key) = shown.key_hash;
            left.remove(&key);
        }
        let part = self.members.part(partition)?;
        if self.copy == Copy::Whole {
            part.pass(shown.offset + 1);
            return by_itself;
        }
        let shown_before = before.is_some_and(|before| before.any);
        part.judge(shown.offset, shown.key_hash, shown.judged, shown_before)
    }

    /// Notes that a record which was judged had been settled by an earlier stream, so that it is
    /// not handed out: if that was under an older view, it belongs to the difference.
    pub(super) fn was_settled(
        &mut self,
        partition: u32,
        shown: &Shown,
        verdict: Option<Verdict>,
        before: Option<Before>,
    ) {
        let Some(Difference::Waits(left)) = &mut self.difference else { return };
        let same = before.is_some_and(|before| before.same);
        let missing = match (shown.judged, verdict) {
            (Judged::Admitted, _) if !same => AS_IT_IS,
            // An older view passed it, where an earlier version has come into the copy just now.
            (Judged::Deleted, Some(AS_IT_IS)) => AS_IT_IS,
            (Judged::Withheld, Some(LEAVE)) => LEAVE,
            _ => return,
        };
        let place = Place { partition, offset: shown.offset };
        let KeyHash(key) = shown.key_hash;
        left.insert(key, Revisit { place, key: shown.key_hash, verdict: missing });
    }

    /// Says whether older views have a say about what stands at an offset.
    pub(super) fn asks_older(&self, partition: u32, offset: u64) -> bool {
        let reached = self.reached.get(partition as usize).copied().unwrap_or_default();
        self.difference.is_some() && !self.older.is_empty() && offset < reached
    }

    /// Returns the offset of a partition that is to be judged next, if each one has to be.
    pub(super) fn next(&mut self, partition: u32) -> Option<u64> {
        let all = self.copy == Copy::Filtered || self.difference.is_some();
        let part = self.members.part(partition).filter(|_| all && self.copy != Copy::Events)?;
        Some(part.next())
    }

    /// Says that everything below an offset was judged, or is not there.
    pub(super) fn passed(&mut self, partition: u32, next: u64) {
        if let Some(part) = self.members.part(partition) {
            part.pass(next);
        }
    }

    /// Takes back what was judged from an offset on: it is going to be read again.
    pub(super) fn rewind(&mut self, partition: u32, to: u64) {
        if let Some(part) = self.members.part(partition)
            && to < part.next()
        {
            let known = part.rewind(to);
            debug_assert!(known, "a page is shorter than what can be taken back");
        }
    }

    /// Notes the cursor: nothing below it is judged again.
    pub(super) fn settle(&mut self, cursor: &[u64]) {
        self.members.settle(cursor);
    }

    /// Returns the next step of the difference. `cursor` is the stream's, `unsettled` how many
    /// records of it the machine has, nothing if it has no pass.
    pub(super) fn step(&self, cursor: &[u64], unsettled: Option<u64>, room: u64) -> Step {
        match &self.difference {
            None => Step::Nothing,
            Some(Difference::Waits(_)) => {
                let settled = cursor.iter().zip(&self.reached).all(|(at, end)| at >= end);
                let begin = settled || self.copy == Copy::Events;
                if begin { Step::Begin } else { Step::Nothing }
            }
            Some(Difference::Begun(_)) if unsettled.unwrap_or_default() < room => Step::Give,
            Some(Difference::Begun(_)) => Step::Nothing,
            Some(Difference::Whole) if unsettled.is_none() => Step::End,
            Some(Difference::Whole) => Step::Nothing,
        }
    }

    /// Begins to hand the difference out.
    pub(super) fn begin(&mut self) {
        if let Some(Difference::Waits(left)) = &mut self.difference {
            let mut left: Vec<Revisit> = std::mem::take(left).into_values().collect();
            left.sort_unstable_by_key(|revisit| std::cmp::Reverse(revisit.place));
            self.difference = Some(Difference::Begun(left));
        }
    }

    /// Takes some of it; nothing is left if there are fewer than asked for.
    pub(super) fn give(&mut self, most: usize) -> Vec<Revisit> {
        let Some(Difference::Begun(left)) = &mut self.difference else { return Vec::new() };
        let given: Vec<Revisit> = std::iter::from_fn(|| left.pop()).take(most).collect();
        if left.is_empty() {
            self.difference = Some(Difference::Whole);
        }
        given
    }

    /// Says whether all of the difference was given.
    pub(super) fn gave_all(&self) -> bool {
        matches!(self.difference, Some(Difference::Whole))
    }

    /// All of it is settled: the copy stands under this view alone.
    pub(super) fn end(&mut self) {
        self.difference = None;
        self.older = Vec::new();
        self.members.forget_older();
    }

    /// Says whether a difference is still to be handed out.
    pub(super) fn is_behind(&self) -> bool {
        self.difference.is_some()
    }

    /// Returns what the next stream can use.
    pub(super) fn kept(self) -> Option<Kept> {
        let useful = self.copy == Copy::Filtered && self.difference.is_none();
        useful.then_some(Kept { plan: self.plan, members: self.members })
    }
}

/// Returns the older views' plans that differ from the stream's. One whose document is not there any
/// more may have shown anything.
fn older(core: &Core, views: &[AgreementRef], dataset: &Dataset, plan: &Arc<Plan>) -> Vec<Older> {
    let compiled = |view: &AgreementRef| {
        core.registry.read(|state| {
            let terms = &state.agreements.get(&view.id)?.revision(view.revision)?.terms;
            let old = Plan::compile(&terms.fields, terms.rows.as_ref());
            Some((old, Plan::compile(&terms.fields, None)))
        })
    };
    let mut seen = std::collections::BTreeSet::from([plan.hash().to_owned()]);
    let mut older = Vec::new();
    for (old, fields) in views.iter().filter_map(compiled) {
        if seen.insert(old.hash().to_owned()) {
            let same_fields = plan.shows_fields_as(&fields);
            older.push(Older { projector: Projector::new(dataset, Arc::new(old)), same_fields });
        }
    }
    older
}
