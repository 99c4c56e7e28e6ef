//! What publishers were told and consumers have seen.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    time::{Duration, Instant},
};

/// What one consumer has seen.
#[derive(Debug, Default)]
struct Seen {
    /// How often each record came.
    times: HashMap<String, u32>,
    /// The highest number of each key so far.
    newest: HashMap<String, u64>,
    again: u64,
    /// How many of its streams have ended.
    ended: u64,
    pauses: Pauses,
}

/// How long nothing came, at most, since it was last asked.
#[derive(Debug, Default)]
struct Pauses {
    last: Option<Instant>,
    longest: Duration,
}

impl Pauses {
    fn see(&mut self) {
        let now = Instant::now();
        let pause = self.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        self.longest = self.longest.max(pause);
    }
}

/// The books of a run.
#[derive(Debug, Default)]
pub(crate) struct Book {
    acknowledged: BTreeSet<String>,
    duplicates: u64,
    published: Pauses,
    seen: HashMap<&'static str, Seen>,
    /// The audit entry of each frame that came, and how many records were in it.
    receipts: Vec<(u64, u64)>,
    wrong: Vec<String>,
}

impl Book {
    /// A call was answered `OK`.
    pub(crate) fn published(&mut self, names: &[String], duplicates: u64) {
        self.acknowledged.extend(names.iter().cloned());
        self.duplicates += duplicates;
        self.published.see();
    }

    /// A record came, for the `attempt`th time as the hub says. Its name is its key and number.
    pub(crate) fn received(&mut self, who: &'static str, name: &str, attempt: u32) {
        let seen = self.seen.entry(who).or_default();
        seen.pauses.see();
        let times = seen.times.entry(name.to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            seen.again += 1;
            if attempt == 1 {
                self.wrong.push(format!("{who}: {name} came again and did not say so"));
            }
            return;
        }
        let Some((key, number)) = name.split_once('-') else { return };
        let Ok(number) = number.parse() else { return };
        let newest = seen.newest.entry(key.to_owned()).or_default();
        if *newest > number {
            self.wrong.push(format!("{who}: {name} came behind {key}-{newest}"));
        }
        *newest = number.max(*newest);
    }

    /// A consumer's stream ended; it opens another.
    pub(crate) fn ended(&mut self, who: &'static str) {
        self.seen.entry(who).or_default().ended += 1;
    }

    /// Returns how many streams have ended.
    pub(crate) fn ends(&self) -> u64 {
        self.seen.values().map(|seen| seen.ended).sum()
    }

    /// A frame came with this receipt.
    pub(crate) fn framed(&mut self, entry: u64, records: u64) {
        self.receipts.push((entry, records));
    }

    pub(crate) fn receipts(&self) -> &[(u64, u64)] {
        &self.receipts
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    pub(crate) fn names(&self) -> &BTreeSet<String> {
        &self.acknowledged
    }

    /// What a consumer lacks of what was acknowledged.
    pub(crate) fn missing(&self, who: &'static str) -> Vec<&String> {
        let seen = self.seen.get(who);
        let has = |name: &&String| seen.is_some_and(|seen| seen.times.contains_key(*name));
        self.acknowledged.iter().filter(|name| !has(name)).collect()
    }

    pub(crate) fn assert_nothing_wrong(&self, context: &str) {
        assert!(self.wrong.is_empty(), "{context}: {:#?}", self.wrong);
    }

    /// How much was acknowledged, and how much each consumer has.
    pub(crate) fn progress(&self) -> Vec<usize> {
        let mut seen: Vec<_> = self.seen.iter().collect();
        seen.sort_by_key(|(who, _)| **who);
        let seen = seen.into_iter().map(|(_, seen)| seen.times.len());
        std::iter::once(self.acknowledged.len()).chain(seen).collect()
    }

    /// Begins to measure pauses anew.
    pub(crate) fn watch(&mut self) {
        self.published = Pauses { last: Some(Instant::now()), longest: Duration::ZERO };
        let now = || Pauses { last: Some(Instant::now()), longest: Duration::ZERO };
        self.seen.values_mut().for_each(|seen| seen.pauses = now());
    }

    /// Returns the longest pause of publishing, and of any consumer.
    pub(crate) fn pauses(&self) -> (Duration, Duration) {
        let of = self.seen.values().map(|seen| seen.pauses.longest);
        (self.published.longest, of.max().unwrap_or_default())
    }

    pub(crate) fn summary(&self) -> String {
        let mut text = format!(
            "{} records acknowledged, {} of them found to be there already",
            self.acknowledged.len(),
            self.duplicates
        );
        for (who, seen) in &self.seen {
            let _ = write!(text, "; {who}: {} received, {} again", seen.times.len(), seen.again);
        }
        text
    }
}
