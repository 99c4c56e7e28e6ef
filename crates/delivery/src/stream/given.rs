//! What is outstanding, and how long its leases hold.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

use super::held::Work;
use crate::{limits::Room, options::Lease, spans::Spans, token::AckToken};

/// Outstanding records by the number in their token.
#[derive(Debug, Default)]
pub(super) struct Given {
    records: HashMap<u64, Outstanding, BuildHasherDefault<Mixer>>,
    frames: BTreeMap<u64, Frame>,
    /// Frames and single records by the moment at which their leases end.
    frame_ends: BTreeSet<(u64, u64)>,
    own_ends: BTreeSet<(u64, u64)>,
    /// Numbers of tokens whose lease was lost.
    lost: Spans<()>,
    /// Below it nobody remembers whether a token was settled or lost.
    lost_floor: u64,
    last_number: u64,
    last_frame: u64,
}

/// How many runs of lost tokens are remembered. A token that is older counts as lost: that is what
/// a consumer that is so late has to expect.
const LOST_RUNS: usize = 4_096;

/// A record that was handed out.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) work: Work,
    pub(super) size: u64,
    frame: u64,
    /// Where the consumer extended it: when it ends.
    own_end: Option<u64>,
}

#[derive(Debug)]
struct Frame {
    first: u64,
    /// After the last.
    end: u64,
    left: u64,
    /// When the leases end, and when they end at the latest; none before the transport took it.
    lease: Option<(u64, u64)>,
}

/// What a token stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Outstanding,
    /// It was settled before.
    Settled,
    /// Its lease was lost, or it was never given.
    Lost,
}

impl Given {
    /// Returns the number of the next frame, from 1.
    pub(super) fn next_frame(&self) -> u64 {
        self.last_frame + 1
    }

    /// Adds a record to the next frame and returns its number.
    pub(super) fn give(&mut self, work: Work, size: u64) -> u64 {
        self.last_number += 1;
        let frame = self.next_frame();
        self.records.insert(self.last_number, Outstanding { work, size, frame, own_end: None });
        self.last_number
    }

    /// Ends the next frame: `count` records were given for it.
    pub(super) fn end_frame(&mut self, count: u64) {
        self.last_frame += 1;
        let end = self.last_number + 1;
        let frame = Frame { first: end - count, end, left: count, lease: None };
        self.frames.insert(self.last_frame, frame);
    }

    /// Starts the leases of a frame. A frame that is unknown or was taken before changes nothing.
    pub(super) fn taken(&mut self, frame: u64, now: u64, lease: Lease) {
        let Some(found) = self.frames.get_mut(&frame) else { return };
        if found.lease.is_none() {
            let end = now.saturating_add(lease.ms());
            found.lease = Some((end, end.saturating_add(lease.extensions_ms())));
            self.frame_ends.insert((end, frame));
        }
    }

    pub(super) fn standing(&self, epoch: u64, token: AckToken) -> Standing {
        let number = token.sequence;
        if token.epoch != epoch || number == 0 || number > self.last_number {
            Standing::Lost
        } else if self.records.contains_key(&number) {
            Standing::Outstanding
        } else if number < self.lost_floor || self.lost.get(number).is_some() {
            Standing::Lost
        } else {
            Standing::Settled
        }
    }

    /// Takes a record out.
    pub(super) fn take(&mut self, number: u64) -> Option<Outstanding> {
        let record = self.records.remove(&number)?;
        if let Some(end) = record.own_end {
            self.own_ends.remove(&(end, number));
        }
        if let Some(frame) = self.frames.get_mut(&record.frame) {
            frame.left -= 1;
            if frame.left == 0 {
                if let Some((end, _)) = frame.lease {
                    self.frame_ends.remove(&(end, record.frame));
                }
                self.frames.remove(&record.frame);
            }
        }
        Some(record)
    }

    /// Extends a lease and tells whether there was anything left to extend it by.
    pub(super) fn extend(&mut self, number: u64, now: u64, lease: Lease) -> bool {
        let Some(record) = self.records.get_mut(&number) else { return false };
        let taken = self.frames.get(&record.frame).and_then(|frame| frame.lease);
        let Some((frame_end, latest)) = taken else { return true };
        let before = record.own_end.unwrap_or(frame_end);
        let end = now.saturating_add(lease.ms()).min(latest).max(before);
        if end == before {
            return end < latest;
        }
        if record.own_end.is_some() {
            self.own_ends.remove(&(before, number));
        }
        record.own_end = Some(end);
        self.own_ends.insert((end, number));
        true
    }

    /// Takes out the records whose lease is over, in the order in which they were given.
    pub(super) fn expired(&mut self, now: u64) -> Vec<Outstanding> {
        let mut numbers = BTreeSet::new();
        while let Some(&(end, frame)) = self.frame_ends.first()
            && end <= now
        {
            self.frame_ends.remove(&(end, frame));
            let Some(frame) = self.frames.get(&frame) else { continue };
            let own = |number: &u64| {
                self.records.get(number).is_some_and(|record| record.own_end.is_none())
            };
            numbers.extend((frame.first..frame.end).filter(own));
        }
        while let Some(&(end, number)) = self.own_ends.first()
            && end <= now
        {
            self.own_ends.remove(&(end, number));
            numbers.insert(number);
        }
        numbers.into_iter().filter_map(|number| self.lose(number)).collect()
    }

    /// Returns when the next lease ends.
    pub(super) fn next_end(&self) -> Option<u64> {
        let frame = self.frame_ends.first().map(|(end, _)| *end);
        let own = self.own_ends.first().map(|(end, _)| *end);
        frame.into_iter().chain(own).min()
    }

    /// Takes out every record that the transport has taken.
    pub(super) fn take_sent(&mut self) -> Vec<Outstanding> {
        let sent = self.frames.values().filter(|frame| frame.lease.is_some());
        let numbers: Vec<u64> = sent.flat_map(|frame| frame.first..frame.end).collect();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    fn lose(&mut self, number: u64) -> Option<Outstanding> {
        let record = self.take(number)?;
        self.lost.set(number..number + 1, ());
        if self.lost.len() > LOST_RUNS
            && let Some(end) = self.lost.first().and_then(|first| self.lost.end_at(first))
        {
            self.lost_floor = end;
            self.lost.clear(0..end);
        }
        Some(record)
    }
}

impl Outstanding {
    /// What it uses of the room.
    pub(super) fn room(&self) -> Room {
        Room { records: 1, bytes: self.size }
    }
}

/// A hasher for numbers that nobody outside chooses: one multiplication.
#[derive(Debug, Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_u128(&mut self, number: u128) {
        // Lossless together: both halves go in.
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }
}
