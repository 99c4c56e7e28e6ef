//! Skipping a test aloud: what is left out, and why, reaches the list at the end of `make test`.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

/// Names the file that collects skips; `tools/test.sh` sets it and prints the file at the end.
pub const SKIPS_FILE: &str = "NDXP_SKIPS";

/// Records that the calling test leaves `what` out because of `why`. Call it once, then return:
/// the runner takes each call as one test that did not run.
///
/// Writes `SKIP: <what>: <why>` to the standard error, past the test harness's capture, and appends
/// it to the file that `NDXP_SKIPS` names, if it is set.
///
/// # Panics
/// When the file cannot be written: a skip that nobody hears of would look like a passed test.
pub fn skip(what: &str, why: &str) {
    let line = line(what, why);
    // A closed standard error must not fail the test: the file is what counts.
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os(SKIPS_FILE) {
        append(Path::new(&file), &line).expect("the file that NDXP_SKIPS names can be appended to");
    }
}

/// One line whatever the texts contain, since the list is read line by line.
fn line(what: &str, why: &str) -> String {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("SKIP: {}: {}\n", flat(what), flat(why))
}

/// One write call in append mode: tests run in parallel, in several processes.
fn append(file: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

    use super::{append, line};

    #[test]
    fn a_skip_is_one_line_whatever_its_words() {
        assert_eq!(line("kafka engine", "no\n broker"), "SKIP: kafka engine: no broker\n");
    }

    #[test]
    fn skips_of_several_tests_add_up() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("skips");
        append(&file, &line("a", "x")).unwrap();
        append(&file, &line("b", "y")).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "SKIP: a: x\nSKIP: b: y\n");
    }
}
