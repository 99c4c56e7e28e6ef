//! The switch that ends one connection from anywhere.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::task::AtomicWaker;

const LIVE: u8 = 0;
const QUARANTINED: u8 = 1;
const CONDEMNED: u8 = 2;
const KILLED: u8 = 3;

/// How long a condemned connection lives: its streams' last words have that long to leave. With
/// the time in which the cause is noticed it stays below the second of a cut.
pub const FAREWELL: Duration = Duration::from_millis(500);

/// Ends one connection. Clones end the same one.
#[derive(Clone)]
pub struct KillSwitch(Arc<Switch>);

struct Switch {
    state: AtomicU8,
    quarantine_age: Duration,
    /// The tasks that read and write: two, because a stream may be split.
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// Which half of a stream is polled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Half {
    Read,
    Write,
}

/// What a stream may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    GoUntilAge(Duration),
    Stop,
}

impl KillSwitch {
    /// A switch whose connection, once in quarantine, lives for `quarantine_age`.
    pub(crate) fn new(quarantine_age: Duration) -> Self {
        Self(Arc::new(Switch {
            state: AtomicU8::new(LIVE),
            quarantine_age,
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
        }))
    }

    /// Aborts the connection: every pending and later read and write fails with
    /// `ConnectionAborted`, what is unsent is dropped, and the peer gets a TCP reset. It never
    /// blocks, and a second call does nothing. Returns whether this call did it.
    ///
    /// A last frame that the peer shall see must be flushed before: a reset overtakes it.
    pub fn kill(&self) -> bool {
        let killed = self.0.state.swap(KILLED, Ordering::AcqRel) != KILLED;
        if killed {
            self.wake();
        }
        killed
    }

    /// Tells whether the connection was aborted.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.0.state.load(Ordering::Acquire) == KILLED
    }

    /// Starts the quarantine's clock, if it is not running.
    pub(crate) fn quarantine(&self) {
        let begun =
            self.0.state.compare_exchange(LIVE, QUARANTINED, Ordering::AcqRel, Ordering::Acquire);
        if begun.is_ok() {
            // The stream holds the timer: it must be polled to set it.
            self.wake();
        }
    }

    /// Starts the connection's last half second. Nothing shortens or lengthens it but a kill.
    pub(crate) fn condemn(&self) {
        let state = &self.0.state;
        let begun = [LIVE, QUARANTINED].into_iter().any(|from| {
            state.compare_exchange(from, CONDEMNED, Ordering::AcqRel, Ordering::Acquire).is_ok()
        });
        if begun {
            self.wake();
        }
    }

    /// Decides whether a stream may go on, and has the polling task woken when that changes.
    pub(crate) fn check(&self, half: Half, cx: &Context<'_>) -> Verdict {
        // Registered before the state is read: a kill in between wakes this task again.
        match half {
            Half::Read => self.0.reader.register(cx.waker()),
            Half::Write => self.0.writer.register(cx.waker()),
        }
        match self.0.state.load(Ordering::Acquire) {
            LIVE => Verdict::Go,
            QUARANTINED => Verdict::GoUntilAge(self.0.quarantine_age),
            CONDEMNED => Verdict::GoUntilAge(FAREWELL),
            _ => Verdict::Stop,
        }
    }

    fn wake(&self) {
        self.0.reader.wake();
        self.0.writer.wake();
    }
}

impl fmt::Debug for KillSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KillSwitch").field("killed", &self.is_killed()).finish()
    }
}
