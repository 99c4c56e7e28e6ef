//! When a call is repeated: only where the hub says that it may help. When a stream is opened
//! again: there, and where the connection was lost under it.

use std::time::Duration;

use ndxp_proto::error::{Failure, Reason};
use tokio::time::Instant;
use tonic::Code;

/// The most times that one call is sent.
const TRIES: u32 = 5;
/// The most times where another node takes over: for ten seconds or more.
const MOVING_TRIES: u32 = 24;
/// Before a stream is opened again whose connection was lost; it doubles too.
const LOST: Duration = Duration::from_millis(100);
/// The longest wait before a repetition, unless the hub asks for a longer one.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest where another node takes over: that is a matter of seconds, and a try costs little.
const MOVING: Duration = Duration::from_millis(500);

/// When one call is sent again, and when no more. It may be: changes carry a request id, records
/// theirs.
#[derive(Debug)]
pub(crate) struct Repeat {
    /// How many nodes there are to go to.
    nodes: usize,
    /// How often it was sent, but for those to which the lane was moving.
    tries: u32,
    moves: u32,
}

impl Repeat {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes, tries: 0, moves: 0 }
    }

    /// Returns how long to wait before the next try, or `None` to give up.
    ///
    /// The hub's delay doubles with each try; `chance` spreads it over one to two times its length,
    /// so that clients refused together do not return together.
    pub(crate) fn delay(&mut self, failure: &Failure, chance: u32) -> Option<Duration> {
        let (count, most) = match is_moving(failure) {
            true => (&mut self.moves, MOVING_TRIES),
            false => (&mut self.tries, TRIES),
        };
        *count += 1;
        if *count >= most {
            return None;
        }
        if self.nodes > 1 && is_gone(failure, self.nodes) {
            return Some(spread(LOST, 1, LONGEST, chance));
        }
        Some(spread(failure.retry_after?, *count, longest(failure), chance))
    }
}

/// Says whether the node is not there, or will not be in a moment. The delay that a draining one asks
/// for is for who has no other.
fn is_gone(failure: &Failure, nodes: usize) -> bool {
    let drains = failure.reason.as_deref() == Some(Reason::NodeDraining.as_str());
    drains && nodes > 1 || is_lost(failure) && failure.retry_after.is_none()
}

fn is_moving(failure: &Failure) -> bool {
    failure.reason.as_deref() == Some(Reason::LaneMoved.as_str())
}

fn longest(failure: &Failure) -> Duration {
    if is_moving(failure) { MOVING } else { LONGEST }
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
    /// How many nodes there are to go to.
    nodes: usize,
    /// How often a node asked to wait, in a row.
    tries: u32,
    /// How many nodes were not there or drained, in a row.
    gone: u32,
    /// Whether the hub was ever there: a first connection that fails is a wrong address more often
    /// than a hub that restarts.
    was_there: bool,
    failing_since: Option<Instant>,
}

impl Reconnect {
    /// Begins with so much patience for failures in a row, and so many nodes to go to.
    pub(crate) fn new(patience: Duration, nodes: usize) -> Self {
        Self { patience, nodes, tries: 0, gone: 0, was_there: false, failing_since: None }
    }

    /// The stream is open.
    pub(crate) fn opened(&mut self) {
        self.was_there = true;
    }

    /// Something came over the stream: the next failure is a first one.
    pub(crate) fn progressed(&mut self) {
        (self.tries, self.gone, self.failing_since) = (0, 0, None);
    }

    /// Returns how long to wait before opening it again, or `None` if that does not help or has
    /// not helped for too long.
    pub(crate) fn delay(&mut self, failure: &Failure, chance: u32) -> Option<Duration> {
        // Only a hub gives reasons: one that says that it restarts will be gone for a while.
        self.was_there |= failure.reason.is_some();
        let delay = if self.was_there && is_gone(failure, self.nodes) {
            // The next node may well be there: the wait grows once all of them were tried.
            self.gone += 1;
            let rounds = (self.gone - 1) / u32::try_from(self.nodes).unwrap_or(u32::MAX).max(1);
            spread(LOST, 1 + rounds, LONGEST, chance)
        } else {
            self.tries += 1;
            spread(failure.retry_after?, self.tries, longest(failure), chance)
        };
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
        assert_eq!(Repeat::new(1).delay(&refused(None), 0), None);
    }

