//! Order by key.

use std::time::Duration;

use ndxp_delivery::{HandError, Options, Order, Outcome, Parking, Pause};

use crate::shell::{Shell, at, rejection, view};

#[test]
fn frame_holds_one_record_of_a_key_and_the_next_comes_after_it() {
    let mut shell = Shell::new(&[1, 1, 2, 1], Options::default());
    let given = shell.deliver();
    assert_eq!(given.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(shell.deliver(), []);
    shell.settle(given[0].1, Outcome::Ack);
    let next = shell.deliver();
    assert_eq!(next.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [1]);
    shell.settle(next[0].1, rejection("bad"));
    assert_eq!(shell.deliver()[0].0, 3);
}

#[test]
fn order_none_hands_out_records_of_one_key_together() {
    let options = Options { order: Order::None, ..Options::default() };
    let mut shell = Shell::new(&[1, 1, 1], options);
    assert_eq!(shell.deliver().len(), 3);
}

#[test]
fn reading_pauses_while_so_many_are_parked() {
    let options = Options { parking: Parking::new(3).unwrap(), ..Options::default() };
    let mut shell = Shell::new(&[1, 1, 1, 1, 1, 2], options);
    let first = shell.deliver()[0];
    assert_eq!(shell.deliver(), []);
    let want = shell.want();
    assert_eq!((want.paused, want.reads), (Some(Pause::ParkedKeysFull), vec![]));
    assert_eq!(shell.stream.next_reads().next(), Some((0, 4)));
    shell.settle(first.1, Outcome::Ack);
    let second = shell.deliver();
    assert_eq!(second[0].0, 1);
    assert_eq!(shell.deliver(), []);
    assert_eq!(shell.stream.paused(), Some(Pause::ParkedKeysFull), "one more was read and parked");
    shell.run_for(Duration::from_secs(70), |_| Outcome::Ack);
    assert_eq!((shell.stream.paused(), shell.progress.positions()), (None, vec![6]));
}

#[test]
fn parked_record_is_refused_until_its_turn() {
    let mut shell = Shell::new(&[1, 1], Options::default());
    let _given = shell.deliver();
    for offset in [0, 1] {
        let items = [shell.item(offset)];
        let error = shell.stream.hand(&view(), &items, shell.now).unwrap_err();
        assert_eq!(error, HandError::NotDue { place: at(offset) });
    }
}

#[test]
fn record_that_is_gone_gives_its_turn_away() {
    let mut shell = Shell::new(&[1, 1, 1], Options::default());
    let given = shell.deliver();
    shell.settle(given[0].1, Outcome::Ack);
    let change = shell.stream.withdraw(at(1), shell.now);
    shell.write(change);
    assert_eq!(shell.deliver()[0].0, 2);
    assert_eq!(shell.progress.positions(), [2]);
}
