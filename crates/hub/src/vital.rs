//! Whether the log takes appends, as `/readyz` tells it: what a publisher would get at this moment.
//!
//! It is known from three sources: what the engine knows without trying, the appends of this node's
//! calls, and on a shared log a trial every two seconds. Brokers that have lost their majority answer
//! questions as before and acknowledge nothing: only an append finds that out.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ndxp_log::{AppendError, Record};
use ndxp_model::HubTopic;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::core::Core;

/// How long an append may be without an answer before the log counts as silent. Short beside the
/// time that a call waits: a balancer is to know before the callers give up.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a failed append counts: a node that is not ready gets no calls to try again with.
const TROUBLE_LASTS: Duration = Duration::from_secs(10);
/// How often an append is tried where no call has just done so.
const TRIAL: Duration = Duration::from_secs(2);
/// How often it is looked at whether the answer has changed.
const LOOK: Duration = Duration::from_millis(500);

/// What has become of a node's appends.
#[derive(Debug, Default)]
pub(crate) struct Vital {
    calls: Mutex<Seen>,
    trials: Mutex<Seen>,
}

/// What was seen of appends of one sort.
#[derive(Debug, Default)]
struct Seen {
    in_flight: u32,
    /// When the last one ended, or the first of those in flight began.
    moved: Option<Instant>,
    acknowledged: Option<Instant>,
    /// Why the last one failed, and when; nothing once one was acknowledged.
    failed: Option<(String, Instant)>,
}

/// An append on its way. One that is given up is not waited for any more.
struct Flight<'a>(&'a Mutex<Seen>);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut seen = lock(self.0);
        seen.in_flight = seen.in_flight.saturating_sub(1);
    }
}

impl Vital {
    /// Waits for an append of a call, and notes how it ends.
    pub(crate) async fn noted<T>(
        &self,
        append: impl Future<Output = Result<T, AppendError>>,
    ) -> Result<T, AppendError> {
        noted(&self.calls, append).await
    }

    /// Returns why an append would fail or hang, as far as this node's own appends tell.
    pub(crate) fn trouble(&self) -> Option<String> {
        let (now, calls) = (Instant::now(), lock(&self.calls));
        calls.trouble(now, None).or_else(|| lock(&self.trials).trouble(now, calls.acknowledged))
    }

    /// Whether no call has told lately.
    fn is_due(&self) -> bool {
        let since = |seen: &Mutex<Seen>| lock(seen).moved.map(|moved| moved.elapsed());
        let fresh = |since: Option<Duration>| since.is_some_and(|since| since < TRIAL);
        !fresh(since(&self.calls)) && !fresh(since(&self.trials))
    }
}

impl Seen {
    fn begin(&mut self, now: Instant) {
        if self.in_flight == 0 {
            self.moved = Some(now);
        }
        self.in_flight += 1;
    }

    fn end(&mut self, now: Instant, failed: Option<String>) {
        self.moved = Some(now);
        match failed {
            Some(why) => self.failed = Some((why, now)),
            None => (self.acknowledged, self.failed) = (Some(now), None),
        }
    }

    /// Says what is wrong, unless another sort of append was acknowledged since.
    fn trouble(&self, now: Instant, other: Option<Instant>) -> Option<String> {
        let is_newer = |at: Instant| other.is_some_and(|other| other > at);
        let silent = self.moved.filter(|_| self.in_flight > 0).filter(|moved| {
            let since = other.map_or(*moved, |other| other.max(*moved));
            now.saturating_duration_since(since) > PATIENCE
        });
        if let Some(since) = silent {
            let seconds = now.saturating_duration_since(since).as_secs();
            return Some(format!("no append was acknowledged for {seconds} seconds"));
        }
        let (why, at) = self.failed.as_ref()?;
        let counts = now.saturating_duration_since(*at) < TROUBLE_LASTS && !is_newer(*at);
        counts.then(|| why.clone())
    }
}

