//! The dataset.

use ndxp_delivery::{Item, KeyHash, Place, Verdict};

use crate::chance::Chance;

/// Each partition's rows, `None` where the filter withholds one.
#[derive(Default)]
pub(crate) struct Rows(Vec<Vec<Option<Row>>>);

#[derive(Clone, Copy)]
pub(crate) struct Row {
    size: u64,
    key: u128,
    verdict: u8,
}

impl Rows {
    /// A key's records are all in one partition.
    pub(crate) fn publish(&mut self, chance: &mut Chance, partition: u64, rows: u64) {
        let number = partition as usize;
        self.0.resize_with(self.0.len().max(number + 1), Vec::new);
        for _ in 0..rows {
            let key = u128::from(chance.below(4)) << 64 | u128::from(partition);
            let row = Row { size: 1 + chance.below(300), key, verdict: chance.below(3) as u8 };
            self.0[number].push(chance.percent(75).then_some(row));
        }
    }

    pub(crate) fn ends(&self) -> Vec<u64> {
        self.0.iter().map(|rows| rows.len() as u64).collect()
    }

    /// What the shell makes of a place.
    pub(crate) fn item(&self, place: Place) -> Option<Item> {
        let row = self.0.get(place.partition as usize)?.get(place.offset as usize)?.as_ref()?;
        let (key, verdict) = (KeyHash(row.key), Verdict(row.verdict));
        Some(Item { place, size: row.size, key, verdict })
    }

    /// A record is gone.
    pub(crate) fn remove(&mut self, place: Place) {
        self.0[place.partition as usize][place.offset as usize] = None;
    }

    /// All that may leave from these positions on.
    pub(crate) fn visible_from(&self, positions: &[u64]) -> impl Iterator<Item = Item> {
        let each = (0..).zip(&self.0).zip(positions.to_vec());
        each.flat_map(move |((partition, rows), from)| {
            let offsets = from..rows.len() as u64;
            offsets.filter_map(move |offset| self.item(Place { partition, offset }))
        })
    }
}
