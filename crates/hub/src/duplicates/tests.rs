//! A window over the log in memory, with a clock that the tests move.

use std::{collections::BTreeMap, future::ready, sync::Arc, time::Duration};

use ndxp_log::{Covered, Header, Log, Partition, Record, memory::Memory};
use ndxp_model::{DatasetName, Keep, Op, Timestamp, Topic};
use tokio::{task::yield_now, time::timeout};

use super::{Dataset, Duplicates, Finding, Identity, Reserved};

const HOUR: i64 = 3_600_000;
const SOURCE: &str = "/agency/tax/system/portal";

/// A dataset's window, and the log under it.
struct World {
    dir: tempfile::TempDir,
    log: Arc<dyn Log>,
    window: Arc<Dataset>,
    now: i64,
}

fn name() -> DatasetName {
    "tax/units".parse().expect("a name")
}

fn open(dir: &tempfile::TempDir, incarnation: &str) -> Arc<Dataset> {
    Duplicates::new(Some(dir.path().to_owned()), incarnation).of(&name(), 2)
}

fn is_repeat(finding: Finding) -> bool {
    matches!(finding, Finding::Duplicate(_))
}

fn identity(id: &str, payload: &str) -> Identity {
    Identity::new(SOURCE, id, Op::Event, b"k", payload.as_bytes())
}

fn stored(id: &str, payload: &str, at: i64) -> Record {
    let headers = [
        ("ce_id", id),
        ("ce_source", SOURCE),
        ("ce_type", "ndxp.tax.units.EVENT"),
        ("ce_ndxpschema", "1"),
    ];
    Record {
        key: Some("k".into()),
        value: payload.to_owned().into(),
        timestamp: Timestamp::from_millis(at),
        headers: headers.map(|(name, value)| Header::new(name, value.to_owned())).into(),
    }
}

impl World {
    /// Two nodes that write one log.
    async fn of_nodes() -> [Self; 2] {
        let log = Memory::new();
        log.create(&name(), 2, Keep::Everything).await.expect("a topic");
        [(); 2].map(|()| {
            let dir = tempfile::tempdir().expect("a directory");
            let (log, window) = (Arc::new(log.among_nodes()), open(&dir, "ab"));
            Self { dir, log, window, now: 1_000 * HOUR }
        })
    }

    async fn new() -> Self {
        let log: Arc<dyn Log> = Arc::new(Memory::new());
        log.create(&name(), 2, Keep::Everything).await.expect("a topic");
        let dir = tempfile::tempdir().expect("a directory");
        let window = open(&dir, "ab");
        Self { dir, log, window, now: 1_000 * HOUR }
    }

    async fn reserve(&self, id: &str, payload: &str) -> Reserved {
        let now = Timestamp::from_millis(self.now);
        let batch = [identity(id, payload)];
        let reserved = self.window.reserve(&self.log, (&batch, &self.ends()), now).await;
        reserved.expect("the log is read")
    }

    fn ends(&self) -> BTreeMap<u32, u64> {
        let at = |number| Partition { topic: Topic::Data(name()), number };
        let end = |number| (number, *self.log.follow(&at(number)).expect("it is there").borrow());
        (0..2).map(end).collect()
    }

    /// Publishes a record, unless it is there.
    async fn publish(&self, id: &str, payload: &str) -> Finding {
        let reserved = self.reserve(id, payload).await;
        let finding = reserved.findings[0];
        if finding != Finding::Fresh {
            assert_ne!(finding, Finding::Duplicate(None), "a repeat names its first entry");
            return finding;
        }
        let partition = u32::from(id.len().is_multiple_of(2));
        let records = vec![(partition, stored(id, payload, self.now))];
        let covered = Covered::Records { dataset: name(), records };
        let entry = Record { timestamp: Timestamp::from_millis(self.now), ..Record::default() };
        let appended = self.log.append_after(entry, covered).await.expect("it is appended");
        let place = [partition].into_iter().zip(appended.covered);
        self.window.written(&reserved, appended.entry, place).await;
        finding
    }

