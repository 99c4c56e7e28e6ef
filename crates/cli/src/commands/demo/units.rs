//! The country's administrative units, as records to publish and as what consumers must get.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use ndxp_client::proto::exchange::{Op, Record};
use serde_json::{Map, Value};

use crate::nation;

/// One unit.
#[derive(Debug, Clone)]
struct Unit {
    line: Bytes,
    fields: Map<String, Value>,
}

/// All units by their code.
#[derive(Debug, Clone)]
pub(super) struct Units(BTreeMap<String, Unit>);

impl Units {
    pub(super) fn read() -> Result<Self> {
        let bytes = nation::file("records/administrative-units.ndjson");
        let bytes = bytes.context("the nation has no administrative units")?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let unit = |line: &'static [u8]| {
            let fields: Map<String, Value> = serde_json::from_slice(line)?;
            let code = fields.get("code").and_then(Value::as_str).context("a unit has no code")?;
            Ok((code.to_owned(), Unit { line: Bytes::from_static(line), fields }))
        };
        lines.map(unit).collect::<Result<_>>().map(Self)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the records of one edition of the list.
    pub(super) fn records(&self, edition: u32) -> Vec<Record> {
        let record = |(code, unit): (&String, &Unit)| Record {
            record_id: format!("{edition}-{code}"),
            op: Op::Upsert.into(),
            payload: unit.line.clone(),
            ..Record::default()
        };
        self.0.iter().map(record).collect()
    }

    /// Counts the units directly below a province.
    pub(super) fn below(&self, province: &str) -> usize {
        let is_below = |unit: &&Unit| parent(unit) == Some(province);
        self.0.values().filter(is_below).count()
    }

    /// Whether a payload is a unit, below the province if there is one, with exactly these fields.
    pub(super) fn shows(&self, payload: &[u8], fields: &[&str], province: Option<&str>) -> bool {
        let Ok(found) = serde_json::from_slice::<Map<String, Value>>(payload) else { return false };
        let code = found.get("code").and_then(Value::as_str);
        let Some(unit) = code.and_then(|code| self.0.get(code)) else { return false };
        let granted = unit.fields.iter().filter(|(name, _)| fields.contains(&name.as_str()));
        let granted: Map<String, Value> =
            granted.map(|(name, value)| (name.clone(), value.clone())).collect();
        found == granted && province.is_none_or(|province| parent(unit) == Some(province))
    }
}

fn parent(unit: &Unit) -> Option<&str> {
    unit.fields.get("parent_code").and_then(Value::as_str)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_field_too_many_or_another_province_is_seen() {
        let units = Units::read().unwrap();
        let whole = units.0.get("00070").unwrap().line.clone();
        let all = ["code", "name", "kind", "level", "parent_code"];
        assert!(units.shows(&whole, &all, Some("01")));
        assert!(!units.shows(&whole, &all, Some("46")));
        assert!(!units.shows(&whole, &["code", "name"], None));
        assert!(!units.shows(br#"{"code":"00070"}"#, &["code", "name"], None));
        assert!(!units.shows(br#"{"code":"x"}"#, &["code"], None));
    }
}
