//! Those who receive in the load test: agencies of one system each, with their agreements.

use std::ops::Range;

use serde_json::{Value, json};

/// The dataset as files name it.
const DATASET: &str = "benchmark/case-files";
/// What may be granted besides the key; subsets of it make agreements differ.
const FIELDS: [&str; 10] = [
    "/service",
    "/province",
    "/received_at",
    "/due_at",
    "/channel",
    "/fee_dong",
    "/subject",
    "/steps/*/at",
    "/steps/*/office",
    "/steps/*/outcome",
];

/// How many consumers there are: the first have agreements of equal text, the others agreements
/// of which no two grant the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Crew {
    pub(super) equal: usize,
    pub(super) different: usize,
}

impl Crew {
    /// Returns the numbers of those with agreements of equal text.
    pub(super) fn equal(self) -> Range<usize> {
        0..self.equal
    }

    /// Returns the numbers of the others.
    pub(super) fn different(self) -> Range<usize> {
        self.equal..self.equal + self.different
    }

    /// Returns each agency's file, in the order of the numbers.
    pub(super) fn agencies(self) -> impl Iterator<Item = (String, Value)> {
        let all = 0..self.equal + self.different;
        all.map(|number| (format!("agencies/{}.json", id(number)), agency(number)))
    }

    /// Returns the agreements' files.
    pub(super) fn agreements(self) -> impl Iterator<Item = (String, Value)> {
        let equal = self.equal().map(|number| (number, usize::MAX));
        // A number's bits say which fields: no two are alike, and none grants all.
        let different = self.different().enumerate().map(|(mask, number)| (number, mask));
        equal.chain(different).map(|(number, mask)| {
            let id = format!("agr-{number:04}");
            (format!("agreements/{id}.json"), agreement(&id, number, mask))
        })
    }
}

/// Returns a consumer's id.
pub(super) fn id(number: usize) -> String {
    format!("consumer-{number:04}")
}

/// Returns the name of one of its subscriptions.
pub(super) fn subscription(number: usize, stream: usize) -> String {
    format!("agencies/{}/subscriptions/cases-{stream}", id(number))
}

fn agency(number: usize) -> Value {
    let name =
        |kind: &str| json!({ "vi": format!("{kind} {number}"), "en": format!("{kind} {number}") });
    json!({
        "id": id(number),
        "name": name("Load test consumer"),
        "kind": "other",
        "systems": [{ "id": "receiver", "name": name("Load test receiver") }],
        "officers": [
            { "id": "steward-1", "roles": ["steward"] },
            { "id": "approver-1", "roles": ["approver"] }
        ]
    })
}

fn agreement(id: &str, number: usize, mask: usize) -> Value {
    let granted = FIELDS.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
    let mut paths: Vec<&str> = granted.map(|(_, path)| *path).collect();
    paths.push("/code");
    paths.sort_unstable();
    let fields: Vec<_> = paths.into_iter().map(|path| json!({ "path": path })).collect();
    json!({
        "id": id,
        "provider": "benchmark",
        "consumer": self::id(number),
        "dataset": DATASET,
        "operations": ["SUBSCRIBE"],
        "purposes": [{ "code": "reference-data", "basis": "nd-47-2024" }],
        "fields": fields,
        "valid": { "not_before": "2026-01-01T00:00:00Z", "not_after": "2030-12-31T00:00:00Z" }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_agreements_differ_in_what_they_grant() {
        let crew = Crew { equal: 50, different: 300 };
        let fields = |(_, file): (String, Value)| file["fields"].to_string();
        let all: Vec<_> = crew.agreements().map(fields).collect();
        let (equal, different) = all.split_at(50);
        assert_eq!(BTreeSet::from_iter(equal).len(), 1);
        assert_eq!(BTreeSet::from_iter(different).len(), 300);
    }
}
