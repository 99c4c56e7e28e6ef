//! A hub in this process: directory, engine and node, in the order in which they start and stop.

mod directory;
mod engine;
mod start;
mod telemetry;
mod usage;

pub(crate) use directory::HubDirectory;
pub(crate) use engine::Engine;
pub(crate) use start::{Running, bind, start};
pub(crate) use telemetry::start as start_telemetry;
pub(crate) use usage::cpu;

use ndxp_model::Timestamp;
use std::time::SystemTime;

/// Returns the time of this machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Returns random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
