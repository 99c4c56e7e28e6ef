//! The pulse of a stream of either kind: when the hub says that it is alive, when a silent peer
//! counts as lost, and when the stream has lived long enough (api.md, section 4).
//!
//! The stream's loop holds one [`Pulse`], calls [`Pulse::heard`] on each frame of the peer, and
//! polls [`Pulse::beat`] after its incoming frames, so that what was sent in time counts although
//! the loop was busy for longer.

use std::time::Duration;

use ndxp_proto::error::{Reason, Refusal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// How often each side says that it is alive.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(25);
/// How many beats a peer may miss.
const MISSED: u32 = 3;
/// How long a stream lives: some minutes more or less, so that streams that were opened together,
/// after a restart, do not end together.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// A stream's pulse.
#[derive(Debug)]
pub(crate) struct Pulse {
    ticks: Interval,
    heard: Instant,
    ends: Instant,
    random: u16,
}

impl Pulse {
    /// Begins with a stream's first frame. It lives for 30 min ± 20 %.
    pub(crate) fn start() -> Self {
        Self::with(random())
    }

    fn with(random: u16) -> Self {
        let mut ticks = interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.reset();
        let now = Instant::now();
        // From 0.8 to 1.2.
        let share = 0.8 + 0.4 * f64::from(random) / f64::from(u16::MAX);
        Self { ticks, heard: now, ends: now + LIFE.mul_f64(share), random }
    }

    /// Notes that the peer is alive: any frame of it says so.
    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// Waits until a heartbeat is to be sent. Cancel-safe.
    ///
    /// # Errors
    /// `HEARTBEAT_MISSED` once nothing was heard for three beats, `STREAM_AGED` at the end of the
    /// stream's life: the stream ends with it.
    pub(crate) async fn beat(&mut self) -> Result<(), Refusal> {
        let lost = self.heard + HEARTBEAT * MISSED;
        tokio::select! {
            biased;
            () = sleep_until(lost) => Err(missed()),
            () = sleep_until(self.ends) => Err(aged(self.random)),
            _ = self.ticks.tick() => Ok(()),
        }
    }
}

fn missed() -> Refusal {
    Refusal::new(
        Reason::HeartbeatMissed,
        "nothing came from the client for 75 seconds",
        "send a heartbeat every 25 seconds, from a task that nothing else holds up; connect again",
    )
}

fn aged(random: u16) -> Refusal {
    Refusal::new(
        Reason::StreamAged,
        "the stream has lived for its half hour",
        "open another one after the delay; nothing is lost",
    )
    .spread(random)
}

/// Returns random bits, to spread what would else happen at once.
pub(crate) fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without random bytes all streams live equally long: nothing worse.
    let _ = getrandom::fill(&mut bytes);
    u16::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

    use ndxp_proto::error::Reason;
    use tokio::time::{Duration, Instant, advance};

    use super::Pulse;

    /// Beats until the pulse ends, while the peer answers each of the first `answered` beats.
    async fn end(mut pulse: Pulse, answered: usize) -> (usize, Duration, Reason) {
        let start = Instant::now();
        let mut beats = 0;
        loop {
            match pulse.beat().await {
                Ok(()) => beats += 1,
                Err(refusal) => return (beats, start.elapsed(), refusal.reason),
            }
            if beats <= answered {
                pulse.heard();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_misses_three_beats_is_lost() {
        let (beats, after, reason) = end(Pulse::with(0), 0).await;
        assert_eq!((beats, after.as_secs(), reason), (2, 75, Reason::HeartbeatMissed));
        let (beats, after, reason) = end(Pulse::with(0), 4).await;
        assert_eq!((beats, after.as_secs(), reason), (6, 175, Reason::HeartbeatMissed));
    }

    #[tokio::test(start_paused = true)]
    async fn stream_ages_within_a_fifth_of_half_an_hour() {
        for (random, secs) in [(0, 24 * 60), (u16::MAX, 36 * 60)] {
            let (_, after, reason) = end(Pulse::with(random), usize::MAX).await;
            assert_eq!((after.as_secs(), reason), (secs, Reason::StreamAged));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_was_busy_sends_one_beat_and_not_all_it_missed() {
        let mut pulse = Pulse::with(0);
        advance(Duration::from_secs(300)).await;
        pulse.heard();
        pulse.beat().await.unwrap();
        let start = Instant::now();
        pulse.heard();
        pulse.beat().await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 25);
    }

    #[tokio::test(start_paused = true)]
    async fn retries_of_aged_streams_are_spread() {
        let delay = async |random| {
            let mut pulse = Pulse::with(random);
            loop {
                pulse.heard();
                if let Err(refusal) = pulse.beat().await {
                    return refusal.retry_after_ms.unwrap();
                }
            }
        };
        assert_eq!((delay(0).await, delay(u16::MAX).await), (1_000, 3_000));
    }
}
