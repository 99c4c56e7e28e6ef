//! Leases, extensions, retries and credit.

use std::time::Duration;

use ndxp_delivery::{Lease, Options, Order, Outcome, Settlement};

use crate::shell::{Shell, at, view};

const SECOND: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options { order: Order::None, ..Options::default() }
}

#[test]
fn lease_starts_when_the_transport_takes_the_frame() {
    let mut shell = Shell::new(&[1], options());
    let _want = shell.want();
    let items = [shell.item(0)];
    let out = shell.stream.hand(&view(), &items, shell.now).unwrap();
    shell.pass(3_600 * SECOND);
    assert_eq!(shell.stream.want(shell.now).wake_ms, None);
    assert_eq!(shell.stream.outstanding().records, 1);
    shell.stream.taken(out.frame.unwrap().handed.n, shell.now);
    shell.pass(60 * SECOND - Duration::from_millis(1));
    assert_eq!(shell.stream.want(shell.now).wake_ms, Some(shell.now.monotonic_ms + 1));
    assert_eq!(shell.stream.outstanding().records, 1);
    shell.pass(Duration::from_millis(1));
    let _want = shell.stream.want(shell.now);
    assert_eq!(shell.stream.outstanding().records, 0);
}

#[test]
fn token_of_an_ended_lease_is_lost_and_its_record_comes_again() {
    let mut shell = Shell::new(&[1], options());
    let (_, token) = shell.deliver()[0];
    shell.pass(60 * SECOND);
    let settlement = Settlement { token, outcome: Outcome::Ack };
    let result = shell.stream.settle(&[settlement], shell.now);
    assert_eq!((result.acked, result.lost), (0, vec![token]));
    assert_eq!(shell.deliver(), [], "it waits for its backoff");
    shell.pass(SECOND);
    let (_, again) = shell.deliver()[0];
    assert_ne!(again, token);
    assert_eq!(shell.handed.last().unwrap().1.attempt, 2);
    // A repeated settlement is no loss.
    shell.settle(again, Outcome::Ack);
    shell.settle(again, Outcome::Ack);
}

#[test]
fn extension_moves_the_end_as_far_as_extensions_reach() {
    let lease = Lease::new(60 * SECOND, 90 * SECOND).unwrap();
    let mut shell = Shell::new(&[1], Options { lease, ..options() });
    let (_, token) = shell.deliver()[0];
    for (passed, used_up) in [(50, false), (50, false), (20, true)] {
        shell.pass(passed * SECOND);
        let extended = shell.stream.extend(&[token], shell.now);
        assert_eq!(!extended.used_up.is_empty(), used_up, "after {passed} s more");
        assert_eq!(extended.lost, []);
    }
    assert_eq!(shell.want().wake_ms, Some(150_000));
    shell.pass(30 * SECOND);
    let extended = shell.stream.extend(&[token], shell.now);
    assert_eq!(extended.lost, [token]);
}

#[test]
fn extended_lease_ends_one_lease_after_the_extension() {
    let mut shell = Shell::new(&[1, 2], options());
    let given = shell.deliver();
    shell.pass(50 * SECOND);
    let extended = shell.stream.extend(&[given[0].1], shell.now);
    assert_eq!((extended.lost, extended.used_up), (vec![], vec![]));
    for (passed, outstanding) in [(10, 1), (49, 1), (1, 0)] {
        shell.pass(passed * SECOND);
        let _want = shell.want();
        assert_eq!(shell.stream.outstanding().records, outstanding, "after {passed} s more");
    }
}

#[test]
fn record_that_waits_for_its_retry_holds_no_room_and_comes_when_it_is_due() {
    let limits = ndxp_delivery::Limits::new(2, 1_000).unwrap();
    let mut shell = Shell::new(&[1, 2, 3], Options { limits, ..options() });
    let given = shell.deliver();
    assert_eq!(given.len(), 2);
    shell.settle(given[0].1, Outcome::Retry(Some(90 * SECOND)));
    assert_eq!(shell.stream.outstanding().records, 1);
    let next = shell.deliver();
    assert_eq!(next[0].0, 2, "another takes its place");
    shell.settle(given[1].1, Outcome::Ack);
    shell.settle(next[0].1, Outcome::Ack);
    shell.pass(90 * SECOND - Duration::from_millis(1));
    assert_eq!(shell.deliver(), []);
    shell.pass(Duration::from_millis(1));
    assert_eq!(shell.deliver()[0].0, 0);
}

#[test]
fn backoff_doubles_up_to_its_longest() {
    let mut shell = Shell::new(&[1, 2], options());
    let mut waits = Vec::new();
    let given = shell.deliver();
    let mut token = given[0].1;
    shell.settle(given[1].1, Outcome::Ack);
    for _ in 0..11 {
        shell.settle(token, Outcome::Retry(None));
        let from = shell.now.monotonic_ms;
        loop {
            // Something is acknowledged now and then, or it would be an outage.
            shell.keys.push(3);
            shell.pass(SECOND);
            let given = shell.deliver();
            for (_, other) in given.iter().filter(|(offset, _)| *offset != 0) {
                shell.settle(*other, Outcome::Ack);
            }
            if let Some((_, again)) = given.iter().find(|(offset, _)| *offset == 0) {
                token = *again;
                break;
            }
        }
        waits.push((shell.now.monotonic_ms - from) / 1_000);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[test]
fn credit_of_a_settled_record_is_used_and_that_of_a_lost_one_comes_back() {
    let mut shell = Shell::new(&[1, 2, 3], options());
    shell.reopen_with_credit(2);
    let given = shell.deliver();
    assert_eq!(given.len(), 2);
    shell.settle(given[0].1, Outcome::Retry(None));
    assert_eq!(shell.stream.room().records, 0);
    shell.pass(60 * SECOND);
    let _want = shell.want();
    assert_eq!(shell.stream.room().records, 1);
}

#[test]
fn verdict_is_remembered_for_the_next_time() {
    let mut shell = Shell::new(&[1, 2, 3], options());
    let given = shell.deliver();
    shell.settle(given[2].1, Outcome::Retry(None));
    shell.pass(SECOND);
    let want = shell.want();
    assert_eq!(want.again.len(), 1);
    assert_eq!((want.again[0].place, want.again[0].verdict.0), (at(2), 2));
    let mut item = want.again[0].item(10);
    item.verdict.0 = 9;
    let _given = shell.hand(&[item]);
    assert_eq!(shell.handed.last().unwrap().1.verdict.0, 2);
}

impl Shell {
    fn reopen_with_credit(&mut self, records: u64) {
        let opening = self.progress.opening(&[0], view());
        self.append(opening.into());
        let opening = ndxp_delivery::Stream::open(&self.progress, self.options, self.now).unwrap();
        self.stream = opening.stream;
        self.write(opening.change);
        self.stream.credit(records, 1_000);
    }
}
