//! What became of the records of dead letters.

use std::collections::{BTreeMap, HashMap};

use ndxp_delivery::{KeyHash, Letter, Newer, Place};
use ndxp_log::ReadError;
use ndxp_model::Dataset;

use crate::{
    core::Core, fold::PAGE, readers::key_hash, refuse::Failed, subscribe::open::partition,
};

/// Finds out which records are still kept, and of which a newer one of their key has come.
pub(super) async fn examine(
    core: &Core,
    dataset: &Dataset,
    letters: &[Letter],
) -> Result<HashMap<Place, Newer>, Failed> {
    let mut found = HashMap::new();
    let mut partitions: BTreeMap<u32, BTreeMap<u64, KeyHash>> = BTreeMap::new();
    for letter in letters {
        partitions
            .entry(letter.place.partition)
            .or_default()
            .insert(letter.place.offset, letter.key);
    }
    for (number, wanted) in partitions {
        let at = partition(dataset, number);
        let earliest = core.log.earliest(&at).await?;
        let mut next =
            wanted.keys().copied().find(|offset| *offset >= earliest).unwrap_or(u64::MAX);
        let last = wanted.keys().next_back().copied().unwrap_or_default();
        let mut waiting: HashMap<KeyHash, Vec<Place>> = HashMap::new();
        loop {
            let page = match core.log.read(&at, next, PAGE).await {
                Err(ReadError::Expired { earliest, .. }) if earliest > next => {
                    next = earliest;
                    continue;
                }
                page => page?,
            };
            let Some(end) = page.last().map(|stored| stored.offset + 1) else { break };
            for stored in &page {
                let key = key_hash(stored.record.key.as_deref().unwrap_or_default());
                if dataset.category.is_state() {
                    let older = waiting.remove(&key).into_iter().flatten();
                    found.extend(older.map(|place| (place, Newer::HasCome)));
                }
                if wanted.get(&stored.offset) == Some(&key) {
                    let place = Place { partition: number, offset: stored.offset };
                    found.insert(place, Newer::HasNotCome);
                    waiting.entry(key).or_default().push(place);
                }
            }
            next = end;
            if next > last && (!dataset.category.is_state() || waiting.is_empty()) {
                break;
            }
        }
    }
    Ok(found)
}
