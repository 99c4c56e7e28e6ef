//! A delivery record: `docs/storage.md`, section 5.

use serde_json::{Map, Value};

/// Offsets of one partition, handed out together for the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) partition: u32,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) attempt: u64,
}

/// What a record of the delivery topic says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Opened {
        start: Vec<u64>,
    },
    Handed {
        agreement: String,
        n: u64,
        ranges: Vec<Range>,
    },
    Cursor {
        positions: Vec<u64>,
    },
    Sought {
        positions: Vec<u64>,
    },
    /// A kind that tells this reader nothing; its key ends like this.
    Other {
        key: String,
    },
}

/// A record of the delivery topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sub: String,
    pub(crate) epoch: u64,
    pub(crate) what: What,
}

impl Line {
    /// Reads a record's value; `None` if it is not what this reader knows.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let Ok(Value::Object(members)) = serde_json::from_slice(value) else { return None };
        let version = members.get("v")?.as_u64()?;
        let what = match (members.get("type")?.as_str()?, version) {
            ("opened", 1 | 2) => What::Opened { start: numbers(members.get("start")?)? },
            ("cursor", 1) => What::Cursor { positions: numbers(members.get("positions")?)? },
            ("handed", 1) => handed(&members)?,
            (kind @ ("base" | "settled" | "outage" | "viewed"), 1) => {
                What::Other { key: kind.to_owned() }
            }
            (kind @ ("failed" | "letter"), 1) => {
                What::Other { key: format!("{kind}/{}", members.get("n")?.as_u64()?) }
            }
            // A seek takes an epoch, as a stream that hands out nothing.
            ("sought", 1) => What::Sought { positions: numbers(members.get("positions")?)? },
            _ => return None,
        };
        let sub = members.get("sub")?.as_str()?.to_owned();
        Some(Self { sub, epoch: members.get("epoch")?.as_u64()?, what })
    }

    /// Returns the key that the record must have.
    pub(crate) fn key(&self) -> String {
        let (sub, epoch) = (&self.sub, self.epoch);
        match &self.what {
            What::Opened { .. } => format!("{sub}/{epoch}/opened"),
            What::Handed { n, .. } => format!("{sub}/{epoch}/handed/{n}"),
            What::Cursor { .. } => format!("{sub}/{epoch}/cursor"),
            What::Sought { .. } => format!("{sub}/{epoch}/sought"),
            What::Other { key } => format!("{sub}/{epoch}/{key}"),
        }
    }
}

fn handed(members: &Map<String, Value>) -> Option<What> {
    let agreement = members.get("agreement")?.as_str()?.to_owned();
    let ranges = members.get("ranges")?.as_array()?.iter().map(|range| {
        let [partition, first, last, attempt] = numbers(range)?.try_into().ok()?;
        let partition = u32::try_from(partition).ok()?;
        let possible = first <= last && last < u64::MAX && attempt > 0;
        possible.then_some(Range { partition, first, last, attempt })
    });
    let ranges = ranges.collect::<Option<_>>()?;
    Some(What::Handed { agreement, n: members.get("n")?.as_u64()?, ranges })
}

fn numbers(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(Value::as_u64).collect()
}
