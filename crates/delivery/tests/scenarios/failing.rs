//! An outage is not poison, and poison is no outage.

use std::time::Duration;

use ndxp_delivery::{Cause, Options, Order, Outcome, Patience};

use crate::shell::{Shell, at, rejection};

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

fn orders() -> [Options; 2] {
    [Order::ByKey, Order::None].map(|order| Options { order, ..Options::default() })
}

/// `count` records of seven keys.
fn keys(count: u128) -> Vec<u128> {
    (0..count).map(|n| n % 7).collect()
}

fn check_order_by_key(shell: &Shell) {
    for key in 0..7 {
        let of_key = shell.acked.iter().filter(|offset| shell.keys[**offset as usize] == key);
        assert!(of_key.is_sorted(), "the order of key {key} was not kept");
    }
}

fn check_all_arrived(shell: &Shell, but: &[u64]) {
    let mut acked = shell.acked.clone();
    acked.sort_unstable();
    let expected: Vec<u64> =
        (0..shell.keys.len() as u64).filter(|offset| !but.contains(offset)).collect();
    assert_eq!(acked, expected);
}

#[test]
fn outage_of_ten_hours_makes_no_dead_letter_and_keeps_order() {
    for options in orders() {
        let mut shell = Shell::new(&keys(300), options);
        shell.run_for(10 * HOUR, |_| Outcome::Retry(None));
        assert!(shell.is_failing());
        shell.run_for(HOUR, |_| Outcome::Ack);
        assert!(!shell.is_failing());
        assert!(shell.letters().is_empty());
        check_all_arrived(&shell, &[]);
        if options.order == Order::ByKey {
            check_order_by_key(&shell);
        }
    }
}

#[test]
fn time_of_an_outage_does_not_count_against_a_record() {
    let patience = Patience::new(3, HOUR, 24 * HOUR).unwrap();
    let options = Options { order: Order::None, patience, ..Options::default() };
    let mut shell = Shell::new(&keys(4), options);
    // They fail with their stream, so the next one knows of it when the outage shows.
    let _given = shell.deliver();
    shell.close();
    shell.reopen();
    shell.run_for(10 * HOUR, |_| Outcome::Retry(None));
    assert!(shell.is_failing());
    shell.close();
    shell.reopen();
    for _ in 0..30 {
        shell.run_for(60 * SECOND, |offset| match offset {
            0 => Outcome::Retry(None),
            _ => Outcome::Ack,
        });
        shell.keys.push(6);
    }
    assert!(shell.letters().is_empty(), "it failed for half an hour by itself");
}

#[test]
fn outage_in_which_every_lease_ends_makes_no_dead_letter() {
    for options in orders() {
        let mut shell = Shell::new(&keys(300), options);
        for _ in 0..600 {
            let _given = shell.deliver();
            shell.pass(60 * SECOND);
        }
        assert!(shell.is_failing());
        shell.run_for(HOUR, |_| Outcome::Ack);
        assert!(shell.letters().is_empty());
        check_all_arrived(&shell, &[]);
    }
}

#[test]
fn record_that_fails_while_others_succeed_becomes_the_only_dead_letter() {
    for options in orders() {
        let mut shell = Shell::new(&keys(50), options);
        let consumer = |offset| if offset == 9 { Outcome::Retry(None) } else { Outcome::Ack };
        for _ in 0..200 {
            shell.run_for(60 * SECOND, consumer);
            shell.keys.push(6);
        }
        let letters: Vec<_> = shell.progress.letters(None).collect();
        assert_eq!(shell.letters(), [9]);
        assert_eq!(letters[0].0.cause, Cause::Exhausted);
        assert!(letters[0].0.attempts >= 20);
        let lasted = letters[0].0.since.millis() - letters[0].0.first_failed.millis();
        assert!(lasted >= 3_600_000, "it was given up after {lasted} ms");
        shell.run(consumer);
        check_all_arrived(&shell, &[9]);
        if options.order == Order::ByKey {
            check_order_by_key(&shell);
        }
    }
}

#[test]
fn record_of_a_failing_key_holds_up_its_key_alone() {
    let mut shell = Shell::new(&keys(50), Options::default());
    shell.run(|offset| if offset == 9 { Outcome::Retry(None) } else { Outcome::Ack });
    let held: Vec<u64> = (0..50).filter(|n| n % 7 == 2 && *n >= 9).collect();
    check_all_arrived(&shell, &held);
}

#[test]
fn one_poison_record_is_never_the_only_probe() {
    for options in orders() {
        let mut shell = Shell::new(&keys(3), options);
        let consumer = |offset| if offset == 0 { Outcome::Retry(None) } else { Outcome::Ack };
        // Nothing else is there: it looks as if the consumer failed everything.
        shell.run_for(HOUR, |_| Outcome::Retry(None));
        assert!(shell.is_failing());
        shell.run_for(HOUR, consumer);
        check_all_arrived(&shell, &[0]);
    }
}

#[test]
fn probe_tries_a_new_record_where_only_poison_is_left() {
    let mut shell = Shell::new(&[0], Options::default());
    let consumer = |offset| if offset == 0 { Outcome::Retry(None) } else { Outcome::Ack };
    shell.run_for(HOUR, consumer);
    assert!(shell.is_failing());
    shell.keys.push(1);
    shell.run_for(HOUR, consumer);
    assert_eq!(shell.acked, [1]);
}

