//! From the log to the consumer: read, decide, project, make the release durable, send.

mod again;
mod frame;
mod passed;

use std::sync::Arc;

use ndxp_delivery::{Place, Read, Refetch};
use ndxp_log::{ReadError, ReadLimits};

use self::frame::Outgoing;
use super::{end::End, live::Live, open::partition, outbox::Outbox};
use crate::{
    metrics::Stage,
    refuse::{self, Failed},
};

impl Live {
    /// Hands out one frame if there is credit and something to hand out, and says so once if there
    /// is nothing more. Returns whether anything has moved, so that there may be more at once.
    pub(super) async fn deliver(&mut self, outbox: &Outbox) -> Result<bool, End> {
        self.note_taken();
        self.revise().await?;
        let want = self.machine.want(self.core.delivery_now());
        self.wake_ms = want.wake_ms;
        self.write_all(want.change).await?;
        self.tell_pause(want.paused, outbox).await?;
        let moved = if !want.again.is_empty() {
            self.fetch_again(want.again, outbox).await?
        } else if let Some(read) = self.furthest_behind(&want.reads) {
            self.read_on(read, want.room.records, outbox).await?
        } else {
            false
        };
        if !moved {
            self.tell_idle(outbox).await?;
        }
        Ok(moved)
    }

    fn furthest_behind(&self, reads: &[Read]) -> Option<Read> {
        let end = |read: &Read| self.known_ends.get(read.partition as usize).copied();
        let behind = |read: &Read| end(read).unwrap_or_default().saturating_sub(read.from);
        reads.iter().copied().max_by_key(behind)
    }

    /// Reads on in a partition and hands out what the decision of this moment lets through.
    async fn read_on(&mut self, read: Read, records: u64, outbox: &Outbox) -> Result<bool, End> {
        let Read { partition: number, from } = read;
        let most = usize::try_from(records).unwrap_or(usize::MAX);
        let limits = ReadLimits {
            records: self.core.limits.frame_records.min(most),
            bytes: self.core.outbound.room(self.core.limits.frame_bytes),
        };
        let at = partition(&self.dataset, number);
        self.catch_up(&at, from).await?;
        let core = Arc::clone(&self.core);
        let timer = core.metrics.stage(Stage::Project);
        let page = match self.core.readers.read(&at, from, limits, &self.projector).await {
            Err(ReadError::Expired { earliest, .. }) => {
                drop(timer);
                return self.pass_expired(number, earliest, outbox).await.map(|()| true);
            }
            page => page?,
        };
        let before = self.judge.before(&self.core, &at, from..page.next).await?;
        drop(timer);
        self.right.check()?;
        // Offsets that are not there are passed like those that a row filter withholds.
        let mut expected = from;
        let mut skipped = Vec::new();
        let mut outgoing = Vec::with_capacity(page.records.len());
        for shown in page.records {
            let place = Place { partition: number, offset: shown.offset };
            let before = self.sent_before(&before, place);
            let verdict = self.judge.judge(number, &shown, before);
            // Before the next one is judged: a newer version speaks for its key.
            if self.machine.progress().is_settled(place) {
                self.settled_before(place, &shown, verdict, before);
            }
            let Some(verdict) = verdict else { continue };
            skipped.push(expected..place.offset);
            expected = place.offset + 1;
            let item = Refetch { place, key: shown.key_hash, verdict };
            let item = item.item(shown.payload.len() as u64);
            outgoing.push(Outgoing { item, shown });
        }
        skipped.push(expected..page.next);
        self.judge.passed(number, page.next);
        for offsets in skipped.into_iter().filter(|offsets| !offsets.is_empty()) {
            let skipped = self.machine.skip(number, offsets);
            skipped.map_err(|e| Failed(refuse::bug(&e)))?;
        }
        self.hand_out(outgoing, outbox).await?;
        let next = self.machine.next_reads().find(|(n, _)| *n == number);
        let next = next.map_or(from, |(_, next)| next);
        self.judge.rewind(number, next);
        Ok(next != from)
    }
}
