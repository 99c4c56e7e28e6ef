#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{AckToken, HandedRange, KeyHash, Limits, Now, Options, Verdict};
use ndxp_model::{AgreementRef, Timestamp};

fn agreement() -> AgreementRef {
    "agr-0042@7".parse().unwrap()
}

/// A stream of epoch 1 that starts at `start` and has `credit` records of credit.
fn stream(start: &[u64], credit: u64) -> Stream {
    open(&Progress::new("statistics/units".parse().unwrap()), start, credit)
}

fn open(progress: &Progress, start: &[u64], credit: u64) -> Stream {
    let mut progress = progress.clone();
    let opening = progress.opening(start, agreement());
    assert_eq!(progress.apply(&opening.into()), Applied::Taken);
    let options = Options { order: Order::None, ..Options::default() };
    let mut stream = Stream::open(&progress, options, now(0)).unwrap().stream;
    stream.credit(credit, credit * 10);
    stream
}

fn now(ms: u64) -> Now {
    Now { monotonic_ms: 1_000_000 + ms, wall: Timestamp::from_millis(ms as i64) }
}

fn items(offsets: &[(u32, u64)]) -> Vec<Item> {
    let item = |&(partition, offset): &(u32, u64)| Item {
        place: Place { partition, offset },
        size: 10,
        key: KeyHash(offset.into()),
        verdict: Verdict::default(),
    };
    offsets.iter().map(item).collect()
}

fn hand(stream: &mut Stream, offsets: &[(u32, u64)]) -> HandOut {
    stream.hand(&agreement(), &items(offsets), now(0)).unwrap()
}

fn deliveries(out: &HandOut) -> Vec<Delivery> {
    let delivery = |fate: &Fate| match fate {
        Fate::Given(delivery) => Some(*delivery),
        Fate::Parked | Fate::Left | Fate::Passed => None,
    };
    out.fates.iter().filter_map(delivery).collect()
}

fn tokens(out: &HandOut) -> Vec<AckToken> {
    deliveries(out).iter().map(|delivery| delivery.token).collect()
}

fn handed(out: &HandOut) -> &crate::Handed {
    &out.frame.as_ref().unwrap().handed
}

fn cursor(change: &Change) -> Option<Vec<u64>> {
    change.append.iter().find_map(|record| match record {
        DeliveryRecord::Cursor(cursor) => Some(cursor.positions.clone()),
        _ => None,
    })
}

fn check_refused(stream: &mut Stream, offsets: &[(u32, u64)], expected: HandError) {
    let before = format!("{stream:?}");
    assert_eq!(
        stream.hand(&agreement(), &items(offsets), now(0)).unwrap_err(),
        expected,
        "{offsets:?}"
    );
    assert_eq!(format!("{stream:?}"), before, "a refused hand-out changes nothing");
}

#[test]
fn subscription_that_was_never_opened_has_no_stream() {
    let progress = Progress::new("statistics/units".parse().unwrap());
    assert_eq!(Stream::open(&progress, Options::default(), now(0)).unwrap_err(), NotOpened);
}

