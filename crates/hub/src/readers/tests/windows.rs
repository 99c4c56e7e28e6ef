//! Who reads from the log, and what stays in memory.

use std::time::Duration;

use tokio::{task::JoinSet, time};

use super::*;

const AMPLE: usize = 64 << 20;

#[tokio::test]
async fn fifty_followers_cost_one_read() {
    let bench = Bench::new(AMPLE).await;
    for round in 0..3_u64 {
        bench.publish(0, [person(round as usize)]).await;
        bench.log.hold_up();
        let mut followers = JoinSet::new();
        for _ in 0..50 {
            let readers = Arc::clone(&bench.readers);
            let by = projector(&["/id"]);
            followers.spawn(async move { readers.read(&at(0), round, ALL, &by).await.unwrap() });
        }
        bench.log.waits().await;
        bench.log.let_go();
        while let Some(page) = followers.join_next().await {
            let page = page.unwrap();
            assert_eq!((page.records.len(), page.next), (1, round + 1));
        }
        assert_eq!(bench.log.reads(), 1);
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_the_read_to_the_next() {
    let bench = Bench::new(AMPLE).await;
    bench.publish(0, [person(0)]).await;
    bench.log.hold_up();
    let first = {
        let (readers, by) = (Arc::clone(&bench.readers), projector(&["/id"]));
        tokio::spawn(async move { readers.read(&at(0), 0, ALL, &by).await })
    };
    bench.log.waits().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    bench.log.let_go();
    assert_eq!(bench.read(0, 0, &projector(&["/id"])).await.records.len(), 1);
}

#[tokio::test]
async fn the_end_that_moved_during_a_read_is_not_missed() {
    let bench = Bench::new(AMPLE).await;
    bench.log.hold_up();
    // One asks at the end, where nothing is; meanwhile something comes, and another asks.
    let ask = || {
        let (readers, by) = (Arc::clone(&bench.readers), projector(&["/id"]));
        tokio::spawn(async move { readers.read(&at(0), 0, ALL, &by).await.unwrap() })
    };
    let early = ask();
    bench.log.waits().await;
    bench.publish(0, [person(0)]).await;
    let late = ask();
    bench.log.let_go();
    early.await.unwrap();
    assert_eq!(late.await.unwrap().next, 1);
}

#[tokio::test]
async fn a_laggard_neither_displaces_nor_rereads_the_window() {
    // Room for what counts as near, and not for half of all.
    let bench = Bench::new(3 << 20).await;
    let by = projector(&["/id"]);
    bench.publish(0, (0..20_000).map(person)).await;
    let recent = 19_000;
    assert_eq!(bench.read_all(0, recent, &by).await.len(), 1_000);
    bench.log.reads();
    // It reads all that lies before, and meets the others where their window begins.
    assert_eq!(bench.read_all(0, 0, &by).await, (0..20_000).collect::<Vec<_>>());
    let before_the_window = recent.div_ceil(500) as usize;
    assert_eq!(bench.log.reads(), before_the_window + 1, "one more asks at the end");
    bench.read_all(0, recent, &by).await;
    assert_eq!(bench.log.reads(), 1, "only at the end");
}

#[tokio::test]
async fn who_fetches_one_record_does_not_read_a_page() {
    let bench = Bench::new(AMPLE).await;
    let by = projector(&["/id"]);
    bench.publish(0, (0..10_000).map(person)).await;
    let one = ReadLimits { records: 1, ..ALL };
    let page = bench.readers.read(&at(0), 100, one, &by).await.unwrap();
    assert_eq!((page.records.len(), page.next), (1, 101));
    assert!(bench.readers.window.bytes() < 4_096);
}

#[tokio::test]
async fn budget_holds_under_many_partitions_and_plans() {
    let budget = 1 << 20;
    let bench = Bench::new(budget).await;
    let plans = [projector(&["/id"]), projector(&["/name"]), projector(&["/id", "/name", "/tax"])];
    for number in 0..64 {
        bench.publish(number, (0..300).map(person)).await;
    }
    for number in 0..64 {
        for by in &plans {
            assert_eq!(bench.read(number, 0, by).await.records.len(), 300);
            assert!(bench.readers.window.bytes() <= budget, "{}", bench.readers.window.bytes());
        }
    }
    assert!(bench.readers.window.bytes() > budget / 4, "something is held");
    bench.log.reads();
    bench.read(63, 0, &plans[0]).await;
    assert_eq!(bench.log.reads(), 0, "the newest stays");
    bench.read(0, 0, &plans[0]).await;
    assert_eq!(bench.log.reads(), 1, "the oldest went");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_is_let_go() {
    let bench = Bench::new(AMPLE).await;
    bench.publish(0, (0..100).map(person)).await;
    bench.read(0, 0, &projector(&["/id"])).await;
    bench.readers.sweep();
    assert!(bench.readers.window.bytes() > 0);
    time::advance(super::super::window::HELD_FOR + Duration::from_secs(1)).await;
    bench.readers.sweep();
    assert_eq!(bench.readers.window.bytes(), 0);
}

#[tokio::test]
async fn limits_hold_wherever_a_page_begins() {
    let bench = Bench::new(AMPLE).await;
    let by = projector(&["/id"]);
    for first in (0..90).step_by(3) {
        bench.publish(0, (first..first + 3).map(person)).await;
        bench.read(0, first as u64, &by).await;
    }
    for from in 0..90 {
        for records in [1, 2, 7, 200] {
            let limits = ReadLimits { records, ..ALL };
            let page = bench.readers.read(&at(0), from, limits, &by).await.unwrap();
            let offsets: Vec<_> = page.records.iter().map(|shown| shown.offset).collect();
            let until = (from + records as u64).min(90);
            assert_eq!((offsets, page.next), ((from..until).collect(), until));
        }
    }
    let one_byte = ReadLimits { records: 10, bytes: 1 };
    assert_eq!(bench.readers.read(&at(0), 5, one_byte, &by).await.unwrap().records.len(), 1);
}
