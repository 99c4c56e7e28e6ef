//! The rows of a dataset as they stand: of each key the newest, unless it was deleted.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use ndxp_log::{Log, Partition, ReadError};
use ndxp_model::{Dataset, Op, Topic};
use ndxp_schema::{CodeList, CodeListError, json};
use serde_json::Value;

use crate::{fold, headers};

/// Rows beyond this many times the limits are not even read: what is deleted further on makes room.
const ROOM: usize = 2;

/// Rows by their keys, as they were published.
#[derive(Debug, Default)]
pub(super) struct Rows {
    by_key: BTreeMap<String, Bytes>,
    bytes: usize,
}

/// Reads all partitions up to their ends. `None`: too many rows for a code list.
pub(super) async fn fold(log: &Arc<dyn Log>, dataset: &Dataset) -> Result<Option<Rows>, ReadError> {
    let mut rows = Rows::default();
    let mut fits = true;
    for number in 0..dataset.partitions {
        let at = Partition { topic: Topic::Data(dataset.name.clone()), number };
        if log.is_shared() {
            log.confirm(&at).await?;
        }
        let from = log.earliest(&at).await?;
        fold::each(log, &at, from, |stored| {
            let Some(op) = headers::Stored::read(&stored.record).map(|read| read.op) else {
                return Ok(());
            };
            let key = String::from_utf8_lossy(stored.record.key.as_deref().unwrap_or_default());
            fits = fits && rows.take(op, key.into_owned(), &stored.record.value);
            Ok::<_, ReadError>(())
        })
        .await?;
    }
    Ok(fits.then_some(rows))
}

impl Rows {
    /// Takes the next record of a key; false if there are too many.
    fn take(&mut self, op: Op, key: String, payload: &Bytes) -> bool {
        let old = match op {
            Op::Delete => self.by_key.remove(&key),
            Op::Upsert | Op::Event => {
                self.bytes += payload.len();
                self.by_key.insert(key, payload.clone())
            }
        };
        self.bytes -= old.map_or(0, |old| old.len());
        self.by_key.len() <= ROOM * CodeList::MAX_ROWS && self.bytes <= ROOM * CodeList::MAX_BYTES
    }

    /// Makes a state of them.
    pub(super) fn state(self, dataset: &str) -> Result<CodeList, CodeListError> {
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        for (row, (key, payload)) in (1..).zip(self.by_key) {
            let value = json::read(&payload, &json::Limits::default())
                .map_err(|refusal| CodeListError::Row { row, problem: refusal.message })?;
            rows.insert(key, value);
        }
        CodeList::of_rows(dataset, &rows)
    }
}
