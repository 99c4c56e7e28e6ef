//! Judging batches off the async threads, as many at a time as there are cores.

use std::{sync::Arc, thread::available_parallelism};

use ndxp_proto::{
    error::Refusal,
    exchange::{self as pb, ResultMode},
};
use tokio::sync::Semaphore;

use super::prepare::{self, Judged, Rules};
use crate::{
    core::Core,
    duplicates::Finding,
    metrics::Stage,
    refuse::{self, Failed},
};

/// Payloads up to this are judged where they arrive.
const INLINE_BYTES: usize = 64 << 10;

/// What a bad record does to the others of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It refuses the batch.
    Whole,
    /// It has a result of its own, and the others are taken.
    PerRecord,
    /// The same on a stream, where order counts: a record of which nobody knows whether it was
    /// taken still ends it.
    PerRecordInOrder,
}

impl Mode {
    /// Reads it from the wire.
    pub(super) fn read(number: i32, path: &str) -> Result<Self, Refusal> {
        match ResultMode::try_from(number) {
            Ok(ResultMode::Unspecified) => Ok(Self::Whole),
            Ok(ResultMode::PerRecord) => Ok(Self::PerRecord),
            Err(_) => Err(Refusal::field(path, "is not a mode that the hub knows")),
        }
    }

    /// The same for a stream.
    pub(super) fn in_order(self) -> Self {
        match self {
            Self::Whole => Self::Whole,
            Self::PerRecord | Self::PerRecordInOrder => Self::PerRecordInOrder,
        }
    }

    /// Says whether a record that was judged good refuses its batch all the same.
    pub(super) fn refuses(self, finding: Finding) -> bool {
        match finding {
            Finding::Fresh | Finding::Duplicate(_) => false,
            Finding::Reused => self == Self::Whole,
            Finding::Busy => self != Self::PerRecord,
        }
    }
}

/// Who may judge at a time: more threads than cores would only take turns.
#[derive(Debug)]
pub(crate) struct Judges(Semaphore);

impl Default for Judges {
    fn default() -> Self {
        Self(Semaphore::new(available_parallelism().map_or(1, Into::into)))
    }
}

impl Core {
    /// Reads and validates records; large batches, and those for whose days validators are missing, off the async
    /// threads.
    pub(super) async fn judge(
        self: &Arc<Self>,
        rules: Rules,
        records: Vec<pb::Record>,
        bytes: usize,
    ) -> Result<Judged, Failed> {
        if bytes <= INLINE_BYTES && rules.are_ready(&records) {
            let _timer = self.metrics.stage(Stage::Schema);
            return Ok(prepare::all(&rules, records)?);
        }
        // Never closed; without a permit it would only be slower.
        let _permit = self.judges.0.acquire().await.ok();
        let core = Arc::clone(self);
        let work = move || {
            let _timer = core.metrics.stage(Stage::Schema);
            prepare::all(&rules, records)
        };
        let judged =
            tokio::task::spawn_blocking(work).await.map_err(|cause| refuse::bug(&cause))?;
        Ok(judged?)
    }
}