    #[test]
    fn delay_doubles_and_ends() {
        let failure = refused(Some(Duration::from_millis(100)));
        let mut repeat = Repeat::new(1);
        let waits: Vec<_> = (1..=TRIES).map(|_| repeat.delay(&failure, 0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(100), ms(200), ms(400), ms(800), None]);
    }

    #[test]
    fn who_waits_for_another_node_asks_every_second_or_oftener() {
        let reason = Some("LANE_MOVED".to_owned());
        let moved = Failure { reason, ..refused(Some(Duration::from_millis(200))) };
        let mut reconnect = Reconnect::new(Duration::from_secs(60), 1);
        let waits: Vec<_> = (0..4).filter_map(|_| reconnect.delay(&moved, 0)).collect();
        assert_eq!(waits, [200, 400, 500, 500].map(Duration::from_millis));
        let most = reconnect.delay(&moved, u32::MAX);
        assert_eq!(most, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_long_delay_of_the_hubs_is_kept() {
        let failure = refused(Some(Duration::from_secs(60)));
        assert_eq!(Repeat::new(1).delay(&failure, 0), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_call_waits_ten_seconds_for_a_lane_and_tries_that_met_no_node_count_apart() {
        let reason = Some(Reason::LaneMoved.as_str().to_owned());
        let moved = Failure { reason, ..refused(Some(Duration::from_millis(200))) };
        let mut repeat = Repeat::new(3);
        let gone = refused(None);
        let mut waits = Vec::new();
        for number in 0.. {
            let failure = if number % 8 == 2 { &gone } else { &moved };
            let Some(wait) = repeat.delay(failure, 0) else { break };
            waits.push(wait);
        }
        let all: Duration = waits.iter().sum();
        assert!(all > Duration::from_secs(10), "{all:?} in all: {waits:?}");
        assert_eq!(waits.iter().filter(|wait| **wait == LOST).count(), 4);
    }

    #[test]
    fn a_lost_stream_is_opened_again_and_a_first_connection_is_not() {
        let mut reconnect = Reconnect::new(Duration::MAX, 1);
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
    fn wait_grows_once_no_node_was_there_whatever_others_said_between() {
        let mut reconnect = Reconnect::new(Duration::MAX, 3);
        reconnect.opened();
        let gone = refused(None);
        let reason = |reason: Reason| Some(reason.as_str().to_owned());
        let moved = Failure { reason: reason(Reason::LaneMoved), ..refused(Some(LOST)) };
        let drains = Failure { reason: reason(Reason::NodeDraining), ..refused(Some(LONGEST)) };
        let failures = [&gone, &moved, &moved, &drains, &gone, &gone, &gone];
        let waits =
            failures.map(|failure| reconnect.delay(failure, 0).map(|wait| wait.as_millis()));
        assert_eq!(waits, [100, 100, 200, 100, 100, 200, 200].map(Some));
    }

    #[test]
    fn a_hub_that_drains_and_then_is_gone_is_waited_for() {
        let mut reconnect = Reconnect::new(Duration::MAX, 1);
        let gone = refused(None);
        let (reason, after) = (Some("NODE_DRAINING".to_owned()), Some(Duration::from_secs(1)));
        let draining = Failure { reason, retry_after: after, ..gone.clone() };
        assert_eq!(reconnect.delay(&draining, 0), after);
        assert!(reconnect.delay(&gone, 0).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let mut reconnect = Reconnect::new(Duration::from_secs(60), 1);
        reconnect.opened();
        assert!(reconnect.delay(&refused(None), 0).is_some());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(reconnect.delay(&refused(None), 0), None);
    }

    #[test]
    fn chance_at_most_doubles_a_delay() {
        let failure = refused(Some(Duration::from_millis(100)));
        let delay = Repeat::new(1).delay(&failure, u32::MAX);
        assert_eq!(delay, Some(Duration::from_millis(200)));
    }
}
