//! How many bytes of what publishers sent this node holds undecided: a bound for the node, and one
//! a system, so that nobody's backlog costs the others theirs (architecture.md, section 9).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_model::PrincipalName;
use ndxp_proto::error::{Reason, Refusal};
use tokio::sync::watch;

/// What a node may hold.
const NODE_BYTES: usize = 256 << 20;
/// What of it may be one system's.
const SYSTEM_BYTES: usize = 64 << 20;

#[derive(Debug, Default)]
struct Used {
    node: usize,
    systems: HashMap<PrincipalName, usize>,
}

#[derive(Debug)]
struct Shared {
    used: Mutex<Used>,
    /// Changes whenever something is given back.
    freed: watch::Sender<()>,
}

/// The budget of a node. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Shared>);

/// Bytes that are held, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    shared: Arc<Shared>,
    who: PrincipalName,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        let shared = Shared { used: Mutex::default(), freed: watch::Sender::new(()) };
        Self(Arc::new(shared))
    }
}

impl Budget {
    /// Holds bytes if there is room for them.
    ///
    /// # Errors
    /// `HUB_OVERLOADED`.
    pub(crate) fn take(&self, who: &PrincipalName, bytes: usize) -> Result<Held, Refusal> {
        if self.has_room(who) {
            return Ok(self.hold(who, bytes));
        }
        let text = "too much of what was sent waits for its decision";
        Err(Refusal::new(Reason::HubOverloaded, text, "send it again after the delay"))
    }

    /// Holds bytes that have come already. Who asks [`Budget::has_room`] before it reads exceeds
    /// the budget by one message at most.
    pub(crate) fn hold(&self, who: &PrincipalName, bytes: usize) -> Held {
        let mut used = self.0.used();
        used.node += bytes;
        *used.systems.entry(who.clone()).or_default() += bytes;
        Held { shared: Arc::clone(&self.0), who: who.clone(), bytes }
    }

    /// Says whether more may be read from a system.
    pub(crate) fn has_room(&self, who: &PrincipalName) -> bool {
        self.window(who, 1) > 0
    }

    /// How many of `most` batches a stream of a system may have unanswered: all while half of the
    /// budget is free, then fewer, and none when it is used up.
    pub(crate) fn window(&self, who: &PrincipalName, most: u32) -> u32 {
        let used = self.0.used();
        let system = used.systems.get(who).copied().unwrap_or_default();
        let of = |used: usize, all: usize| {
            let left = all.saturating_sub(used) as u64;
            (u64::from(most) * 2 * left).div_ceil(all as u64)
        };
        let share = of(used.node, NODE_BYTES).min(of(system, SYSTEM_BYTES));
        u32::try_from(share).unwrap_or(most).min(most)
    }

    /// Follows what is given back.
    pub(crate) fn freed(&self) -> watch::Receiver<()> {
        self.0.freed.subscribe()
    }
}

impl Shared {
    fn used(&self) -> std::sync::MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut used = self.shared.used();
        used.node -= self.bytes;
        if let Some(system) = used.systems.get_mut(&self.who) {
            *system -= self.bytes;
            if *system == 0 {
                used.systems.remove(&self.who);
            }
        }
        drop(used);
        self.shared.freed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

    use super::{Budget, NODE_BYTES, PrincipalName, Reason, SYSTEM_BYTES};

    fn system(number: usize) -> PrincipalName {
        format!("agency/tax/system/s{number}").parse().unwrap()
    }

    #[test]
    fn window_narrows_from_half_of_a_systems_part_on_and_widens_again() {
        let budget = Budget::default();
        let one = system(1);
        let half = budget.hold(&one, SYSTEM_BYTES / 2);
        assert_eq!((budget.window(&one, 8), budget.window(&system(2), 8)), (8, 8));
        let quarter = budget.hold(&one, SYSTEM_BYTES / 4);
        assert_eq!(budget.window(&one, 8), 4);
        let rest = budget.hold(&one, SYSTEM_BYTES / 4);
        assert_eq!(budget.window(&one, 8), 0);
        assert_eq!(budget.take(&one, 1).unwrap_err().reason, Reason::HubOverloaded);
        assert_eq!(budget.window(&system(2), 8), 8, "the others keep theirs");
        drop((half, quarter, rest));
        assert_eq!(budget.window(&one, 8), 8);
        assert!(budget.0.used().systems.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn all_systems_together_stay_within_the_nodes_part() {
        let budget = Budget::default();
        let held: Vec<_> =
            (0..NODE_BYTES / SYSTEM_BYTES).map(|n| budget.hold(&system(n), SYSTEM_BYTES)).collect();
        assert!(!budget.has_room(&system(99)));
        drop(held);
        assert!(budget.has_room(&system(99)));
    }
}
