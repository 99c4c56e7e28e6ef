//! Deleting what need not be kept, as plainly as it can be said.

use std::collections::HashMap;

use bytes::Bytes;
use ndxp_model::{Keep, Timestamp};

use super::Records;

impl Records {
    pub(super) fn tidy(&mut self, now: Timestamp) {
        let ago =
            |millis: u64| now.millis().saturating_sub(i64::try_from(millis).unwrap_or(i64::MAX));
        match self.keep {
            Keep::Everything => {}
            Keep::Recent { max_age_ms, max_bytes } => {
                self.retain(max_age_ms.map(ago), max_bytes);
            }
            Keep::Newest { lag_ms } => self.compact(ago(lag_ms), ago(lag_ms.saturating_mul(2))),
        }
    }

    fn retain(&mut self, oldest: Option<i64>, max_bytes: Option<u64>) {
        let durable = self.from(0);
        let mut bytes: u64 = durable.iter().map(|(_, record)| record.size() as u64).sum();
        let mut gone = 0;
        for (_, record) in durable {
            let is_old = oldest.is_some_and(|oldest| record.timestamp.millis() < oldest);
            if !is_old && max_bytes.is_none_or(|max| bytes <= max) {
                break;
            }
            bytes -= record.size() as u64;
            gone += 1;
        }
        if let Some((offset, record)) = self.written.drain(..gone).next_back() {
            (self.start, self.gone) = (offset + 1, record.timestamp);
        }
    }

    fn compact(&mut self, replaces: i64, tombstone: i64) {
        let durable = self.from(0);
        let last = durable.last().map(|(offset, _)| *offset);
        let old = durable.iter().filter(|(_, record)| record.timestamp.millis() <= replaces);
        let key = |(offset, record): &(u64, crate::Record)| Some((record.key.clone()?, *offset));
        let newest: HashMap<Bytes, u64> = old.filter_map(key).collect();
        self.written.retain(|(offset, record)| {
            let Some(newest) = record.key.as_ref().and_then(|key| newest.get(key)) else {
                return true; // no key, or none that is old enough
            };
            let is_over = record.is_tombstone() && record.timestamp.millis() <= tombstone;
            // The last one says where the end is; what is not durable yet lies behind it.
            last.is_none_or(|last| *offset >= last) || *newest <= *offset && !is_over
        });
    }
}
