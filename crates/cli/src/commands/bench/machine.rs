//! What was measured on: a figure without it means nothing.

use std::{fs, thread};

/// Returns how many threads run at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn describe() -> String {
    let build = if cfg!(debug_assertions) {
        "a build without optimisation, whose figures say nothing,"
    } else {
        "a release build"
    };
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{} cores of {}, {} of memory, Linux {}; {build} of ndxp {}",
        cores(),
        line("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unnamed processor".to_owned()),
        line("/proc/meminfo", "MemTotal").unwrap_or_else(|| "an unknown amount".to_owned()),
        kernel.trim(),
        env!("CARGO_PKG_VERSION")
    )
}

fn line(path: &str, name: &str) -> Option<String> {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
