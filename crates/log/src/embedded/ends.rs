//! The file `ends`: a lower bound of what was acknowledged, checked when the directory is opened.
//!
//! The store drops a damaged tail without a word. This file, at most a second behind, says how
//! long each partition was. It is text, one partition a line, closed by a checksum.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
};

use super::{
    dir::{Dir, sync_dir},
    error::Damage,
};

const TITLE: &str = "ndxp-ends 1";

/// Durable ends by partition, written `ndxp.audit.main/0`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ends(pub(super) BTreeMap<String, u64>);

impl Ends {
    /// Reads the file; `None` if there is none.
    pub(super) fn read(dir: &Dir) -> io::Result<Option<Result<Self, Damage>>> {
        match fs::read(dir.ends()) {
            Ok(bytes) => Ok(Some(Self::parse(&bytes).ok_or(Damage::Ends))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file: afterwards the old or the new text is there, whole.
    pub(super) fn write(&self, dir: &Dir) -> io::Result<()> {
        let new = dir.root().join("ends.new");
        let mut file = File::create(&new)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(new, dir.ends())?;
        sync_dir(dir.root())
    }

    fn text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        for (partition, end) in &self.0 {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{partition} {end}");
        }
        let sum = checksum(text.as_bytes());
        let _ = writeln!(text, "sum {sum:016x}");
        text
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once("\nsum ")?;
        let body = text.get(..body.len() + 1)?;
        if sum != format!("{:016x}", checksum(body.as_bytes())) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let end = |line: &str| {
            let (partition, end) = line.split_once(' ')?;
            Some((partition.to_owned(), end.parse().ok()?))
        };
        lines.map(end).collect::<Option<_>>().map(Self)
    }
}

/// FNV-1a: enough against accidents; who can forge the file can forge the store.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn sample() -> Ends {
        let ends = [("ndxp.audit.main/0", 17), ("ndxp.data.tax.income/3", 0)];
        Ends(ends.map(|(partition, end)| (partition.to_owned(), end)).into())
    }

    #[test]
    fn file_reads_back_and_is_replaced_whole() {
        let root = tempfile::tempdir().unwrap();
        let dir = Dir::new(root.path().to_owned());
        assert_eq!(Ends::read(&dir).unwrap(), None);
        for ends in [Ends::default(), sample()] {
            ends.write(&dir).unwrap();
            assert_eq!(Ends::read(&dir).unwrap(), Some(Ok(ends)));
        }
    }

    #[test]
    fn any_other_byte_and_any_cut_is_noticed() {
        let text = sample().text().into_bytes();
        assert_eq!(Ends::parse(&text), Some(sample()));
        for at in 0..text.len() {
            assert_eq!(Ends::parse(&text[..at]), None, "cut at {at}");
            let mut other = text.clone();
            other[at] ^= 1;
            assert_eq!(Ends::parse(&other), None, "flipped at {at}");
        }
    }
}
