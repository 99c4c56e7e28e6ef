//! Dead letters and what an officer does with them.

use std::time::Duration;

use ndxp_delivery::{Cause, LetterState, MOST_REDRIVEN, Newer, Options, Order, Outcome, Patience};

use crate::shell::{Shell, at, rejection};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// A shell whose records 1 and 3 of five were rejected.
fn rejected() -> Shell {
    let mut shell = Shell::new(&[0, 1, 2, 3, 4], Options::default());
    shell.run(|offset| if offset % 2 == 1 { rejection("bad") } else { Outcome::Ack });
    shell
}

fn chosen(offsets: &[u64]) -> Vec<(ndxp_delivery::Place, Newer)> {
    offsets.iter().map(|offset| (at(*offset), Newer::HasNotCome)).collect()
}

#[test]
fn rejection_is_final_and_keeps_the_consumer_s_reason() {
    let mut shell = rejected();
    assert_eq!(shell.letters(), [1, 3]);
    let (letter, state) = shell.progress.letter(at(1)).unwrap();
    assert_eq!((letter.attempts, state), (1, LetterState::Dead));
    assert!(matches!(&letter.cause, Cause::Rejected(reason) if reason.as_str() == "bad"));
    assert_eq!(shell.progress.positions(), [5]);
    shell.reopen();
    assert_eq!(shell.deliver(), []);
}

#[test]
fn rejection_above_the_cursor_is_final_after_a_crash_too() {
    let mut shell = Shell::new(&[0, 1, 2], Options::default());
    let given = shell.deliver();
    shell.settle(given[1].1, rejection("bad"));
    shell.reopen();
    let again: Vec<u64> = shell.deliver().iter().map(|(offset, _)| *offset).collect();
    assert_eq!(again, [0, 2]);
}

#[test]
fn letters_are_listed_page_by_page() {
    let shell = rejected();
    let first: Vec<u64> =
        shell.progress.letters(None).take(1).map(|(l, _)| l.place.offset).collect();
    let rest: Vec<u64> =
        shell.progress.letters(Some(at(first[0]))).map(|(l, _)| l.place.offset).collect();
    assert_eq!((first, rest), (vec![1], vec![3]));
}

#[test]
fn redriven_record_comes_once_more_and_its_letter_ends_with_the_acknowledgement() {
    let mut shell = rejected();
    let redriven = shell.stream.redrive(&chosen(&[1, 3, 2]), 1, shell.now).unwrap();
    assert_eq!((redriven.redriven, redriven.superseded, redriven.passed), (2, 0, 1));
    shell.write(redriven.change);
    let first = shell.deliver();
    assert_eq!(first[0].0, 1);
    assert_eq!(shell.handed.last().unwrap().1.attempt, 2);
    assert_eq!(shell.deliver(), [], "the other comes a second later");
    shell.settle(first[0].1, Outcome::Ack);
    assert_eq!(shell.letters(), [3]);
    // What is left survives a crash.
    shell.pass(SECOND);
    shell.reopen();
    let second = shell.deliver();
    assert_eq!(second[0].0, 3);
    shell.settle(second[0].1, Outcome::Ack);
    assert!(shell.letters().is_empty());
    shell.reopen();
    assert_eq!(shell.deliver(), []);
}

#[test]
fn redriven_record_that_fails_again_returns_once_another_succeeds() {
    let mut shell = rejected();
    let redriven = shell.stream.redrive(&chosen(&[1]), 1, shell.now).unwrap();
    shell.write(redriven.change);
    let given = shell.deliver();
    shell.settle(given[0].1, Outcome::Retry(None));
    assert!(matches!(shell.progress.letter(at(1)).unwrap().1, LetterState::Redriven { .. }));
    shell.keys.push(7);
    shell.run(|_| Outcome::Ack);
    let (letter, state) = shell.progress.letter(at(1)).unwrap();
    assert_eq!((letter.attempts, state), (2, LetterState::Dead));
    assert!(matches!(letter.cause, Cause::Rejected(_)), "its cause is the first one");
}

#[test]
fn redriven_record_can_be_rejected_again() {
    let mut shell = rejected();
    let redriven = shell.stream.redrive(&chosen(&[1]), 1, shell.now).unwrap();
    shell.write(redriven.change);
    let given = shell.deliver();
    shell.settle(given[0].1, rejection("still bad"));
    let (letter, _) = shell.progress.letter(at(1)).unwrap();
    assert!(matches!(&letter.cause, Cause::Rejected(reason) if reason.as_str() == "still bad"));
}

