//! States of code lists in `ndxp.codelists`: in pieces, each small enough for a record. Nothing there is in force because
//! it is there, and a piece that comes twice is the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use ndxp_log::{AppendError, Log, Partition, ReadError, Record, Stored};
use ndxp_model::{HubTopic, Timestamp, Topic};
use ndxp_schema::CodeList;

use super::CodeListsError;
use crate::fold;

/// The most bytes of a piece. A record has less than 1 MiB with all that is around it.
pub(crate) const PIECE: usize = 768 << 10;

fn topic() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::CodeLists), number: 0 }
}

/// Makes a state durable.
pub(super) async fn write(
    log: &Arc<dyn Log>,
    state: &CodeList,
    now: Timestamp,
) -> Result<(), AppendError> {
    for record in encode(state, now) {
        log.append(HubTopic::CodeLists, 0, vec![record]).await?;
    }
    Ok(())
}

/// Finds states, each by its dataset and hash.
///
/// # Errors
/// [`CodeListsError`], also if one of them is not there whole.
pub(super) async fn read(
    log: &Arc<dyn Log>,
    wanted: BTreeSet<(String, String)>,
) -> Result<Vec<CodeList>, CodeListsError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    if log.is_shared() {
        // Another node may have written it a moment ago.
        log.confirm(&topic()).await?;
    }
    let hashes: BTreeSet<&str> = wanted.iter().map(|(_, sha256)| sha256.as_str()).collect();
    let mut found: BTreeMap<String, BTreeMap<usize, Bytes>> = BTreeMap::new();
    let from = log.earliest(&topic()).await?;
    fold::each(log, &topic(), from, |stored| {
        let Some((sha256, number)) = place(stored) else { return Ok(()) };
        if hashes.contains(sha256) {
            let pieces = found.entry(sha256.to_owned()).or_default();
            pieces.insert(number, stored.record.value.clone());
        }
        Ok::<_, ReadError>(())
    })
    .await?;
    wanted.iter().map(|(dataset, sha256)| whole(dataset, sha256, found.get(sha256))).collect()
}

fn whole(
    dataset: &str,
    sha256: &str,
    pieces: Option<&BTreeMap<usize, Bytes>>,
) -> Result<CodeList, CodeListsError> {
    let all: Vec<&[u8]> = pieces.into_iter().flatten().map(|(_, piece)| &**piece).collect();
    let state = CodeList::parse(dataset, &all.concat()).ok();
    // A piece that is missing shows in the hash.
    state.filter(|state| state.sha256() == sha256).ok_or_else(|| CodeListsError::Missing {
        dataset: dataset.to_owned(),
        sha256: sha256.to_owned(),
    })
}

/// A state as records: `<sha256>/<number>/<total>` and the bytes. An empty state is one empty piece.
fn encode(state: &CodeList, now: Timestamp) -> Vec<Record> {
    let bytes = Bytes::copy_from_slice(state.bytes());
    let total = bytes.len().div_ceil(PIECE).max(1);
    let record = |number: usize| {
        let (from, to) = (number * PIECE, ((number + 1) * PIECE).min(bytes.len()));
        let key = format!("{}/{number}/{total}", state.sha256());
        Record {
            key: Some(key.into()),
            value: bytes.slice(from..to),
            timestamp: now,
            headers: Vec::new(),
        }
    };
    (0..total).map(record).collect()
}

fn place(stored: &Stored) -> Option<(&str, usize)> {
    let key = std::str::from_utf8(stored.record.key.as_deref()?).ok()?;
    let (sha256, rest) = key.split_once('/')?;
    Some((sha256, rest.split_once('/')?.0.parse().ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn stored_pieces_stay_readable_and_a_missing_one_shows() {
        let row = format!("{{\"code\":\"{}\"}}\n", "x".repeat(PIECE));
        let state = CodeList::parse("home/units", row.as_bytes()).unwrap();
        let records = encode(&state, Timestamp::from_millis(7));
        let keys: Vec<_> = records.iter().filter_map(|one| one.key.as_deref()).collect();
        let name = state.sha256();
        assert_eq!(keys, [format!("{name}/0/2").as_bytes(), format!("{name}/1/2").as_bytes()]);
        assert_eq!(records[0].value.len(), PIECE);
        let stored = Stored { offset: 3, record: records[1].clone() };
        assert_eq!(place(&stored), Some((name, 1)));
        let mut pieces: BTreeMap<usize, Bytes> =
            records.iter().map(|one| one.value.clone()).enumerate().collect();
        assert_eq!(whole("home/units", name, Some(&pieces)).unwrap(), state);
        pieces.pop_last();
        let missing = whole("home/units", name, Some(&pieces)).unwrap_err();
        assert!(matches!(missing, CodeListsError::Missing { .. }));
        assert!(whole("home/units", name, None).is_err());
    }
}
