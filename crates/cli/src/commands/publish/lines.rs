//! Lines of a file or of stdin, read ahead by a thread of its own.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::{sync::mpsc, time};

use crate::input::STDIN;

/// Lines read ahead of those that are sent.
const AHEAD: usize = 1_000;
/// The longest line: larger than the largest record, so that the hub is the one who refuses.
const LONGEST: u64 = 2 << 20;
/// After this long without a new line, what was read is sent: a slow pipe is not held back.
const QUIET: Duration = Duration::from_millis(100);

/// A line that is not blank.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// Its bytes, without the end of the line.
    pub(super) bytes: Bytes,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// A line.
    Line(Line),
    /// No line for a while.
    Quiet,
}

/// The lines of a file.
pub(super) struct Lines {
    inbox: mpsc::Receiver<Result<Line>>,
}

impl Lines {
    /// Opens a file, or stdin for `-`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let source: Box<dyn Read + Send> = if path.as_os_str() == STDIN {
            Box::new(io::stdin())
        } else {
            let file = File::open(path);
            Box::new(file.with_context(|| format!("cannot read {}", path.display()))?)
        };
        let (outbox, inbox) = mpsc::channel(AHEAD);
        std::thread::spawn(move || read(BufReader::with_capacity(1 << 16, source), &outbox));
        Ok(Self { inbox })
    }

    /// Waits for a line; `None` at the end. With `impatient`, says after a while that none came.
    pub(super) async fn next(&mut self, impatient: bool) -> Result<Option<Next>> {
        let line = if impatient {
            match time::timeout(QUIET, self.inbox.recv()).await {
                Ok(line) => line,
                Err(_) => return Ok(Some(Next::Quiet)),
            }
        } else {
            self.inbox.recv().await
        };
        Ok(line.transpose()?.map(Next::Line))
    }
}

/// Hands lines over until the end, an error, or until nobody takes them.
fn read(mut source: impl BufRead, outbox: &mpsc::Sender<Result<Line>>) {
    let mut number = 0;
    loop {
        number += 1;
        let line = read_line(&mut source, number);
        let last = !matches!(line, Ok(Some(_)));
        let filled = match line.transpose() {
            Some(Ok(bytes)) if bytes.trim_ascii().is_empty() => None,
            other => other,
        };
        let handed = filled.is_none_or(|line| {
            outbox.blocking_send(line.map(|bytes| Line { number, bytes })).is_ok()
        });
        if last || !handed {
            return;
        }
    }
}

fn read_line(source: &mut impl BufRead, number: u64) -> Result<Option<Bytes>> {
    let mut line = Vec::new();
    let read = source.take(LONGEST).read_until(b'\n', &mut line);
    let read = read.with_context(|| format!("cannot read line {number}"))?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_none() && read as u64 == LONGEST {
        bail!("line {number} is longer than {LONGEST} bytes");
    }
    line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line.into()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, String)> {
        let (outbox, mut inbox) = mpsc::channel(10);
        read(text, &outbox);
        drop(outbox);
        let mut found = Vec::new();
        while let Some(line) = inbox.blocking_recv() {
            let line = line.unwrap();
            found.push((line.number, String::from_utf8(line.bytes.to_vec()).unwrap()));
        }
        found
    }

    #[test]
    fn lines_keep_their_numbers() {
        let expected = [(1, "{}".to_owned()), (4, "[]".to_owned())];
        assert_eq!(lines(b"{}\r\n\n  \n[]"), expected);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_that_has_no_end_is_an_error() {
        let error = read_line(&mut io::BufReader::new(io::repeat(b'x')), 7).unwrap_err();
        assert_eq!(error.to_string(), "line 7 is longer than 2097152 bytes");
    }
}