async fn noted<T>(
    seen: &Mutex<Seen>,
    append: impl Future<Output = Result<T, AppendError>>,
) -> Result<T, AppendError> {
    lock(seen).begin(Instant::now());
    let flight = Flight(seen);
    let outcome = append.await;
    let failed = outcome.as_ref().err().filter(|error| is_the_logs(error));
    lock(seen).end(Instant::now(), failed.map(ToString::to_string));
    drop(flight);
    outcome
}

/// Says whether a failure says something about the log, and not about what was to be appended.
fn is_the_logs(error: &AppendError) -> bool {
    match error {
        AppendError::Full { .. } | AppendError::Unavailable(_) | AppendError::Unknown(_) => true,
        AppendError::NoSuchPartition(_) | AppendError::TooLarge { .. } => false,
    }
}

/// Tries the log and tells of changes, until the node drains.
pub(crate) async fn watch(core: Arc<Core>) {
    let (mut tick, mut known) = (interval(LOOK), None);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut trial = tokio::spawn(async {});
    loop {
        tokio::select! {
            () = core.drain.cancelled() => break trial.abort(),
            _ = tick.tick() => {}
        }
        if core.log.is_shared() && trial.is_finished() && core.ledger.vital.is_due() {
            trial = tokio::spawn(try_it(Arc::clone(&core)));
        }
        let trouble = core.log_trouble();
        if trouble.is_some() != known.is_some() {
            match &trouble {
                Some(cause) => warn!(cause, "the log takes no appends: this node is not ready"),
                None => info!("the log takes appends again"),
            }
        }
        known = trouble;
    }
}

/// Appends what says nothing: a name without a value, which no node takes for another's word.
async fn try_it(core: Arc<Core>) {
    let key = Some(format!("trial of {}", core.node).into());
    let record = Record { key, timestamp: core.now(), ..Record::default() };
    let append = core.log.append(HubTopic::Nodes, 0, vec![record]);
    // How it ended is noted.
    let _ = noted(&core.ledger.vital.trials, append).await;
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Seen;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn append_without_an_answer_is_trouble_after_three_seconds_and_until_it_comes() {
        let (start, mut seen) = (Instant::now(), Seen::default());
        seen.begin(start);
        assert_eq!(seen.trouble(at(start, 3), None), None);
        let said = seen.trouble(at(start, 4), None);
        assert_eq!(said.as_deref(), Some("no append was acknowledged for 4 seconds"));
        seen.in_flight -= 1;
        seen.end(at(start, 5), None);
        assert_eq!(seen.trouble(at(start, 60), None), None);
    }

    #[test]
    fn one_that_hangs_is_no_trouble_while_others_are_answered() {
        let (start, mut seen) = (Instant::now(), Seen::default());
        seen.begin(start);
        seen.begin(at(start, 2));
        seen.in_flight -= 1;
        seen.end(at(start, 5), None);
        assert_eq!(seen.trouble(at(start, 7), None), None);
        assert!(seen.trouble(at(start, 9), None).is_some());
    }

    #[test]
    fn failure_counts_for_ten_seconds_or_until_an_acknowledgement() {
        let (start, mut seen) = (Instant::now(), Seen::default());
        seen.end(start, Some("refused".into()));
        assert_eq!(seen.trouble(at(start, 9), None).as_deref(), Some("refused"));
        assert_eq!(seen.trouble(at(start, 10), None), None);
        seen.end(at(start, 11), None);
        assert_eq!(seen.trouble(at(start, 11), None), None);
    }

    #[test]
    fn trial_that_hangs_is_no_trouble_while_calls_are_acknowledged() {
        let (start, mut trials) = (Instant::now(), Seen::default());
        trials.begin(start);
        let calls = Some(at(start, 8));
        assert_eq!(trials.trouble(at(start, 10), calls), None);
        assert!(trials.trouble(at(start, 12), calls).is_some());
    }
}
