//! How the story is told: lines for people, figures for programs, and what must be true.

use std::{fmt::Display, io, path::Path, time::Instant};

use serde_json::{Map, Value, json};

use crate::{
    exit::ExitStatus,
    printer::{Format, Printer},
};

/// The story so far.
pub(super) struct Story<'a> {
    printer: &'a mut Printer,
    chapters: usize,
    figures: Map<String, Value>,
    mismatches: Vec<String>,
    since: Instant,
}

impl<'a> Story<'a> {
    pub(super) fn begin(printer: &'a mut Printer) -> Self {
        let (figures, mismatches) = (Map::new(), Vec::new());
        Self { printer, chapters: 0, figures, mismatches, since: Instant::now() }
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.chapters += 1;
        let gap = if self.chapters == 1 { "" } else { "\n" };
        let number = self.chapters;
        self.show(format!("{gap}{number}. {title}"))
    }

    /// Tells one line.
    pub(super) fn tell(&mut self, text: impl Display) -> io::Result<()> {
        self.show(format!("   {text}"))
    }

    /// Keeps a figure for `--json`.
    pub(super) fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// Keeps a figure and compares it with what it must be.
    pub(super) fn must_be<T>(&mut self, name: &str, found: T, expected: T) -> io::Result<()>
    where
        T: Into<Value> + PartialEq + Clone,
    {
        self.figure(name, found.clone());
        if found == expected {
            return Ok(());
        }
        let (found, expected): (Value, Value) = (found.into(), expected.into());
        let text = format!("MISMATCH: {name} is {found}, and must be {expected}");
        self.mismatches.push(text.clone());
        self.tell(text)
    }

    /// Says how it went. A log on brokers that end is not kept: there is no hub to take up.
    pub(super) fn end(
        mut self,
        path: &Path,
        is_removed: bool,
        is_kept: bool,
    ) -> io::Result<ExitStatus> {
        let seconds = self.since.elapsed().as_secs_f64();
        self.figure("seconds", tenth(seconds));
        let place = path.display();
        let left = if is_removed {
            String::new()
        } else if !is_kept {
            format!("\nLeft behind: {place}, without the log, which goes with the broker.")
        } else {
            format!("\nLeft behind: {place}. Its hub again: ndxp dev --data {place}")
        };
        let ending = match self.mismatches.len() {
            0 => "Everything is as it must be".to_owned(),
            count => format!("{count} figures are not what they must be"),
        };
        self.show(format!("\n{ending}, after {seconds:.1} s.{left}"))?;
        if self.printer.format() == Format::Json {
            let (figures, mismatches) = (&self.figures, &self.mismatches);
            let value = json!({ "figures": figures, "mismatches": mismatches, "directory": path });
            self.printer.json(&value)?;
            self.printer.flush()?;
        }
        Ok(if self.mismatches.is_empty() { ExitStatus::Done } else { ExitStatus::Refused })
    }

    fn show(&mut self, text: String) -> io::Result<()> {
        if self.printer.format() == Format::Json {
            return Ok(());
        }
        self.printer.line(text)?;
        // A story is read while it happens.
        self.printer.flush()
    }
}

/// Rounds for `--json`: more digits would say nothing.
pub(super) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Writes a count with a comma before each three digits.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three() {
        let texts = [0, 126, 3_355, 10_066, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "126", "3,355", "10,066", "1,234,567"]);
    }

    #[test]
    fn one_figure_that_differs_makes_the_story_fail() {
        let end = |found: usize| {
            let mut printer = Printer::silent();
            let mut story = Story::begin(&mut printer);
            story.must_be("agencies", 95, 95).unwrap();
            story.must_be("received", found, 3_355).unwrap();
            story.end(Path::new("x"), true, true).unwrap()
        };
        assert_eq!(end(3_355), ExitStatus::Done);
        assert_eq!(end(3_354), ExitStatus::Refused);
    }
}
