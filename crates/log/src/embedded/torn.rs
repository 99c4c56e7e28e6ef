//! The last batch of a journal, torn by a power loss.
//!
//! Each batch is synced before the next one begins, so a power loss can tear the last one only,
//! and nothing in it was acknowledged. fjall cuts a batch that ends early, but refuses the whole
//! journal when the last batch has its end and a hole before it: the disk wrote the pages in
//! another order. This module cuts such a batch. It knows the journal's framing (fjall 3.1,
//! `journal/entry.rs`), not its contents; whether the cut was right, the store and `ends` decide.

use std::{
    fs::{self, File},
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// Cuts the last batch of the newest journal if nothing but zeros follows it, and says whether it
/// did. To be called only when that journal was refused.
pub(super) fn cut_last_batch(store: &Path) -> io::Result<bool> {
    let Some(path) = newest_journal(store)? else { return Ok(false) };
    let Some(start) = last_batch(&mut BufReader::new(File::open(&path)?))? else {
        return Ok(false);
    };
    let file = File::options().write(true).open(path)?;
    file.set_len(start)?;
    file.sync_all()?;
    Ok(true)
}

fn newest_journal(store: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest = None;
    for file in fs::read_dir(store)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "jnl") {
            continue;
        }
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        newest = newest.max(number.map(|number| (number, path)));
    }
    Ok(newest.map(|(_, path)| path))
}

/// Returns where the last batch starts, if only zeros follow it: where another has begun, the last
/// whole one was acknowledged.
fn last_batch(journal: &mut impl Read) -> io::Result<Option<u64>> {
    let mut at = 0;
    let mut start = None;
    let mut begun = None;
    while let Some([tag]) = take(journal)? {
        let length = match tag {
            START => {
                begun = Some(at);
                skip(journal, 4 + 8)?
            }
            ITEM => skip_item(journal)?,
            END => {
                start = begun.take();
                skip(journal, 8 + 4)?
            }
            CLEAR => skip(journal, 8)?,
            0 if is_zero(journal)? => break,
            _ => return Ok(None),
        };
        let Some(length) = length else { return Ok(None) };
        at += 1 + length;
    }
    Ok(if begun.is_none() { start } else { None })
}

/// Skips an item: type, compression, keyspace, lengths of key, value and stored value; both.
fn skip_item(journal: &mut impl Read) -> io::Result<Option<u64>> {
    let Some(head) = take::<20>(journal)? else { return Ok(None) };
    let (Some(key), Some(value)) = (head.get(10..12), head.get(16..20)) else { return Ok(None) };
    let key = key.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    let value = value.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    Ok(skip(journal, key + value)?.map(|skipped| 20 + skipped))
}

/// Skips so many bytes; `None` if the file ends before.
fn skip(journal: &mut impl Read, length: u64) -> io::Result<Option<u64>> {
    let skipped = io::copy(&mut journal.take(length), &mut io::sink())?;
    Ok((skipped == length).then_some(length))
}

fn take<const N: usize>(journal: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match journal.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_zero(journal: &mut impl Read) -> io::Result<bool> {
    let zeros = vec![0; 64 * 1024];
    let mut chunk = zeros.clone();
    loop {
        let count = journal.read(&mut chunk)?;
        match chunk.get(..count) {
            Some([]) => return Ok(true),
            Some(read) if zeros.starts_with(read) => {}
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn batch(value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![START, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([ITEM, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
        bytes.extend([value.len() as u8, 0, 0, 0, value.len() as u8, 0, 0, 0]);
        bytes.extend(b"kk");
        bytes.extend(value);
        bytes.extend([END, 9, 9, 9, 9, 9, 9, 9, 9, b'F', b'J', b'L', 3]);
        bytes
    }

    #[test]
    fn last_batch_is_found_only_where_nothing_follows_it() {
        let one = batch(b"first");
        let two = [one.clone(), batch(&[0; 200])].concat();
        let begun = batch(b"third")[..20].to_vec();
        let zeros = vec![0; 100_000];
        let second = Some(one.len() as u64);
        for (journal, found) in [
            (vec![], None),
            (zeros.clone(), None),
            (one.clone(), Some(0)),
            (two.clone(), second),
            ([two.clone(), zeros.clone()].concat(), second),
            ([two.clone(), zeros.clone(), vec![1]].concat(), None),
            ([two.clone(), begun.clone()].concat(), None),
            ([two.clone(), begun, zeros].concat(), None),
            ([two, vec![77]].concat(), None),
        ] {
            assert_eq!(
                last_batch(&mut journal.as_slice()).unwrap(),
                found,
                "{} bytes",
                journal.len()
            );
        }
    }
}
