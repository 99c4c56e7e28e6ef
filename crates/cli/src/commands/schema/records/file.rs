//! Opening a file, stdin, or what gzip made of one.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use flate2::bufread::MultiGzDecoder;

use crate::input::STDIN;

/// What a compressed file may unfold to before its next record ends; then it is a bomb, or no file of records.
const MAX_UNFOLDED: usize = 64 << 20;

const GZIP: &[u8] = &[0x1f, 0x8b];
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Bytes of a file, unfolded, without a byte-order mark.
pub(super) struct Bytes {
    path: PathBuf,
    source: Box<dyn BufRead + Send>,
    folded: bool,
    since_record: usize,
}

/// Opens a file, or stdin for `-`; compressed bytes are known by their first two.
pub(super) fn open(path: &Path) -> Result<Bytes> {
    let context = || format!("cannot read {}", path.display());
    let mut raw: Box<dyn BufRead + Send> = if path.as_os_str() == STDIN {
        Box::new(BufReader::new(io::stdin()))
    } else {
        if path.is_dir() {
            bail!("{} is a folder: name its files", path.display());
        }
        Box::new(BufReader::with_capacity(64 << 10, File::open(path).with_context(context)?))
    };
    let folded = raw.fill_buf().with_context(context)?.starts_with(GZIP);
    let mut source: Box<dyn BufRead + Send> = if folded {
        Box::new(BufReader::with_capacity(64 << 10, MultiGzDecoder::new(raw)))
    } else {
        raw
    };
    if source.fill_buf().with_context(context)?.starts_with(BOM) {
        source.consume(BOM.len());
    }
    Ok(Bytes { path: path.to_owned(), source, folded, since_record: 0 })
}

impl Bytes {
    /// Appends up to `most` bytes; `false` at the end.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, most: usize) -> Result<bool> {
        let before = buffer.len();
        let read = (&mut self.source).take(most as u64).read_to_end(buffer);
        read.with_context(|| format!("cannot read {}", self.path.display()))?;
        let read = buffer.len() - before;
        self.since_record += read;
        if self.folded && self.since_record > MAX_UNFOLDED {
            bail!(
                "{} unfolds to more than {MAX_UNFOLDED} bytes without the end of a record: refused",
                self.path.display()
            );
        }
        Ok(read > 0)
    }

    /// A record ended: what unfolded so far was good for something.
    pub(super) fn record_ended(&mut self) {
        self.since_record = 0;
    }

    /// Reads the rest, but not more than `limit` and one byte.
    pub(super) fn rest(&mut self, limit: usize) -> Result<Vec<u8>> {
        let mut buffer = Vec::new();
        while buffer.len() <= limit {
            let most = limit.saturating_add(1) - buffer.len();
            if !self.read(&mut buffer, most.min(1 << 20))? {
                break;
            }
        }
        Ok(buffer)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
