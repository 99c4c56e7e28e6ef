//! How many bytes of frames wait in this node for peers to read them: with many that lag at once,
//! each gets smaller frames (architecture.md, section 9).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// From half of it on frames get smaller.
const NODE_BYTES: usize = 256 << 20;
/// However much waits, a frame may have so many bytes: each stream goes on.
const LEAST_BYTES: usize = 64 << 10;

/// The frames that wait in a node. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbound(Arc<AtomicUsize>);

/// Payload bytes of a frame that waits, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    outbound: Outbound,
    bytes: usize,
}

impl Outbound {
    /// Counts a frame.
    pub(super) fn wait(&self, bytes: usize) -> Waiting {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Waiting { outbound: self.clone(), bytes }
    }

    /// Returns how many payload bytes the next frame may have, of `most`.
    pub(super) fn room(&self, most: usize) -> usize {
        let left = NODE_BYTES.saturating_sub(self.0.load(Ordering::Relaxed));
        let share = most.saturating_mul(2).saturating_mul(left) / NODE_BYTES;
        share.clamp(LEAST_BYTES.min(most), most)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.outbound.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAST_BYTES, NODE_BYTES, Outbound};

    #[test]
    fn frames_get_smaller_from_half_of_the_budget_on_and_larger_again() {
        let outbound = Outbound::default();
        let room = |waiting: usize| {
            let _waiting = outbound.wait(waiting);
            outbound.room(3 << 20)
        };
        assert_eq!(room(NODE_BYTES / 2), 3 << 20);
        assert_eq!(room(NODE_BYTES / 4 * 3), 3 << 19);
        assert_eq!(room(2 * NODE_BYTES), LEAST_BYTES);
        assert_eq!(outbound.room(3 << 20), 3 << 20, "all is given back");
        assert_eq!(outbound.room(10), 10);
    }
}
