//! Skipping a test aloud, by the same words and file as `ndxp_testkit::skip`, which stands on crates
//! that a test of the log must not wait for.

use std::{
    fs::OpenOptions,
    io::{self, Write},
};

/// Records that the calling test leaves `what` out because of `why`: a line
/// `SKIP: <what>: <why>` on the standard error, and in the file that `NDXP_SKIPS` names.
///
/// # Panics
/// When the file cannot be written: a skip that nobody hears of would look like a passed test.
pub fn skip(what: &str, why: &str) {
    let line = format!("SKIP: {what}: {why}\n").replace("\n ", " ");
    // A closed standard error must not fail the test: the file is what counts.
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os("NDXP_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(file);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.expect("the file that NDXP_SKIPS names can be appended to");
    }
}
