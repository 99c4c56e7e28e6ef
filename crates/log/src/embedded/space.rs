//! Free space of the disk, looked at now and then.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::AppendError;

/// How long an answer holds while there is room.
const HOLDS: Duration = Duration::from_millis(250);

/// Says how many bytes are free where a directory is.
#[derive(Clone)]
pub struct FreeSpace(Arc<Measure>);

type Measure = dyn Fn(&Path) -> io::Result<u64> + Send + Sync;

impl FreeSpace {
    /// Asks the file system: what is free for a process without privileges.
    #[must_use]
    pub fn of_file_system() -> Self {
        Self::measured(|dir| {
            let found = rustix::fs::statvfs(dir)?;
            Ok(found.f_bavail.saturating_mul(found.f_frsize))
        })
    }

    /// Asks a function, in tests.
    pub fn measured(measure: impl Fn(&Path) -> io::Result<u64> + Send + Sync + 'static) -> Self {
        Self(Arc::new(measure))
    }
}

impl fmt::Debug for FreeSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreeSpace")
    }
}

/// Guards `log.min_free`.
#[derive(Debug)]
pub(super) struct Gauge {
    space: FreeSpace,
    dir: PathBuf,
    min_free: u64,
    /// What was free at the last look, less what was written since, and when that was.
    left: Option<(u64, Instant)>,
}

impl Gauge {
    pub(super) fn new(space: FreeSpace, dir: PathBuf, min_free: u64) -> Self {
        Self { space, dir, min_free, left: None }
    }

    /// Admits a write of so many bytes. While there is plenty it looks at the disk four times a
    /// second; near the limit, and beyond it, at each call.
    pub(super) fn admit(&mut self, bytes: u64) -> Result<(), AppendError> {
        // A record is in the journal first and in a table later, so it counts twice.
        let need = bytes.saturating_mul(2);
        if let Some((left, since)) = &mut self.left
            && since.elapsed() < HOLDS
            && let Some(rest) = left.checked_sub(need)
            && rest >= self.min_free
        {
            *left = rest;
            return Ok(());
        }
        let free = (self.space.0)(&self.dir).map_err(|error| {
            AppendError::Unavailable(format!("free space cannot be measured: {error}"))
        })?;
        let Some(rest) = free.checked_sub(need).filter(|rest| *rest >= self.min_free) else {
            self.left = None;
            return Err(AppendError::Full { free, min_free: self.min_free });
        };
        self.left = Some((rest, Instant::now()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use super::*;

    #[test]
    fn write_that_would_eat_into_the_reserve_is_refused_at_once() {
        let free = Arc::new(AtomicU64::new(1_000));
        let disk = Arc::clone(&free);
        let space = FreeSpace::measured(move |_| Ok(disk.load(SeqCst)));
        let mut gauge = Gauge::new(space, PathBuf::new(), 400);
        assert_eq!(gauge.admit(200), Ok(()));
        assert_eq!(gauge.admit(301), Err(AppendError::Full { free: 1_000, min_free: 400 }));
        free.store(300, SeqCst);
        assert_eq!(gauge.admit(1), Err(AppendError::Full { free: 300, min_free: 400 }));
        free.store(2_000, SeqCst);
        assert_eq!(gauge.admit(1), Ok(()), "room again is seen by the next write");
    }

    #[test]
    fn file_system_answers() {
        let mut gauge = Gauge::new(FreeSpace::of_file_system(), PathBuf::from("."), 0);
        gauge.admit(1).unwrap();
    }
}