#[test]
fn probes_come_at_growing_intervals_one_at_a_time() {
    let mut shell = Shell::new(&keys(100), Options::default());
    let start = shell.now.monotonic_ms;
    shell.run(|_| Outcome::Retry(None));
    // Seven keys fail, then only their backoff lets them fail again.
    while !shell.is_failing() {
        shell.pass(SECOND);
        shell.run(|_| Outcome::Retry(None));
    }
    assert!(shell.now.monotonic_ms - start >= 60_000 || shell.handed.len() >= 50);
    let mut probes = Vec::new();
    for _ in 0..3_000 {
        let given = shell.deliver();
        assert!(given.len() <= 1);
        for (offset, token) in given {
            probes.push((shell.now.monotonic_ms, offset));
            shell.settle(token, Outcome::Retry(None));
        }
        shell.pass(SECOND);
    }
    let waits: Vec<u64> = probes.windows(2).map(|two| (two[1].0 - two[0].0) / 1_000).collect();
    assert_eq!(waits[..9], [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert!(waits[9..].iter().all(|wait| *wait == 300), "{waits:?}");
    assert!(probes.windows(2).all(|two| two[0].1 != two[1].1), "{probes:?}");
}

#[test]
fn fifty_failures_in_a_row_are_an_outage_and_forty_nine_are_none() {
    let options = Options { order: Order::None, ..Options::default() };
    for (failures, failing) in [(49, false), (50, true)] {
        let mut shell = Shell::new(&keys(100), options);
        let given = shell.deliver();
        for (_, token) in &given[..failures] {
            shell.settle(*token, Outcome::Retry(None));
        }
        assert_eq!(shell.is_failing(), failing, "{failures} failures");
    }
}

#[test]
fn five_failures_without_success_for_a_minute_are_an_outage() {
    for (failures, seconds, failing) in [(5, 60, true), (4, 60, false), (5, 59, false)] {
        let options = Options { order: Order::None, ..Options::default() };
        let lease = ndxp_delivery::Lease::new(600 * SECOND, Duration::ZERO).unwrap();
        let mut shell = Shell::new(&keys(100), Options { lease, ..options });
        let given = shell.deliver();
        shell.settle(given[0].1, Outcome::Ack);
        shell.pass(seconds * SECOND);
        for (_, token) in &given[1..=failures] {
            shell.settle(*token, Outcome::Retry(None));
        }
        assert_eq!(shell.is_failing(), failing, "{failures} failures after {seconds} s");
    }
}

#[test]
fn rejection_is_an_answer_and_no_outage() {
    let options = Options { order: Order::None, ..Options::default() };
    let mut shell = Shell::new(&keys(100), options);
    for (offset, token) in shell.deliver() {
        let outcome = if offset % 40 == 39 { rejection("bad") } else { Outcome::Retry(None) };
        shell.settle(token, outcome);
    }
    assert!(!shell.is_failing());
    assert_eq!(shell.letters(), [39, 79]);
}

/// A consumer that dies on a record again and again, and settles in order until then.
fn crash_on(shell: &mut Shell, poison: u64, times: u32) {
    for _ in 0..times {
        let mut crashed = false;
        while !crashed {
            let given = shell.deliver();
            if given.is_empty() {
                break;
            }
            for (offset, token) in given {
                if offset == poison {
                    crashed = true;
                    break;
                }
                shell.acked.push(offset);
                shell.settle(token, Outcome::Ack);
            }
        }
        if crashed {
            shell.close();
            shell.reopen();
        }
        shell.pass(30 * SECOND);
        // Others go on coming.
        let key = shell.keys.len() as u128 % 7;
        shell.keys.push(key);
    }
}

#[test]
fn record_on_which_the_consumer_dies_becomes_the_only_dead_letter() {
    for options in orders() {
        let mut shell = Shell::new(&keys(40), options);
        crash_on(&mut shell, 9, 600);
        assert_eq!(
            shell.letters(),
            [9],
            "{:?} {:?}",
            String::from_utf8(shell.progress.to_bytes()),
            shell.handed.iter().map(|(o, d)| (*o, d.attempt)).collect::<Vec<_>>()
        );
        shell.run_for(HOUR, |_| Outcome::Ack);
        let mut acked = shell.acked.clone();
        acked.sort_unstable();
        acked.dedup();
        assert_eq!(acked.len(), shell.keys.len() - 1, "all others arrive");
    }
}

#[test]
fn ends_that_the_hub_causes_count_for_nothing() {
    let mut shell = Shell::new(&keys(40), Options::default());
    for _ in 0..200 {
        let given = shell.deliver();
        if let Some((_, token)) = given.get(1) {
            shell.settle(*token, Outcome::Ack);
        }
        shell.pass(60 * SECOND / 2);
        shell.retire();
        shell.reopen();
    }
    assert!(shell.letters().is_empty());
    assert!(shell.progress.letter(at(0)).is_none());
    shell.run_for(HOUR, |_| Outcome::Ack);
    assert!(!shell.is_failing());
}

#[test]
fn outage_outlives_its_stream() {
    let options = Options { order: Order::None, ..Options::default() };
    let mut shell = Shell::new(&keys(100), options);
    let _given = shell.deliver();
    shell.close();
    shell.reopen();
    assert!(shell.is_failing(), "a hundred records failed with the stream");
    assert_eq!(shell.deliver(), []);
    shell.pass(SECOND);
    assert_eq!(shell.deliver().len(), 1);
}
