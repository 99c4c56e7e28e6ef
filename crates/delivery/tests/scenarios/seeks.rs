//! Seeks, revisits, what is durable above the cursor, and what is forgotten.

use ndxp_delivery::{
    DeliveryRecord, Options, Order, Outcome, Progress, Revisit, Verdict, WrongPartitions,
};

use crate::shell::{Shell, at, rejection, view};

fn all_acked(count: u128) -> Shell {
    let keys: Vec<u128> = (0..count).collect();
    let mut shell = Shell::new(&keys, Options::default());
    shell.run(|offset| if offset == 3 { rejection("bad") } else { Outcome::Ack });
    shell
}

fn seek(shell: &mut Shell, position: u64) {
    let sought = shell.progress.seeking(&[position]).unwrap();
    shell.append(sought.into());
    shell.reopen();
}

#[test]
fn seek_back_replays_all_but_dead_letters_and_says_so() {
    let mut shell = all_acked(6);
    seek(&mut shell, 1);
    shell.keys.extend([10, 11]);
    shell.handed.clear();
    shell.run(|_| Outcome::Ack);
    let replayed: Vec<(u64, bool)> = shell.handed.iter().map(|(o, d)| (*o, d.replayed)).collect();
    assert_eq!(replayed, [(1, true), (2, true), (4, true), (5, true), (6, false), (7, false)]);
    assert!(shell.handed.iter().all(|(_, delivery)| delivery.attempt == 1));
}

#[test]
fn seek_forward_skips_and_what_is_behind_it_is_no_replay() {
    let mut shell = all_acked(3);
    shell.keys.extend([10, 11, 12, 13]);
    seek(&mut shell, 5);
    shell.handed.clear();
    shell.run(|_| Outcome::Ack);
    let handed: Vec<(u64, bool)> = shell.handed.iter().map(|(o, d)| (*o, d.replayed)).collect();
    assert_eq!(handed, [(5, false), (6, false)]);
}

#[test]
fn seek_keeps_the_attempts_of_what_was_not_settled() {
    let mut shell = Shell::new(&[0, 1, 2], Options::default());
    let given = shell.deliver();
    shell.settle(given[0].1, Outcome::Ack);
    seek(&mut shell, 0);
    shell.handed.clear();
    let _given = shell.deliver();
    let attempts: Vec<u32> = shell.handed.iter().map(|(_, d)| d.attempt).collect();
    assert_eq!(attempts, [1, 2, 2]);
}

#[test]
fn seek_needs_a_position_for_each_partition() {
    let shell = all_acked(1);
    let error = shell.progress.seeking(&[0, 0]).unwrap_err();
    assert_eq!(error, WrongPartitions { expected: 1, given: 2 });
    let never = Progress::new("statistics/units".parse().unwrap());
    assert_eq!(never.seeking(&[]), Err(WrongPartitions { expected: 0, given: 0 }));
}

#[test]
fn pass_hands_out_the_difference_before_anything_new() {
    let mut shell = all_acked(5);
    let second: ndxp_model::AgreementRef = "agr-0042@8".parse().unwrap();
    let opening = shell.progress.opening(&[0], second.clone());
    shell.append(opening.into());
    assert_eq!(shell.progress.views(), [view(), second.clone()]);
    let opening = ndxp_delivery::Stream::open(&shell.progress, shell.options, shell.now).unwrap();
    shell.stream = opening.stream;
    shell.write(opening.change);
    shell.stream.credit(100, 10_000);
    shell.keys.push(9);
    shell.handed.clear();

    shell.stream.begin_pass(second.clone());
    let revisit = |offset: u64| Revisit {
        place: at(offset),
        key: shell.item(offset).key,
        verdict: Verdict(7),
    };
    // 3 is a dead letter, 5 was not read yet.
    let taken = shell.stream.revisit(&[revisit(1), revisit(3), revisit(5), revisit(1)]).unwrap();
    assert_eq!(taken, 1);
    let given = shell.deliver();
    assert_eq!(given.len(), 1, "nothing new");
    let (offset, delivery) = shell.handed[0];
    assert_eq!((offset, delivery.replayed, delivery.verdict), (1, true, Verdict(7)));
    let change = shell.stream.end_pass().unwrap();
    shell.write(change);
    assert_eq!(shell.progress.views().len(), 2);
    assert!(shell.stream.revisit(&[]).is_err());
    shell.settle(given[0].1, Outcome::Ack);
    assert_eq!(shell.progress.views(), [second]);
    assert_eq!(shell.deliver()[0].0, 5);
}

#[test]
fn what_is_settled_above_the_cursor_is_not_handed_out_after_a_checkpoint() {
    let mut shell = Shell::new(&[0, 1, 2, 3], Options::default());
    let given = shell.deliver();
    shell.settle(given[1].1, Outcome::Ack);
    shell.settle(given[3].1, Outcome::Ack);
    let change = shell.stream.checkpoint();
    shell.write(change);
    shell.reopen();
    let again: Vec<u64> = shell.deliver().iter().map(|(offset, _)| *offset).collect();
    assert_eq!(again, [0, 2]);
}

#[test]
fn one_stuck_record_does_not_make_the_lane_grow() {
    let options = Options { order: Order::None, ..Options::default() };
    let mut shell = Shell::new(&[0], options);
    let _stuck = shell.deliver();
    let lease = 30;
    for n in 1..2_000_u128 {
        shell.keys.push(n);
        for (_, token) in shell.deliver() {
            shell.settle(token, Outcome::Ack);
        }
        if n % 100 == 0 {
            shell.pass(std::time::Duration::from_secs(lease));
            let change = shell.stream.checkpoint();
            shell.write(change);
        }
    }
    let change = shell.stream.checkpoint();
    shell.write(change);
    let mut live = std::collections::BTreeMap::new();
    for (key, value) in &shell.lane {
        live.insert(key, value.is_empty());
    }
    let kept: Vec<_> = live.iter().filter(|(_, gone)| !**gone).map(|(key, _)| key).collect();
    assert!(kept.len() < 12, "{kept:?}");
}

#[test]
fn history_of_older_epochs_is_forgotten_once_a_newer_one_carries_it() {
    let mut shell = all_acked(4);
    for _ in 0..20 {
        shell.reopen();
    }
    let forgotten = shell.lane.iter().filter(|(_, value)| value.is_empty()).count();
    assert!(forgotten >= 40, "{forgotten} keys of 20 epochs");
    let base = shell.lane.iter().rev().find_map(|(_, value)| DeliveryRecord::decode(value).ok());
    assert!(matches!(base, Some(DeliveryRecord::Base(_))), "it is the last record");
}
