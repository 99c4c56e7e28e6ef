//! What the hub answered, in the shape that `--json` prints: the model's own JSON forms, so that
//! what is printed can be applied again.

mod agreement;
mod registry;

use anyhow::Result;
use ndxp_client::proto::{common, convert};
use ndxp_model::Timestamp;
use serde::Serialize;

pub(crate) use agreement::{
    AgreementView, RevisionView, SubscriptionView, agreement, subscription,
};
pub(crate) use registry::{
    AgencyView, DatasetView, SchemaView, agency, dataset, officer, schema, system,
};

/// What was changed, with the evidence.
#[derive(Debug, Serialize)]
pub(crate) struct Changed<T> {
    pub(crate) resource: T,
    pub(crate) receipt: Option<ReceiptView>,
}

/// Evidence of a change or a release.
#[derive(Debug, Serialize)]
pub(crate) struct ReceiptView {
    shard: String,
    index: u64,
    leaf_hash: String,
    issued_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    verdict_identity: String,
}

impl ReceiptView {
    /// Returns where the audit entry stands.
    pub(crate) fn place(&self) -> String {
        format!("audit {}/{}", self.shard, self.index)
    }

    pub(crate) fn of(receipt: common::Receipt) -> Self {
        Self {
            shard: receipt.shard,
            index: receipt.index,
            leaf_hash: hex::encode(&receipt.leaf_hash),
            issued_at: convert::instant(receipt.issued_at, "issued_at").ok(),
            verdict_identity: receipt.verdict_identity,
        }
    }
}

impl<T> Changed<T> {
    pub(crate) fn new(resource: T, receipt: Option<common::Receipt>) -> Self {
        Self { resource, receipt: receipt.map(ReceiptView::of) }
    }

    /// Returns where the evidence stands, as the end of a sentence.
    pub(crate) fn evidence(&self) -> String {
        match &self.receipt {
            Some(receipt) => format!(" ({})", receipt.place()),
            None => String::new(),
        }
    }
}

/// Turns a list of messages into views.
pub(crate) fn all<A, V>(items: Vec<A>, view: impl Fn(A) -> Result<V>) -> Result<Vec<V>> {
    items.into_iter().map(view).collect()
}

/// Returns the word that the JSON form has for a value of an enumeration.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Puts lines of columns under each other.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell: &String| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_those_of_the_files() {
        assert_eq!(super::word(&ndxp_model::AgencyKind::GovernmentAgency), "government-agency");
    }

    #[test]
    fn columns_stand_under_each_other() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = [row(["tax", "Cục Thuế"]), row(["statistics", ""])];
        assert_eq!(super::table(&rows), "tax         Cục Thuế\nstatistics");
    }
}
