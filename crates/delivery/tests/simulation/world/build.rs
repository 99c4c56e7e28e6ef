//! How a world begins, and what a subscription asks for.

use std::time::Duration;

use ndxp_delivery::{
    Backoff, Lease, Limits, Now, Options, Order, Parking, Patience, Place, Progress,
};
use ndxp_model::Timestamp;

use super::World;
use crate::{chance::Chance, model::Model, rows::Rows};

impl World {
    pub(crate) fn new(mut chance: Chance) -> Self {
        let partitions = 1 + chance.below(3);
        let mut rows = Rows::default();
        (0..partitions).for_each(|number| rows.publish(&mut chance, number, 3));
        let start: Vec<u64> = (0..partitions).map(|_| chance.below(3)).collect();
        let place = |chance: &mut Chance| Place {
            partition: chance.below(partitions) as u32,
            offset: chance.below(20),
        };
        let poison = (0..chance.below(4)).map(|_| place(&mut chance)).collect();
        Self {
            rows,
            now: Now { monotonic_ms: 7_777, wall: Timestamp::from_millis(1_790_000_000_000) },
            lane: Vec::new(),
            fold: Progress::new("statistics/units".parse().unwrap()),
            current: None,
            fenced: Vec::new(),
            model: Model::new(&start),
            start,
            poison,
            down: false,
            tokens: Vec::new(),
            chance,
        }
    }

    /// Options of the next stream; all but the bounds of what is kept may change between two.
    pub(super) fn options(&mut self) -> Options {
        let chance = &mut self.chance;
        let seconds = Duration::from_secs;
        Options {
            order: if chance.percent(70) { Order::ByKey } else { Order::None },
            limits: Limits::new(1 + chance.below(20), 400 + chance.below(4_000)).unwrap(),
            lease: Lease::new(seconds(1 + chance.below(60)), seconds(chance.below(120))).unwrap(),
            backoff: Backoff::new(seconds(1), seconds(1 + chance.below(60)), 2).unwrap(),
            patience: Patience::new(
                1 + chance.below(4) as u32,
                seconds(chance.below(600)),
                seconds(86_400),
            )
            .unwrap(),
            parking: Parking::new(1 + chance.below(20) as u32).unwrap(),
        }
    }
}
