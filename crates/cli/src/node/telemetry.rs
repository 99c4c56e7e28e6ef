//! The hub's own log, on stderr.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

use crate::config::{LogFormat, Telemetry};

/// Starts it. A second start in one process changes nothing.
pub(crate) fn start(telemetry: &Telemetry) {
    // Other people's crates speak up only when something is wrong.
    let others = telemetry.level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(others).with_target("ndxp", telemetry.level);
    let registry = registry().with(filter);
    let started = match telemetry.format {
        LogFormat::Text => {
            let text = fmt::layer().with_ansi(io::stderr().is_terminal());
            registry.with(text.with_writer(io::stderr)).try_init()
        }
        LogFormat::Json => {
            let json = fmt::layer().json().flatten_event(true).with_current_span(false);
            registry.with(json.with_writer(io::stderr)).try_init()
        }
    };
    started.unwrap_or_default();
}
