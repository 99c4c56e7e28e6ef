//! What the process logs, kept for tests that look for a line, or for what must not be in one.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

static LINES: OnceLock<Journal> = OnceLock::new();

#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl io::Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Starts to keep every line that the hub's crates log in this process. Each hub of a test does so.
pub(crate) fn keep() {
    LINES.get_or_init(|| {
        let journal = Journal::default();
        let level = |name: &str| format!("ndxp_{name}=trace");
        let crates = ["hub", "identity", "log", "client", "proto", "registry"].map(level).join(",");
        let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(crates));
        // Another subscriber of the same process keeps the lines then, and this journal is empty.
        let _ = lines.with_ansi(false).with_writer(journal.clone()).try_init();
        journal
    });
}

/// Returns all that the hub's crates have logged in this process, those of other tests too.
#[must_use]
pub fn journal() -> String {
    let journal = LINES.get().cloned().unwrap_or_default();
    let bytes = journal.0.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}
