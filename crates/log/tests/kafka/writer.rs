//! A publisher that goes on whatever happens, and remembers every answer.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use ndxp_log::{AppendError, Log, kafka::Kafka};
use tokio::{sync::watch, task::JoinHandle};

use crate::fixture::{audit, data, keys, publish, read_all};

/// Far above what any test needs: it turns a wait that never ends into a failure that says why.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every answer so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    /// The offset of each acknowledged record.
    pub(crate) acknowledged: BTreeMap<String, u64>,
    /// Records whose fate nobody knows.
    pub(crate) unknown: Vec<String>,
    /// Records of which the engine said that nothing was written.
    pub(crate) refused: Vec<String>,
    /// The last answers that were no acknowledgements, with the time since the start.
    last: VecDeque<(Duration, AppendError)>,
}

impl Answers {
    fn note(&mut self, since: Duration, error: &AppendError) {
        self.last.truncate(9);
        self.last.push_front((since, error.clone()));
    }
}

pub(crate) struct Writer {
    answers: watch::Receiver<Answers>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Publishes one record after the other to partition 0, until [`Writer::stop`].
    pub(crate) fn start(log: Arc<Kafka>) -> Self {
        let (all, answers) = watch::channel(Answers::default());
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let started = Instant::now();
            // A refused client comes back a little later, not at once.
            let mut later = tokio::time::interval(Duration::from_millis(20));
            for number in 0.. {
                if *stopped.borrow() {
                    return;
                }
                let text = number.to_string();
                let answer = publish(&*log, 0, std::slice::from_ref(&text)).await;
                if answer.is_err() {
                    later.tick().await;
                }
                let since = started.elapsed();
                all.send_modify(|all| {
                    answer.as_ref().err().inspect(|error| all.note(since, error));
                    match answer {
                        Ok(appended) => drop(all.acknowledged.insert(text, appended.covered[0])),
                        Err(AppendError::Unknown(_)) => all.unknown.push(text),
                        Err(AppendError::Unavailable(_)) => all.refused.push(text),
                        Err(other) => panic!("an answer that does not fit: {other}"),
                    }
                });
            }
        });
        Self { answers, stop, task }
    }

    /// Waits until so many more records than now are acknowledged.
    pub(crate) async fn acknowledges(&mut self, more: usize) {
        let wanted = self.answers.borrow().acknowledged.len() + more;
        self.wait(|all| all.acknowledged.len() >= wanted).await;
    }

    /// Waits until a record is not acknowledged.
    pub(crate) async fn fails(&mut self) {
        let failed = |all: &Answers| all.unknown.len() + all.refused.len();
        let before = failed(&self.answers.borrow());
        self.wait(|all| failed(all) > before).await;
    }

    /// Waits until a record is refused.
    pub(crate) async fn is_refused(&mut self) {
        self.wait(|all| !all.refused.is_empty()).await;
    }

    async fn wait(&mut self, wanted: impl FnMut(&Answers) -> bool) {
        let waiting = tokio::time::timeout(PATIENCE, self.answers.wait_for(wanted)).await;
        let has_come = waiting.map(|answers| drop(answers.unwrap())).is_ok();
        assert!(
            has_come,
            "waited {PATIENCE:?}; the last answers: {:?}",
            self.answers.borrow().last
        );
    }

    pub(crate) async fn stop(self) -> Answers {
        self.stop.send_replace(true);
        self.task.await.unwrap();
        self.answers.borrow().clone()
    }
}

/// Checks that the log holds what the answers say: whatever was acknowledged is at its offset,
/// once; nothing that was refused is there; each record names an entry that is there.
pub(crate) async fn check(log: &dyn Log, answers: &Answers) {
    let stored = read_all(log, &data(0)).await;
    for (text, offset) in &answers.acknowledged {
        let there: Vec<_> =
            stored.iter().filter(|s| keys(std::slice::from_ref(s))[0] == *text).collect();
        assert_eq!(there.len(), 1, "{text} at {offset} is there {} times", there.len());
        assert_eq!(there[0].offset, *offset, "{text}");
    }
    for key in keys(&stored) {
        assert!(!answers.refused.contains(&key), "{key} was refused, and is there");
        let is_known = answers.acknowledged.contains_key(&key) || answers.unknown.contains(&key);
        assert!(is_known, "{key} comes from nowhere");
    }
    let entries = read_all(log, &audit()).await;
    for record in &stored {
        let entry = record.record.header(ndxp_log::ENTRY_HEADER).unwrap();
        let entry = std::str::from_utf8(entry).unwrap().strip_prefix("main:").unwrap();
        let entry: u64 = entry.parse().unwrap();
        assert!(entries.iter().any(|stored| stored.offset == entry), "entry {entry}");
    }
}
