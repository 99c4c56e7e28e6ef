//! What to do about records that are no longer kept.

use ndxp_delivery::Place;
use ndxp_model::OnExpired;
use ndxp_proto::exchange::{self as pb, subscribe_response::Frame as Out};

use super::{
    end::End,
    live::Live,
    outbox::Outbox,
    seek::{earliest, expired},
};
use crate::refuse::{self, Failed};

impl Live {
    /// Refuses a stream whose next records are gone, unless it is to pass over them.
    pub(super) async fn refuse_expired(&mut self) -> Result<(), End> {
        if self.right.subscription().options.on_expired != OnExpired::Fail {
            return Ok(());
        }
        let kept = earliest(&self.core, &self.dataset).await?;
        if self.next_reads().iter().zip(&kept).any(|(next, kept)| next < kept) {
            return Err(expired(&self.core, &self.name, &self.dataset).await?.into());
        }
        Ok(())
    }

    /// Says that what is deleted since the consumer was here may never be told, if that is so.
    pub(super) async fn tell_away(&mut self, outbox: &Outbox) -> Result<(), End> {
        if !self.was_away {
            return Ok(());
        }
        let from = self.next_reads();
        if self.right.subscription().options.on_expired == OnExpired::Latest {
            return self.pass_to(&from, &self.known_ends.clone(), outbox).await;
        }
        self.tell_gap(&from, &from, outbox).await
    }

    /// Passes over records that are no longer kept, as the subscription asks for.
    pub(super) async fn pass_expired(
        &mut self,
        partition: u32,
        kept: u64,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let from = self.next_reads();
        let mut to = from.clone();
        match self.right.subscription().options.on_expired {
            OnExpired::Fail => {
                return Err(expired(&self.core, &self.name, &self.dataset).await?.into());
            }
            OnExpired::Earliest => {
                to.iter_mut().skip(partition as usize).take(1).for_each(|to| *to = kept);
            }
            OnExpired::Latest => to.clone_from(&self.known_ends),
        }
        self.pass_to(&from, &to, outbox).await
    }

    async fn pass_to(&mut self, from: &[u64], to: &[u64], outbox: &Outbox) -> Result<(), End> {
        for (number, (from, to)) in (0..).zip(from.iter().zip(to)) {
            if from < to {
                let skipped = self.machine.skip(number, *from..*to);
                skipped.map_err(|e| Failed(refuse::bug(&e)))?;
                self.judge.passed(number, *to);
            }
        }
        self.tell_gap(from, to, outbox).await
    }

    /// Says that a record which was to be handed out again is no longer kept.
    pub(super) async fn tell_gone(&mut self, place: Place, outbox: &Outbox) -> Result<(), End> {
        let (mut from, at) = (self.next_reads(), place.partition as usize);
        from.iter_mut().skip(at).take(1).for_each(|from| *from = place.offset);
        let mut to = from.clone();
        to.iter_mut().skip(at).take(1).for_each(|to| *to = place.offset + 1);
        self.tell_gap(&from, &to, outbox).await
    }

    async fn tell_gap(&mut self, from: &[u64], to: &[u64], outbox: &Outbox) -> Result<(), End> {
        let filtered = self.right.grant().plan.filters_rows();
        let count = from.iter().zip(to).map(|(from, to)| to.saturating_sub(*from)).sum();
        let gap = pb::SubscribeGap {
            from: self.sealer.seal(from),
            to: self.sealer.seal(to),
            cause: pb::GapCause::Retention.into(),
            count: (!filtered).then_some(count),
        };
        self.send(Out::Gap(gap), outbox).await
    }

    /// Returns the offsets to read next.
    pub(super) fn next_reads(&self) -> Vec<u64> {
        self.machine.next_reads().map(|(_, next)| next).collect()
    }
}