#[test]
fn withheld_row_splits_a_range_and_is_not_counted_in_tokens() {
    let mut stream = stream(&[4, 0], 10);
    stream.skip(0, 6..7).unwrap();
    let out = hand(&mut stream, &[(0, 4), (1, 0), (0, 5), (0, 7)]);
    let range = |partition, first, last| HandedRange { partition, first, last, attempt: 1 };
    assert_eq!(handed(&out).ranges, [range(0, 4, 5), range(0, 7, 7), range(1, 0, 0)]);
    assert_eq!((handed(&out).n, handed(&out).epoch), (1, 1));
    let sequences: Vec<u64> = tokens(&out).iter().map(|token| token.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    assert_eq!(stream.next_reads().collect::<Vec<_>>(), [(0, 8), (1, 1)]);
}

#[test]
fn offset_neither_handed_nor_withheld_is_not_jumped_over() {
    let mut stream = stream(&[4, 0], 10);
    let wrong =
        |offset, next| HandError::OutOfOrder { place: Place { partition: 0, offset }, next };
    check_refused(&mut stream, &[(0, 5)], wrong(5, 4));
    assert_eq!(hand(&mut stream, &[(0, 3)]).fates, [Fate::Passed]);
    check_refused(&mut stream, &[(1, 0), (0, 4), (0, 4)], wrong(4, 5));
    stream.skip(0, 4..6).unwrap();
    check_refused(&mut stream, &[(0, 7)], wrong(7, 6));
    assert_eq!(hand(&mut stream, &[(0, 5)]).fates, [Fate::Passed]);
    check_refused(&mut stream, &[(2, 0)], UnknownPartition(2).into());
    assert_eq!(stream.skip(2, 0..1), Err(UnknownPartition(2)));
}

#[test]
fn largest_offset_is_never_handed_out() {
    let mut stream = stream(&[u64::MAX], 10);
    let offset = u64::MAX;
    check_refused(
        &mut stream,
        &[(0, offset)],
        HandError::OutOfOrder { place: Place { partition: 0, offset }, next: offset },
    );
}

#[test]
fn row_withheld_ahead_can_still_be_handed_out_by_a_later_decision() {
    let mut stream = stream(&[0], 10);
    stream.skip(0, 1..3).unwrap();
    assert_eq!(stream.next_reads().next(), Some((0, 0)));
    let _out = hand(&mut stream, &[(0, 0), (0, 1)]);
    assert_eq!(stream.next_reads().next(), Some((0, 3)));
}

#[test]
fn credit_adds_up_is_used_once_and_never_overflows() {
    let mut stream = stream(&[0], 1);
    stream.credit(1, 10);
    assert_eq!(stream.room(), Room { records: 2, bytes: 20 });
    let out = hand(&mut stream, &[(0, 0), (0, 1), (0, 2)]);
    assert_eq!(out.fates.last(), Some(&Fate::Left));
    assert_eq!(stream.outstanding(), Room { records: 2, bytes: 20 });
    stream.ack(&tokens(&out), now(0));
    assert_eq!((stream.outstanding(), stream.room()), (Room::NONE, Room::NONE));
    stream.credit(u64::MAX, u64::MAX);
    stream.credit(u64::MAX, u64::MAX);
    assert_eq!(stream.room(), Limits::DEFAULT);
}

#[test]
fn bytes_bound_the_room_too() {
    let mut stream = stream(&[0], 0);
    stream.credit(10, 15);
    assert_eq!(hand(&mut stream, &[(0, 0), (0, 1)]).fates.last(), Some(&Fate::Left));
    assert_eq!(stream.room(), Room { records: 9, bytes: 5 });
}

#[test]
fn outstanding_is_bounded_by_the_limits_whatever_the_credit() {
    let mut stream = stream(&[0], 1_000_000);
    let all: Vec<(u32, u64)> = (0..1_000).map(|offset| (0, offset)).collect();
    let out = hand(&mut stream, &all);
    assert_eq!(stream.room().records, 0);
    stream.ack(tokens(&out).get(..1).unwrap(), now(0));
    assert_eq!(stream.room().records, 1);
}

#[test]
fn cursor_is_the_lowest_offset_that_is_not_settled() {
    let mut stream = stream(&[0, 7], 10);
    stream.skip(0, 1..2).unwrap();
    let out = hand(&mut stream, &[(0, 0), (0, 2), (1, 7), (0, 3)]);
    let tokens = tokens(&out);
    let mut check = |token: usize, positions: Option<&[u64]>| {
        let settled = stream.ack(tokens.get(token..=token).unwrap(), now(0));
        assert_eq!((settled.acked, settled.lost.as_slice()), (1, [].as_slice()));
        assert_eq!(cursor(&settled.change).as_deref(), positions);
    };
    check(1, None);
    check(2, Some(&[0, 8]));
    check(0, Some(&[3, 8]));
    check(3, Some(&[4, 8]));
}

#[test]
fn withheld_rows_alone_move_the_cursor() {
    let mut stream = stream(&[0], 10);
    assert_eq!(cursor(&stream.checkpoint()), None);
    stream.skip(0, 0..5).unwrap();
    assert_eq!(cursor(&stream.checkpoint()), Some(vec![5]));
    assert_eq!(cursor(&stream.checkpoint()), None);
    let reversed = std::ops::Range { start: 9, end: 7 };
    stream.skip(0, reversed).unwrap();
    stream.skip(0, 2..4).unwrap();
    assert_eq!(cursor(&stream.checkpoint()), None);
}

#[test]
fn acknowledging_twice_is_harmless() {
    let mut stream = stream(&[0], 10);
    let token = tokens(&hand(&mut stream, &[(0, 0), (0, 1)])).remove(0);
    let settled = stream.ack(&[token, token], now(0));
    assert_eq!((settled.acked, settled.lost), (1, vec![]));
    let again = stream.ack(&[token], now(0));
    assert_eq!((again.acked, again.lost, again.change), (0, vec![], Change::default()));
}

#[test]
fn token_of_another_epoch_or_never_given_is_lost() {
    let mut old = stream(&[0], 10);
    let old_tokens = tokens(&hand(&mut old, &[(0, 0), (0, 1)]));
    let mut stream = open(old.progress(), &[0], 10);
    let _out = hand(&mut stream, &[(0, 0)]);
    let epoch = stream.epoch();
    let mut wrong = old_tokens;
    wrong.extend([0, 2, u64::MAX].map(|sequence| AckToken { epoch, sequence }));
    wrong.push(AckToken { epoch: epoch + 1, sequence: 1 });
    let settled = stream.ack(&wrong, now(0));
    assert_eq!((settled.acked, settled.lost, settled.change), (0, wrong, Change::default()));
}

#[test]
fn next_stream_marks_what_may_have_been_sent() {
    let mut old = stream(&[0], 10);
    let out = hand(&mut old, &[(0, 0), (0, 1), (0, 2)]);
    let first_and_last: Vec<AckToken> = tokens(&out).into_iter().step_by(2).collect();
    assert_eq!(cursor(&old.ack(&first_and_last, now(0)).change), Some(vec![1]));
    let mut stream = open(old.progress(), &[0], 10);
    let again = hand(&mut stream, &[(0, 1), (0, 2), (0, 3)]);
    let attempts: Vec<u32> = deliveries(&again).iter().map(|delivery| delivery.attempt).collect();
    assert_eq!(attempts, [2, 2, 1]);
}

#[test]
fn frame_holds_so_many_ranges_as_its_audit_entry_can() {
    let mut stream = stream(&[0], 1_000);
    (0..200).for_each(|n| stream.skip(0, 2 * n + 1..2 * n + 2).unwrap());
    let even: Vec<(u32, u64)> = (0..200).map(|n| (0, 2 * n)).collect();
    let mut first = hand(&mut stream, &even);
    assert_eq!(deliveries(&first).len(), 150);
    assert_eq!(handed(&first).ranges.len(), 150);
    assert_eq!(first.fates.split_off(150), [Fate::Left; 50], "as if they had not been offered");
    let rest: Vec<_> = even.into_iter().skip(150).collect();
    let rest = hand(&mut stream, &rest);
    assert_eq!(deliveries(&rest).len(), 50);
}
