//! Records that the machine keeps, handed out once more.

use std::sync::Arc;

use ndxp_delivery::{Change, Refetch};
use ndxp_log::{ReadError, ReadLimits};

use super::frame::Outgoing;
use crate::{
    readers::Shown,
    subscribe::{end::End, live::Live, members::is_as_judged, open::partition, outbox::Outbox},
};

/// What became of a record that is to be handed out again.
enum Fetched {
    Shown(Arc<Shown>),
    /// It is no longer kept.
    Gone,
    /// A newer one of its key has replaced it, or it may not be shown as it was judged any more.
    Hidden,
}

impl Live {
    /// Fetches records that the machine keeps, and hands them out.
    pub(super) async fn fetch_again(
        &mut self,
        again: Vec<Refetch>,
        outbox: &Outbox,
    ) -> Result<bool, End> {
        let mut outgoing: Vec<Outgoing> = Vec::new();
        let (mut gone, mut expired) = (Change::default(), Vec::new());
        let room = self.core.outbound.room(self.core.limits.frame_bytes);
        let mut bytes = 0;
        for refetch in again.into_iter().take(self.core.limits.frame_records) {
            match self.fetch(refetch).await? {
                Fetched::Shown(shown) => {
                    bytes += shown.payload.len();
                    if bytes > room && !outgoing.is_empty() {
                        break;
                    }
                    let item = refetch.item(shown.payload.len() as u64);
                    outgoing.push(Outgoing { item, shown });
                }
                fetched @ (Fetched::Gone | Fetched::Hidden) => {
                    let change = self.machine.withdraw(refetch.place, self.core.delivery_now());
                    gone.append.extend(change.append);
                    gone.forget.extend(change.forget);
                    expired.extend(matches!(fetched, Fetched::Gone).then_some(refetch.place));
                    // Tombstones come last in a change.
                    if !gone.forget.is_empty() {
                        break;
                    }
                }
            }
        }
        let moved = !gone.is_empty();
        self.write_all(gone).await?;
        for place in expired {
            self.tell_gone(place, outbox).await?;
        }
        self.right.check()?;
        Ok(self.hand_out(outgoing, outbox).await? || moved)
    }

    /// Fetches one record.
    async fn fetch(&self, refetch: Refetch) -> Result<Fetched, End> {
        let Refetch { place, verdict, .. } = refetch;
        let at = partition(&self.dataset, place.partition);
        let one = ReadLimits { records: 1, bytes: usize::MAX };
        let page = match self.core.readers.read(&at, place.offset, one, &self.projector).await {
            Err(ReadError::Expired { .. }) => return Ok(Fetched::Gone),
            read => read?,
        };
        let found = page.records.into_iter().find(|shown| shown.offset == place.offset);
        let as_judged = found.filter(|shown| is_as_judged(shown.judged, verdict));
        Ok(as_judged.map_or(Fetched::Hidden, Fetched::Shown))
    }
}
