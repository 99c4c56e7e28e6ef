//! Repeats that two nodes took at the same moment: the first in the log counts, whoever reads it.
//!
//! A node that writes a record has read the partition up to some offset, and says so beside the
//! record: below it there is no record of this id. So whether a record repeats another is a matter
//! of the few records between that offset and its own, and every reader comes to the same answer.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use ndxp_log::{Log, Partition, ReadError, Stored};
use tracing::warn;

use crate::{fold::PAGE, headers};

/// Publishing system and record id.
type Id = (Bytes, Bytes);

/// Returns the offsets of those records that repeat an earlier one.
///
/// # Errors
/// [`ReadError`] where what lies before them cannot be read.
pub(super) async fn among(
    log: &Arc<dyn Log>,
    at: &Partition,
    records: &[Stored],
) -> Result<HashSet<u64>, ReadError> {
    let checked: Vec<(u64, u64)> =
        records.iter().filter_map(|one| Some((one.offset, known(one)?))).collect();
    // Nothing lies between for a record whose writer had read all there is.
    if checked.iter().all(|(offset, known)| known >= offset) {
        return Ok(HashSet::new());
    }
    let first = records.first().map_or(0, |one| one.offset);
    let from = checked.iter().map(|(_, known)| *known).min().unwrap_or(first);
    let before = read(log, at, from..first).await?;
    let mut places: HashMap<Id, Vec<&Stored>> = HashMap::new();
    let mut repeated = HashSet::new();
    for one in before.iter().chain(records) {
        let Some(id) = id(one) else { continue };
        let places = places.entry(id).or_default();
        let known = known(one).unwrap_or(one.offset);
        let earlier = places.iter().rev().find(|earlier| earlier.offset >= known);
        if let Some(earlier) = earlier.filter(|_| one.offset >= first) {
            report(at, earlier, one);
            repeated.insert(one.offset);
        }
        places.push(one);
    }
    Ok(repeated)
}

fn known(one: &Stored) -> Option<u64> {
    headers::Stored::read(&one.record)?.known
}

fn id(one: &Stored) -> Option<Id> {
    let said = headers::Stored::read(&one.record)?;
    let own = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Some((own(said.source), own(said.record_id)))
}

/// An equal one is what a publisher's retry at another node leaves. One with other content reached
/// two nodes at once, so neither could refuse it.
fn report(at: &Partition, earlier: &Stored, one: &Stored) {
    let equal = earlier.record.value == one.record.value && earlier.record.key == one.record.key;
    if !equal {
        let (first, offset) = (earlier.offset, one.offset);
        warn!(%at, first, offset, "a record id was used for two contents; the first counts");
    }
}

async fn read(
    log: &Arc<dyn Log>,
    at: &Partition,
    range: std::ops::Range<u64>,
) -> Result<Vec<Stored>, ReadError> {
    let (mut all, mut next) = (Vec::new(), range.start);
    while next < range.end {
        let page = match log.read(at, next, PAGE).await {
            // What retention took is handed out to nobody any more.
            Err(ReadError::Expired { earliest, .. }) => {
                next = earliest;
                continue;
            }
            page => page?,
        };
        let Some(last) = page.last() else { break };
        next = last.offset + 1;
        all.extend(page.into_iter().filter(|one| one.offset < range.end));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use ndxp_log::{Covered, Header, Record, memory::Memory};
    use ndxp_model::{Keep, Topic};

    use super::*;

    /// A record's id and how far its writer had read.
    async fn dropped(written: &[(&str, u64)], page: std::ops::Range<usize>) -> Vec<u64> {
        let log: Arc<dyn Log> = Arc::new(Memory::new());
        let dataset: ndxp_model::DatasetName = "tax/citizens".parse().unwrap();
        log.create(&dataset, 1, Keep::Everything).await.unwrap();
        for (id, known) in written {
            let header = |name: &'static str, value: String| Header::new(name, value);
            let headers = vec![
                header("ce_id", (*id).to_owned()),
                header("ce_source", "/agency/tax/system/portal".to_owned()),
                header("ce_type", "ndxp.tax.citizens.UPSERT".to_owned()),
                header("ce_ndxpschema", "1".to_owned()),
                header("ce_ndxpknown", known.to_string()),
            ];
            let record = Record { key: Some("k".into()), headers, ..Record::default() };
            let covered = Covered::Records { dataset: dataset.clone(), records: vec![(0, record)] };
            log.append_after(Record::default(), covered).await.unwrap();
        }
        let at = Partition { topic: Topic::Data(dataset), number: 0 };
        let all = log.read(&at, 0, PAGE).await.unwrap();
        let mut dropped: Vec<u64> =
            among(&log, &at, &all[page]).await.unwrap().into_iter().collect();
        dropped.sort_unstable();
        dropped
    }

    #[tokio::test]
    async fn later_of_two_that_did_not_know_each_other_is_dropped() {
        let written = [("a", 0), ("b", 0), ("a", 1), ("a", 0), ("a", 4), ("b", 3)];
        // The third had read behind the first; the fourth had not.
        for (page, expected) in [(0..6, vec![3]), (3..6, vec![3]), (4..6, vec![]), (0..3, vec![])] {
            assert_eq!(dropped(&written, page.clone()).await, expected, "{page:?}");
        }
    }

    #[tokio::test]
    async fn late_arrival_of_what_was_written_anew_is_dropped() {
        // Two attempts of one record in either order: the first counts.
        for written in [[("a", 5), ("a", 0)], [("a", 0), ("a", 0)]] {
            assert_eq!(dropped(&written, 1..2).await, [1]);
        }
    }
}
