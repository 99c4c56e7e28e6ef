//! Work on several agencies at once, within a bound.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{task::JoinSet, time};

/// Agencies worked on at once: enough to fill the hub's group commits, few enough to be one
/// client among many.
const AT_ONCE: usize = 8;
/// How often progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// Counts steps across tasks.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `work` on all items, [`AT_ONCE`] at a time, and returns what came out, in any order. The
/// first error ends the rest; what was sent may be done all the same.
pub(super) async fn side_by_side<I, T, Fut>(
    items: Vec<I>,
    work: impl Fn(I) -> Fut,
    mut tick: impl FnMut(usize),
) -> Result<Vec<T>>
where
    T: Send + 'static,
    Fut: Future<Output = Result<T>> + Send + 'static,
{
    let mut waiting = items.into_iter();
    let mut running = JoinSet::new();
    for item in waiting.by_ref().take(AT_ONCE) {
        running.spawn(work(item));
    }
    let mut finished = Vec::new();
    let mut clock = time::interval(SHOWN_EVERY);
    loop {
        let joined = tokio::select! {
            joined = running.join_next() => joined,
            _ = clock.tick() => {
                tick(finished.len());
                continue;
            }
        };
        let Some(outcome) = joined else { return Ok(finished) };
        finished.push(outcome??);
        if let Some(item) = waiting.next() {
            running.spawn(work(item));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_is_done_within_the_bound() {
        let (running, most) = (Counter::default(), Counter::default());
        let work = |n: usize| {
            let (running, most) = (running.clone(), most.clone());
            async move {
                running.add();
                most.0.fetch_max(running.get(), Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.0.fetch_sub(1, Ordering::Relaxed);
                Ok(n)
            }
        };
        let mut done = side_by_side((0..100).collect(), work, |_| {}).await.unwrap();
        done.sort_unstable();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
        assert!((1..=AT_ONCE).contains(&most.get()), "{}", most.get());
    }

    #[tokio::test]
    async fn first_error_ends_the_rest() {
        let work = |n: usize| async move { if n == 3 { anyhow::bail!("no {n}") } else { Ok(n) } };
        let error = side_by_side((0..100).collect(), work, |_| {}).await.unwrap_err();
        assert_eq!(error.to_string(), "no 3");
    }
}