    /// Waits until what is in the log was read.
    async fn caught_up(&self) {
        let ends = self.ends();
        let courses = self.window.courses(&self.log, &mut *self.window.held.lock().await, &ends);
        for (mut learned, end) in courses {
            learned.wait_for(|learned| learned >= end).await.expect("it is read");
        }
    }

    /// Lets a file that is being written be finished.
    async fn settle(&self) {
        let mut held = self.window.held.lock().await;
        held.finish(Timestamp::from_millis(self.now)).await;
    }

    async fn in_memory(&self) -> usize {
        self.window.held.lock().await.window.seen.len()
    }

    async fn in_files(&self) -> usize {
        self.window.held.lock().await.segments.len()
    }

    fn restart(&mut self, incarnation: &str) {
        self.window = open(&self.dir, incarnation);
    }

    /// Publishes a record an hour for so many hours, `r<n>`, and lets each hour be sealed.
    async fn hours(&mut self, from: i64, count: i64) {
        for n in from..from + count {
            assert_eq!(self.publish(&format!("r{n}"), "{}").await, Finding::Fresh, "r{n}");
            self.now += HOUR;
            self.settle().await;
        }
    }
}

#[tokio::test]
async fn repeat_is_recognised_in_memory_and_in_a_file() {
    let mut world = World::new().await;
    world.hours(0, 20).await;
    assert!(world.in_files().await >= 17, "{} files", world.in_files().await);
    assert!(world.in_memory().await <= 3, "{} in memory", world.in_memory().await);
    for n in 0..20 {
        assert!(is_repeat(world.publish(&format!("r{n}"), "{}").await), "r{n}");
        let other = world.publish(&format!("r{n}"), "{\"a\":1}").await;
        assert_eq!(other, Finding::Reused, "r{n} with other content");
    }
}

#[tokio::test]
async fn id_is_free_again_after_a_day_and_its_file_goes() {
    let mut world = World::new().await;
    world.hours(0, 30).await;
    assert_eq!(world.publish("r0", "{\"a\":1}").await, Finding::Fresh);
    assert!(is_repeat(world.publish("r29", "{}").await));
    let files = std::fs::read_dir(world.dir.path().join("duplicates/tax.units")).expect("there");
    assert!(files.count() <= 25);
}

#[tokio::test]
async fn restart_knows_the_same_with_files_and_without() {
    let mut world = World::new().await;
    world.hours(0, 12).await;
    for lost in [None, Some(0), Some(5), Some(10)] {
        let dir = world.dir.path().join("duplicates/tax.units");
        let mut paths: Vec<_> =
            std::fs::read_dir(dir).expect("there").map(|e| e.expect("an entry").path()).collect();
        paths.sort();
        if let Some(path) = lost.and_then(|n: usize| paths.get(n.min(paths.len() - 1))) {
            std::fs::write(path, b"damaged").expect("it is damaged");
        }
        world.restart("ab");
        for n in 0..12 {
            assert!(is_repeat(world.publish(&format!("r{n}"), "{}").await), "r{n}, {lost:?}");
        }
    }
}

#[tokio::test]
async fn restart_reads_only_what_the_files_do_not_cover() {
    let mut world = World::new().await;
    world.hours(0, 12).await;
    world.restart("ab");
    assert!(is_repeat(world.publish("r11", "{}").await));
    assert!(world.in_memory().await <= 3, "the files spare the log's reading");
}

#[tokio::test]
async fn window_is_filled_also_when_its_caller_does_not_wait() {
    let mut world = World::new().await;
    world.publish("a", "{}").await;
    world.restart("ab");
    tokio::select! {
        biased;
        _ = world.reserve("b", "{}") => panic!("it waits for the files at least"),
        () = ready(()) => {}
    }
    let filled = async {
        while !world.window.held.lock().await.loaded {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), filled).await.expect("nobody has to begin anew");
    assert!(is_repeat(world.publish("a", "{}").await));
}

