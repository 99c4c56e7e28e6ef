//! The difference of two views: records below the cursor that are handed out once more.

use std::collections::BTreeSet;

use ndxp_model::AgreementRef;
use thiserror::Error;

use super::{Origin, Stream, Wait, Work};
use crate::{
    change::Change,
    place::{KeyHash, Place, Verdict},
    record::Viewed,
};

/// A pass over the difference of two views. Nothing new is read meanwhile.
#[derive(Debug)]
pub(super) struct Pass {
    view: AgreementRef,
    unsettled: BTreeSet<Place>,
    /// All of the difference was given.
    is_whole: bool,
}

/// A record to be handed out once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisit {
    /// Where it stands: it was read, and it is settled.
    pub place: Place,
    /// Its key's hash.
    pub key: KeyHash,
    /// How it is to be shown under the new view.
    pub verdict: Verdict,
}

/// Records to revisit belong to a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no pass over the difference of two views was begun, or it was given as a whole")]
pub struct NoPass;

impl Pass {
    pub(super) fn settled(&mut self, place: Place) {
        self.unsettled.remove(&place);
    }
}

impl Stream {
    /// Begins to hand out the difference between the views under which the consumer's copy may
    /// stand ([`Progress::views`](crate::Progress::views)) and this one. Until all of it is settled
    /// nothing new is read. A pass is not durable: the next stream begins it again. One that is
    /// begun while another is under way takes its place, and its records with it.
    pub fn begin_pass(&mut self, view: AgreementRef) {
        // What an earlier pass has given is still on its way.
        let unsettled = self.pass.take().map(|pass| pass.unsettled).unwrap_or_default();
        self.pass = Some(Pass { view, unsettled, is_whole: false });
    }

    /// Adds records to the pass, and returns how many. A record that is unsettled, was not read yet
    /// or is a dead letter is passed over: it is shown under the new view anyway, or not at all.
    ///
    /// # Errors
    /// [`NoPass`].
    pub fn revisit(&mut self, records: &[Revisit]) -> Result<u64, NoPass> {
        if self.pass.as_ref().is_none_or(|pass| pass.is_whole) {
            return Err(NoPass);
        }
        let mut taken = 0;
        for &Revisit { place, key, verdict } in records {
            if !self.is_settled(place) || self.progress.letter(place).is_some() {
                continue;
            }
            if self.pass.as_mut().is_some_and(|pass| pass.unsettled.insert(place)) {
                taken += 1;
                let (origin, failures) = (Origin::Revisit, 0);
                let attempts = self.progress.attempt_of(place);
                let work = Work { place, key, verdict, origin, attempts, failures };
                self.keep(work, Wait::Ready);
            }
        }
        Ok(taken)
    }

    /// Returns how many records of the pass are unsettled, nothing if there is no pass. A shell
    /// gives a large difference page by page.
    #[must_use]
    pub fn pass_unsettled(&self) -> Option<u64> {
        self.pass.as_ref().map(|pass| pass.unsettled.len() as u64)
    }

    /// Says that all of the difference was given. Once it is settled the copy stands under the new
    /// view alone, and reading goes on.
    ///
    /// # Errors
    /// [`NoPass`].
    pub fn end_pass(&mut self) -> Result<Change, NoPass> {
        self.pass.as_mut().ok_or(NoPass)?.is_whole = true;
        let mut change = Change::default();
        self.settle_pass(&mut change);
        Ok(change)
    }

    pub(super) fn settle_pass(&mut self, change: &mut Change) {
        if self.pass.as_ref().is_some_and(|pass| pass.is_whole && pass.unsettled.is_empty())
            && let Some(Pass { view, .. }) = self.pass.take()
        {
            let (sub, epoch) = (self.progress.subscription().clone(), self.epoch());
            self.note(Viewed { sub, epoch, view }, change);
        }
    }
}
