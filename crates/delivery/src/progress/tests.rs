#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::HandedRange;

fn view() -> AgreementRef {
    "agr-0042@7".parse().unwrap()
}

fn at(partition: u32, offset: u64) -> Place {
    Place { partition, offset }
}

const GOLDEN: &str = include_str!("../../golden/progress.v2.json");

fn sub() -> SubscriptionName {
    "statistics/units".parse().unwrap()
}

fn opened(epoch: u64, start: &[u64]) -> DeliveryRecord {
    Opened { sub: sub(), epoch, start: start.to_vec(), view: None }.into()
}

fn handed(epoch: u64, ranges: &[(u32, u64, u64, u32)]) -> DeliveryRecord {
    let range = |&(partition, first, last, attempt): &(u32, u64, u64, u32)| HandedRange {
        partition,
        first,
        last,
        attempt,
    };
    let agreement = "agr-0042@7".parse().unwrap();
    let ranges = ranges.iter().map(range).collect();
    Handed { sub: sub(), epoch, agreement, n: 1, ranges }.into()
}

fn cursor(epoch: u64, positions: &[u64]) -> DeliveryRecord {
    Cursor { sub: sub(), epoch, positions: positions.to_vec() }.into()
}

fn fold(records: &[DeliveryRecord]) -> Progress {
    let mut progress = Progress::new(sub());
    for record in records {
        assert_eq!(progress.apply(record), Applied::Taken, "{record:?}");
    }
    progress
}

#[test]
fn state_as_bytes_is_the_golden_file() {
    let progress = fold(&[
        opened(1, &[0, 20]),
        handed(1, &[(0, 0, 6, 1), (0, 8, 8, 1), (1, 20, 22, 1)]),
        cursor(1, &[4, 20]),
        opened(2, &[4, 20]),
        handed(2, &[(1, 20, 21, 2)]),
    ]);
    assert_eq!(String::from_utf8(progress.to_bytes()).unwrap(), GOLDEN.trim_end());
}

#[test]
fn attempts_are_known_from_the_cursor_on_and_forgotten_below() {
    let progress =
        fold(&[opened(1, &[0]), handed(1, &[(0, 0, 3, 1), (0, 5, 5, 1)]), cursor(1, &[2])]);
    let attempts: Vec<u32> = (0..7).map(|offset| progress.attempt_of(at(0, offset))).collect();
    assert_eq!(attempts, [0, 0, 1, 1, 0, 1, 0]);
    assert_eq!(progress.attempt_of(at(1, 0)), 0);
    assert_eq!(progress.attempt_of(at(u32::MAX, u64::MAX)), 0);
}

#[test]
fn later_opening_keeps_the_cursor_whatever_start_it_names() {
    let mut progress = fold(&[opened(1, &[0, 0]), cursor(1, &[5, 6])]);
    assert_eq!(
        progress.opening(&[9, 9], view()),
        Opened { sub: sub(), epoch: 2, start: vec![5, 6], view: Some(view()) }
    );
    assert_eq!(progress.apply(&opened(2, &[0, 0])), Applied::Taken);
    assert_eq!(progress.positions(), [5, 6]);
}

/// Record `n` of an epoch about the letter of the third record.
fn letter(epoch: u64, n: u64, state: LetterState) -> DeliveryRecord {
    let time = Timestamp::from_millis(1_790_000_000_000);
    let letter = Letter {
        place: at(0, 2),
        key: crate::KeyHash(7),
        verdict: crate::Verdict::default(),
        cause: crate::Cause::Exhausted,
        attempts: 20,
        first_failed: time,
        since: time,
    };
    LetterChanged { sub: sub(), epoch, n, letter, state }.into()
}

#[test]
fn late_record_of_a_fenced_stream_costs_no_letter_where_its_fence_is_compacted_away() {
    let redriven = LetterState::Redriven { due: Timestamp::from_millis(1_790_000_000_000) };
    let closed = LetterState::Closed(crate::Closing::Acknowledged);
    for state in [closed, LetterState::Dead, redriven] {
        let mut whole = fold(&[opened(1, &[0]), letter(1, 1, redriven), opened(2, &[0])]);
        let late = letter(1, 2, state);
        assert_eq!(whole.apply(&late), Applied::Fenced);
        whole.forgotten(&late.key());
        // The fence had its tombstone, and is gone; the late record has one and is still there.
        let mut compacted = fold(&[opened(1, &[0]), letter(1, 1, redriven), late.clone()]);
        compacted.forgotten(&late.key());
        let letters = |progress: &Progress| {
            let letters = progress.letters(None);
            letters.map(|(letter, state)| (letter.clone(), state)).collect::<Vec<_>>()
        };
        assert_eq!(letters(&compacted), letters(&whole), "{state:?}");
        assert_eq!(compacted.letter_count(), 1);
        assert_eq!(compacted.take_garbage(1, 100), Vec::<String>::new(), "{state:?}");
    }
}

#[test]
fn first_opening_of_a_race_wins() {
    let mut progress = fold(&[opened(1, &[0]), opened(2, &[0])]);
    assert_eq!(progress.apply(&opened(2, &[0])), Applied::Fenced);
}

#[test]
fn record_that_does_not_belong_changes_nothing() {
    let before = fold(&[opened(1, &[3, 3]), opened(2, &[3, 3]), handed(2, &[(0, 3, 4, 1)])]);
    let check = |record: DeliveryRecord, expected: Applied| {
        let mut after = before.clone();
        assert_eq!(after.apply(&record), expected, "{record:?}");
        assert_eq!(after.to_bytes(), before.to_bytes(), "{record:?}");
    };
    check(opened(1, &[9, 9]), Applied::Fenced);
    check(handed(1, &[(0, 5, 6, 1)]), Applied::Fenced);
    check(cursor(1, &[9, 9]), Applied::Fenced);
    check(opened(3, &[9]), Applied::Impossible);
    check(opened(3, &[]), Applied::Impossible);
    check(handed(3, &[(0, 5, 6, 1)]), Applied::Impossible);
    check(handed(2, &[(0, 5, 6, 1), (2, 5, 6, 1)]), Applied::Impossible);
    check(handed(2, &[(0, 6, 5, 1)]), Applied::Impossible);
    check(cursor(2, &[9]), Applied::Impossible);
    let sub: SubscriptionName = "statistics/persons".parse().unwrap();
    check(
        Opened { sub, epoch: 3, start: vec![9, 9], view: None }.into(),
        Applied::OtherSubscription,
    );
}

#[test]
fn cursor_never_goes_back() {
    let mut progress = fold(&[opened(1, &[0, 0]), cursor(1, &[5, 6])]);
    assert_eq!(progress.apply(&cursor(1, &[4, 7])), Applied::Taken);
    assert_eq!(progress.positions(), [5, 7]);
    assert_eq!(progress.apply(&handed(1, &[(0, 2, 4, 1)])), Applied::Taken);
    assert_eq!(progress.attempt_of(at(0, 4)), 0);
}

#[test]
fn nothing_counts_before_the_first_opening() {
    let mut progress = Progress::new(sub());
    assert_eq!(progress.apply(&opened(0, &[0])), Applied::Fenced);
    assert_eq!(progress.apply(&handed(0, &[])), Applied::Impossible);
    assert_eq!(progress.apply(&cursor(0, &[])), Applied::Impossible);
    assert_eq!(progress.to_bytes(), Progress::new(sub()).to_bytes());
}
