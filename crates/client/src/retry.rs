//! When a call is repeated: only where the hub says that it may help. When a stream is opened
//! again: there, and where the connection was lost under it.

use std::time::Duration;

use ndxp_proto::error::{Failure, Reason};
use tokio::time::Instant;
use tonic::Code;

/// The most times that one call is sent.
const TRIES: u32 = 5;
/// Before a stream is opened again whose connection was lost; it doubles too.
const LOST: Duration = Duration::from_millis(100);
/// The longest wait before a repetition, unless the hub asks for a longer one.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest where another node takes over: that is a matter of seconds, and a try costs little.
const MOVING: Duration = Duration::from_secs(1);

/// Returns how long to wait before try number `next` (the first is 0), or `None` to give up.
///
/// The hub's delay doubles with each try; `chance` spreads it over one to two times its length, so
/// that clients refused together do not return together.
pub(crate) fn delay(next: u32, failure: &Failure, chance: u32) -> Option<Duration> {
    if next >= TRIES {
        return None;
    }
    Some(spread(failure.retry_after?, next, longest(failure), chance))
}

/// Returns how long to wait before a call whose connection was lost goes to another of so many nodes.
/// A call may be repeated: changes carry a request id, records theirs.
pub(crate) fn elsewhere(next: u32, nodes: usize, failure: &Failure) -> Option<Duration> {
    (nodes > 1 && next < TRIES && is_lost(failure)).then_some(LOST)
}

fn longest(failure: &Failure) -> Duration {
    let moves = failure.reason.as_deref() == Some(Reason::LaneMoved.as_str());
    if moves { MOVING } else { LONGEST }
}

fn spread(asked: Duration, next: u32, longest: Duration, chance: u32) -> Duration {
    let grown = asked.saturating_mul(1 << next.saturating_sub(1).min(8));
    let factor = 1.0 + f64::from(chance) / f64::from(u32::MAX);
    grown.min(longest).max(asked).mul_f64(factor)
}

/// When a stream is opened again, and when no more.
#[derive(Debug)]
pub(crate) struct Reconnect {
    patience: Duration,
    tries: u32,
    /// Whether the hub was ever there: a first connection that fails is a wrong address more often
    /// than a hub that restarts.
    was_there: bool,
    failing_since: Option<Instant>,
}

impl Reconnect {
    /// Begins with so much patience for failures in a row.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, tries: 0, was_there: false, failing_since: None }
    }

    /// The stream is open.
    pub(crate) fn opened(&mut self) {
        self.was_there = true;
    }

    /// Something came over the stream: the next failure is a first one.
    pub(crate) fn progressed(&mut self) {
        (self.tries, self.failing_since) = (0, None);
    }

    /// Returns how long to wait before opening it again, or `None` if that does not help or has
    /// not helped for too long.
    pub(crate) fn delay(&mut self, failure: &Failure, chance: u32) -> Option<Duration> {
        // Only a hub gives reasons: one that says that it restarts will be gone for a while.
        self.was_there |= failure.reason.is_some();
        let lost = (self.was_there && is_lost(failure)).then_some(LOST);
        let asked = failure.retry_after.or(lost)?;
        self.tries += 1;
        let delay = spread(asked, self.tries, longest(failure), chance);
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        (since.elapsed() <= self.patience).then_some(delay)
    }
}

/// Says whether nobody refused, and the way to the hub failed.
pub(crate) fn is_lost(failure: &Failure) -> bool {
    // What HTTP/2 makes of a connection that breaks depends on the moment.
    let codes = [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal];
    failure.reason.is_none() && codes.contains(&failure.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure;

    fn refused(retry_after: Option<Duration>) -> Failure {
        Failure { retry_after, ..failure::local(tonic::Code::Unavailable, "later") }
    }

    #[test]
    fn nothing_is_repeated_without_retry_info() {
        assert_eq!(delay(1, &refused(None), 0), None);
    }

    #[test]
    fn delay_doubles_and_ends() {
        let failure = refused(Some(Duration::from_millis(100)));
        let waits: Vec<_> = (1..=TRIES).map(|next| delay(next, &failure, 0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(100), ms(200), ms(400), ms(800), None]);
    }

    #[test]
    fn who_waits_for_another_node_asks_every_second_or_two() {
        let reason = Some("LANE_MOVED".to_owned());
        let moved = Failure { reason, ..refused(Some(Duration::from_millis(200))) };
        let mut reconnect = Reconnect::new(Duration::from_secs(60));
        let waits: Vec<_> = (0..5).filter_map(|_| reconnect.delay(&moved, 0)).collect();
        assert_eq!(waits, [200, 400, 800, 1_000, 1_000].map(Duration::from_millis));
    }

    #[test]
    fn a_long_delay_of_the_hubs_is_kept() {
        let failure = refused(Some(Duration::from_secs(60)));
        assert_eq!(delay(1, &failure, 0), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_lost_stream_is_opened_again_and_a_first_connection_is_not() {
        let mut reconnect = Reconnect::new(Duration::MAX);
        let lost = refused(None);
        assert_eq!(reconnect.delay(&lost, 0), None);
        reconnect.opened();
        let mut waits = || reconnect.delay(&lost, 0).map(|wait| wait.as_millis());
        assert_eq!([waits(), waits(), waits()], [Some(100), Some(200), Some(400)]);
        reconnect.progressed();
        assert_eq!(reconnect.delay(&lost, 0), Some(LOST));
        let refusal = Failure { reason: Some("STREAM_FENCED".to_owned()), ..lost };
        assert_eq!(reconnect.delay(&refusal, 0), None);
    }

    #[test]
    fn a_hub_that_drains_and_then_is_gone_is_waited_for() {
        let mut reconnect = Reconnect::new(Duration::MAX);
        let gone = refused(None);
        let (reason, after) = (Some("NODE_DRAINING".to_owned()), Some(Duration::from_secs(1)));
        let draining = Failure { reason, retry_after: after, ..gone.clone() };
        assert_eq!(reconnect.delay(&draining, 0), after);
        assert!(reconnect.delay(&gone, 0).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let mut reconnect = Reconnect::new(Duration::from_secs(60));
        reconnect.opened();
        assert!(reconnect.delay(&refused(None), 0).is_some());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(reconnect.delay(&refused(None), 0), None);
    }

    #[test]
    fn chance_at_most_doubles_a_delay() {
        let failure = refused(Some(Duration::from_millis(100)));
        assert_eq!(delay(1, &failure, u32::MAX), Some(Duration::from_millis(200)));
    }
}