#[tokio::test]
async fn files_of_another_log_are_not_used() {
    let mut world = World::new().await;
    world.hours(0, 6).await;
    world.log = Arc::new(Memory::new());
    world.log.create(&name(), 2, Keep::Everything).await.expect("a topic");
    world.restart("cd");
    assert_eq!(
        world.publish("r0", "{\"a\":1}").await,
        Finding::Fresh,
        "nothing of it is in this log"
    );
}

#[tokio::test]
async fn what_is_being_written_is_not_sealed() {
    let mut world = World::new().await;
    let reserved = world.reserve("slow", "{}").await;
    world.now += 3 * HOUR;
    assert_eq!(world.publish("quick", "{}").await, Finding::Fresh);
    world.settle().await;
    assert_eq!(world.in_files().await, 0);
    assert_eq!(world.publish("slow", "{}").await, Finding::Busy);
    world.window.not_written(&reserved).await;
    assert_eq!(world.publish("slow", "{}").await, Finding::Fresh);
}

/// The clock stands still while anything is done: a call waits a moment only.
#[tokio::test(start_paused = true)]
async fn what_another_node_wrote_is_known_to_the_next_call() {
    let [one, other] = World::of_nodes().await;
    // Both windows are filled: what follows is read on.
    assert_eq!(one.publish("a", "{}").await, Finding::Fresh);
    assert_eq!(other.publish("b", "{}").await, Finding::Fresh);
    for n in 0..50 {
        let id = format!("r{n}");
        assert_eq!(one.publish(&id, "{}").await, Finding::Fresh, "{id}");
        assert!(is_repeat(other.publish(&id, "{}").await), "{id}");
        assert_eq!(other.publish(&id, "{\"a\":1}").await, Finding::Reused, "{id}");
    }
}

/// The clock stands still while anything is done: a call waits a moment only.
#[tokio::test(start_paused = true)]
async fn a_record_says_how_far_its_writer_had_read() {
    let [one, other] = World::of_nodes().await;
    for n in 0..20 {
        assert_eq!(one.publish(&format!("a{n}"), "{}").await, Finding::Fresh);
        assert_eq!(other.publish(&format!("b{n}"), "{}").await, Finding::Fresh);
        let (ends, reserved) = (one.ends(), one.reserve(&format!("c{n}"), "{}").await);
        for (number, end) in ends {
            assert_eq!(reserved.known(number), Some(end), "partition {number}");
        }
        one.window.not_written(&reserved).await;
    }
}

/// Both reserve one id; the other node's call writes it, and this node reads past it meanwhile.
async fn reserved_by_both() -> ([World; 2], Reserved) {
    let [one, other] = World::of_nodes().await;
    assert_eq!(one.publish("a", "{}").await, Finding::Fresh);
    let reserved = one.reserve("x", "{}").await;
    assert_eq!(other.publish("x", "{}").await, Finding::Fresh);
    one.caught_up().await;
    ([one, other], reserved)
}

#[tokio::test]
async fn record_of_another_node_is_known_also_where_this_node_failed_to_write_its_id() {
    let ([one, _other], reserved) = reserved_by_both().await;
    one.window.not_written(&reserved).await;
    assert!(is_repeat(one.publish("x", "{}").await));
    assert_eq!(one.publish("x", "{\"a\":1}").await, Finding::Reused);
}

#[tokio::test]
async fn record_of_another_node_is_known_also_where_nobody_knows_what_this_node_wrote() {
    let ([one, _other], reserved) = reserved_by_both().await;
    // The ends of now lie behind the other's record.
    one.window.unknown(reserved, one.ends()).await;
    assert!(is_repeat(one.publish("x", "{}").await));
}

#[tokio::test]
async fn record_of_another_node_is_known_also_where_this_node_gave_its_id_back() {
    let ([one, _other], mut reserved) = reserved_by_both().await;
    one.window.give_back(&mut reserved, 0).await;
    assert!(is_repeat(one.publish("x", "{}").await));
}
