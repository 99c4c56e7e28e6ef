//! Where output goes: data to stdout, words to stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    Human,
    /// JSON of a stable shape.
    Json,
}

/// Writes data and words.
pub(crate) struct Printer {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    format: Format,
    progress: Progress,
}

/// Whether words about work in progress may overwrite each other on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Hidden,
    Clean,
    /// A line of progress stands there, this long.
    Shown(usize),
}

impl Printer {
    /// Writes to this process' stdout and stderr.
    pub(crate) fn standard(format: Format) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            format,
            progress: if terminal { Progress::Clean } else { Progress::Hidden },
        }
    }

    /// Writes nowhere: for a command that works inside another.
    #[cfg(feature = "hub")]
    pub(crate) fn silent() -> Self {
        let (out, err) = (Box::new(io::sink()), Box::new(io::sink()));
        Self { out, err, format: Format::Human, progress: Progress::Hidden }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Writes a result: in JSON the value, for people the text.
    pub(crate) fn data(&mut self, value: &impl Serialize, text: impl Display) -> io::Result<()> {
        match self.format {
            Format::Json => self.json(value),
            Format::Human => self.line(text),
        }
    }

    /// Writes a value as one line of JSON, whatever the format.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.clear_progress();
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// Writes a line to stdout.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        self.clear_progress();
        writeln!(self.out, "{text}")
    }

    /// Writes bytes to stdout as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.clear_progress();
        self.out.write_all(bytes)
    }

    /// Says something on stderr. Words that nobody can read are no reason to fail.
    pub(crate) fn say(&mut self, text: &str) {
        self.clear_progress();
        writeln!(self.err, "{text}").unwrap_or_default();
    }

    /// Shows how far the work is, if stderr is a terminal; the next output replaces it.
    pub(crate) fn progress(&mut self, text: &str) {
        if self.progress == Progress::Hidden {
            return;
        }
        self.clear_progress();
        write!(self.err, "{text}").unwrap_or_default();
        self.err.flush().unwrap_or_default();
        self.progress = Progress::Shown(text.chars().count());
    }

    /// Hands over what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.clear_progress();
        self.out.flush()
    }

    fn clear_progress(&mut self) {
        if let Progress::Shown(length) = self.progress {
            write!(self.err, "\r{:length$}\r", "").unwrap_or_default();
            self.progress = Progress::Clean;
        }
    }
}
