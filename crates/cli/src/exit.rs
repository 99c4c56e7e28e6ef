//! How a run ends.

use std::{io, process::ExitCode};

use anyhow::Result;

use crate::printer::Printer;

/// The exit status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: done, nothing found.
    Done,
    /// 1: the hub refused, or something was found.
    Refused,
    /// 2: it could not run: usage, files, no connection.
    Failed,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Done => 0,
            ExitStatus::Refused => 1,
            ExitStatus::Failed => 2,
        })
    }
}

/// Prints why a run ended, if it ended badly.
pub(crate) fn finish(outcome: Result<ExitStatus>, printer: &mut Printer) -> ExitStatus {
    match outcome.and_then(|status| printer.flush().map(|()| status).map_err(Into::into)) {
        Ok(status) => status,
        Err(error) if is_broken_pipe(&error) => ExitStatus::Failed,
        Err(error) => report(&error, printer),
    }
}

fn report(error: &anyhow::Error, printer: &mut Printer) -> ExitStatus {
    #[cfg(feature = "client")]
    if let Some((text, status)) = crate::report::of(error, printer.format()) {
        printer.say(&text);
        return status;
    }
    printer.say(&format!("error: {error:#}"));
    ExitStatus::Failed
}

/// Whoever read our output has had enough: `ndxp subscribe | head` is no mishap worth words.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}
