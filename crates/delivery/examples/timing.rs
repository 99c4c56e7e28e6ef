//! What handing out and settling frames of 500 records costs:
//! `cargo run --release -p ndxp-delivery --example timing`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints figures")]
#![expect(clippy::disallowed_methods, reason = "it measures; the machine reads no clock")]

use std::time::Instant;

use ndxp_delivery::{
    AckToken, Change, Fate, Item, KeyHash, Now, Options, Order, Place, Progress, Stream, Verdict,
};
use ndxp_model::{AgreementRef, Timestamp};

const FRAME: u64 = 500;
const FRAMES: u64 = 4_000;

fn main() {
    for (name, order) in [("NONE", Order::None), ("BY_KEY", Order::ByKey)] {
        let (hand, want, settle) = measure(order, false);
        println!(
            "{name}: hand {hand:.1} us, want {want:.1} us, settle in order {settle:.1} us a frame"
        );
        let (hand, want, settle) = measure(order, true);
        println!(
            "{name}: hand {hand:.1} us, want {want:.1} us, settle shuffled {settle:.1} us a frame"
        );
    }
}

fn measure(order: Order, shuffled: bool) -> (f64, f64, f64) {
    let agreement: AgreementRef = "agr-0042@7".parse().unwrap();
    let mut now = Now { monotonic_ms: 0, wall: Timestamp::from_millis(1_790_000_000_000) };
    let mut progress = Progress::new("statistics/units".parse().unwrap());
    let _applied = progress.apply(&progress.opening(&[0], agreement.clone()).into());
    let options = Options { order, ..Options::default() };
    let mut stream = Stream::open(&progress, options, now).unwrap().stream;
    stream.credit(u64::MAX, u64::MAX);
    let (mut hand, mut want, mut settle) = (0.0, 0.0, 0.0);
    for frame in 0..FRAMES {
        now.monotonic_ms += 1;
        let start = Instant::now();
        let wanted = stream.want(now);
        want += start.elapsed().as_secs_f64();
        assert!(wanted.room.records >= FRAME);
        let items: Vec<Item> = (frame * FRAME..(frame + 1) * FRAME).map(item).collect();
        let start = Instant::now();
        let out = stream.hand(&agreement, &items, now).unwrap();
        hand += start.elapsed().as_secs_f64();
        stream.taken(out.frame.unwrap().handed.n, now);
        let mut tokens: Vec<AckToken> = out.fates.iter().map(token).collect();
        if shuffled {
            tokens.sort_by_key(|token| {
                mixed(u64::from_be_bytes(token.to_bytes()[8..].try_into().unwrap()))
            });
        }
        let start = Instant::now();
        let settled = stream.ack(&tokens, now);
        settle += start.elapsed().as_secs_f64();
        assert_eq!(settled.acked, FRAME);
        let _written: Change = settled.change;
    }
    let us = 1_000_000.0 / FRAMES as f64;
    (hand * us, want * us, settle * us)
}

fn item(offset: u64) -> Item {
    let key = KeyHash(u128::from(mixed(offset)) << 64 | u128::from(offset));
    Item { place: Place { partition: 0, offset }, size: 700, key, verdict: Verdict(0) }
}

fn mixed(number: u64) -> u64 {
    (number ^ (number >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

fn token(fate: &Fate) -> AckToken {
    match fate {
        Fate::Given(delivery) => delivery.token,
        Fate::Parked | Fate::Left | Fate::Passed => panic!("every record is given"),
    }
}
