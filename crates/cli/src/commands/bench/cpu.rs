//! Who uses the processor: callers, hub and brokers share this machine's.

use anyhow::{Context, Result};

use super::place::Place;
use crate::node;

/// Seconds of processor time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cpu {
    pub(super) callers: f64,
    pub(super) hub: f64,
    pub(super) brokers: f64,
}

/// Reads what each has used so far; for a hub in a process of its own.
pub(super) fn read(place: &Place) -> Result<Cpu> {
    let own = std::fs::read_to_string("/proc/self/stat")?;
    let callers = node::cpu(&own).context("own times")?;
    Ok(Cpu { callers, hub: place.host.process()?.cpu()?, brokers: place.backing.cpu() })
}

impl Cpu {
    /// Returns what was used since an earlier reading.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            callers: self.callers - before.callers,
            hub: self.hub - before.hub,
            brokers: self.brokers - before.brokers,
        }
    }
}