#[test]
fn superseded_letter_is_closed_and_not_handed_out() {
    let mut shell = rejected();
    let chosen = [(at(1), Newer::HasCome), (at(3), Newer::HasNotCome)];
    let redriven = shell.stream.redrive(&chosen, 1, shell.now).unwrap();
    assert_eq!((redriven.redriven, redriven.superseded), (1, 1));
    shell.write(redriven.change);
    assert_eq!(shell.letters(), [3]);
    assert_eq!(shell.deliver()[0].0, 3);
}

#[test]
fn purged_letter_is_gone_and_a_redriven_one_stays() {
    let mut shell = rejected();
    let redriven = shell.stream.redrive(&chosen(&[3]), 1, shell.now).unwrap();
    shell.write(redriven.change);
    let (purged, change) = shell.stream.purge(&[at(1), at(2), at(3)]);
    shell.write(change);
    assert_eq!((purged, shell.letters()), (1, vec![3]));
}

#[test]
fn letter_expires_thirty_days_after_it_came_to_be() {
    let mut shell = rejected();
    shell.pass(30 * DAY - SECOND);
    let (expired, change) = shell.stream.expire_letters(shell.now);
    shell.write(change);
    assert_eq!((expired, shell.letters().len()), (0, 2));
    shell.pass(SECOND);
    let (expired, change) = shell.stream.expire_letters(shell.now);
    shell.write(change);
    assert_eq!((expired, shell.letters().len()), (2, 0));
}

#[test]
fn too_many_redriven_letters_are_refused() {
    let mut shell = rejected();
    let many = vec![(at(1), Newer::HasNotCome); MOST_REDRIVEN + 1];
    assert!(shell.stream.redrive(&many, 1, shell.now).is_err());
    assert_eq!(shell.progress.letter(at(1)).unwrap().1, LetterState::Dead);
}

#[test]
fn redriven_record_waits_for_its_key_s_turn_and_holds_it_up_only_when_due() {
    let mut shell = Shell::new(&[5, 5], Options::default());
    shell.run(|offset| if offset == 0 { rejection("bad") } else { Outcome::Ack });
    let chosen = [(at(1), Newer::HasNotCome), (at(0), Newer::HasNotCome)];
    let redriven = shell.stream.redrive(&chosen, 1, shell.now).unwrap();
    shell.write(redriven.change);
    shell.keys.push(5);
    let given = shell.deliver();
    assert_eq!(given[0].0, 0, "one was chosen, it is due at once");
    assert_eq!(given.len(), 1, "its key's next record waits for it");
    shell.settle(given[0].1, Outcome::Ack);
    assert_eq!(shell.deliver()[0].0, 2);
}

#[test]
fn patience_needs_both_attempts_and_horizon() {
    let hour = Duration::from_secs(3_600);
    for (attempts, horizon, dead) in
        [(3, Duration::ZERO, true), (3, hour, false), (30, Duration::ZERO, false)]
    {
        let patience = Patience::new(attempts, horizon, 30 * DAY).unwrap();
        let options = Options { order: Order::None, patience, ..Options::default() };
        let mut shell = Shell::new(&[0], options);
        for _ in 0..12 {
            shell.keys.push(1);
            shell.run_for(20 * SECOND, |offset| {
                if offset == 0 { Outcome::Retry(None) } else { Outcome::Ack }
            });
        }
        assert_eq!(shell.letters() == [0], dead, "{attempts} attempts and {horizon:?}");
    }
}

#[test]
fn what_began_a_letter_is_forgotten_before_what_ended_it() {
    let mut shell = rejected();
    let redriven = shell.stream.redrive(&chosen(&[1]), 1, shell.now).unwrap();
    shell.write(redriven.change);
    shell.run(|_| Outcome::Ack);
    let change = shell.stream.checkpoint();
    let letters: Vec<&String> =
        change.forget.iter().filter(|key| key.contains("/letter/")).collect();
    // 1 is the rejection, 2 another letter's, 3 the redrive, 4 the end.
    let expected = [1, 3, 4].map(|n| format!("statistics/units/1/letter/{n}"));
    assert_eq!(letters, expected.iter().collect::<Vec<_>>());
}
