//! Line to entry.

use std::{fmt::Display, num::NonZeroU64, str::FromStr};

use ndxp_model::{PrincipalName, Timestamp};
use serde_json::{Map, Value};

use super::{INTEGER_END, LeafProblem, VERSION};
use crate::{
    Boot, Caller, DatasetAt, Delivered, Delivery, Deny, Entry, Publish, Registry, Release, Stamp,
    Under, Way,
};

pub(super) fn leaf(bytes: &[u8]) -> Result<(Stamp, Entry), LeafProblem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| LeafProblem::NotJson)?;
    // Printing it again is the check of everything that a second text of one meaning could vary:
    // of two equal members, say, one is gone. The bytes that are hashed stay the writer's.
    let canonical = serde_json_canonicalizer::to_vec(&value).ok();
    if !bytes.is_ascii() || !plain(&value) || canonical.as_deref() != Some(bytes) {
        return Err(LeafProblem::NotCanonical);
    }
    let Value::Object(members) = value else { return Err(LeafProblem::NotJson) };
    let members = Members(members);
    if members.integer("v")? != VERSION {
        return Err(LeafProblem::UnknownVersion);
    }
    Ok((members.stamp()?, members.entry()?))
}

/// Says whether there is no null, no fraction, no negative or large integer and no escape.
fn plain(value: &Value) -> bool {
    let text = |text: &str| !text.contains(|c: char| c.is_control() || c == '"' || c == '\\');
    match value {
        Value::Null => false,
        Value::Bool(_) => true,
        Value::Number(number) => number.as_u64().is_some_and(|integer| integer < INTEGER_END),
        Value::String(string) => text(string),
        Value::Array(array) => array.iter().all(plain),
        Value::Object(object) => object.iter().all(|(key, value)| text(key) && plain(value)),
    }
}

struct Members(Map<String, Value>);

impl Members {
    fn text(&self, key: &'static str) -> Result<&str, LeafProblem> {
        self.0.get(key).and_then(Value::as_str).ok_or(LeafProblem::Member(key))
    }

    fn integer(&self, key: &'static str) -> Result<u64, LeafProblem> {
        self.0.get(key).and_then(Value::as_u64).ok_or(LeafProblem::Member(key))
    }

    /// Reads a text that its type prints the same way: some types read `@07` and `@+7` as `@7`.
    fn read<T: FromStr + Display>(&self, key: &'static str) -> Result<T, LeafProblem> {
        let text = self.text(key)?;
        let read = text.parse().ok().filter(|value: &T| value.to_string() == text);
        read.ok_or(LeafProblem::Member(key))
    }

    fn read_if<T: FromStr + Display>(&self, key: &'static str) -> Result<Option<T>, LeafProblem> {
        self.0.contains_key(key).then(|| self.read(key)).transpose()
    }

    fn expect(&self, key: &'static str, text: &str) -> Result<(), LeafProblem> {
        if self.text(key)? == text { Ok(()) } else { Err(LeafProblem::Member(key)) }
    }

    fn stamp(&self) -> Result<Stamp, LeafProblem> {
        let millis = self.integer("t")?;
        let t = i64::try_from(millis).map(Timestamp::from_millis).unwrap_or_default();
        // An instant is clamped to years that can be written; a leaf with another has none.
        if u64::try_from(t.millis()) != Ok(millis) {
            return Err(LeafProblem::Member("t"));
        }
        Ok(Stamp { id: self.read("id")?, t, gw: self.read("gw")?, seq: self.integer("seq")? })
    }

    fn entry(&self) -> Result<Entry, LeafProblem> {
        match self.text("kind")? {
            "publish" => self.publish().map(Entry::Publish),
            "release" => self.release().map(Entry::Release),
            "deny" => self.deny().map(Entry::Deny),
            "registry" => self.registry().map(Entry::Registry),
            "delivery" => self.delivery().map(Entry::Delivery),
            "boot" => self.boot().map(Entry::Boot),
            _ => Err(LeafProblem::UnknownKind),
        }
    }

    fn publish(&self) -> Result<Publish, LeafProblem> {
        self.expect("op", "PUBLISH")?;
        self.expect("dec", "allow")?;
        let under = self.0.contains_key("agr").then(|| self.under()).transpose()?;
        Ok(Publish {
            by: self.by()?,
            ds: self.dataset()?,
            n: self.integer("n")?,
            vid: self.read("vid")?,
            under,
        })
    }

    fn release(&self) -> Result<Release, LeafProblem> {
        let op: String = self.read("op")?;
        let way = [Way::Stream, Way::DeadLetter].into_iter().find(|way| way.as_str() == op);
        let way = way.ok_or(LeafProblem::Member("op"))?;
        self.expect("dec", "allow")?;
        let again = match self.0.get("again") {
            None => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(LeafProblem::Member("again")),
        };
        Ok(Release {
            by: self.by()?,
            way,
            ds: self.dataset()?,
            sub: self.read("sub")?,
            under: self.under()?,
            rng: self.ranges()?,
            n: self.integer("n")?,
            again,
        })
    }

    fn deny(&self) -> Result<Deny, LeafProblem> {
        self.expect("dec", "deny")?;
        let clause = self.0.contains_key("clause").then(|| self.clause()).transpose()?;
        Ok(Deny {
            by: self.caller()?,
            ds: self.0.contains_key("ds").then(|| self.dataset()).transpose()?,
            op: self.read("op")?,
            why: self.read("why")?,
            clause,
            purp: self.read_if("purp")?,
            agr: self.read_if("agr")?,
            n: NonZeroU64::new(self.integer("n")?).ok_or(LeafProblem::Member("n"))?,
        })
    }

    fn registry(&self) -> Result<Registry, LeafProblem> {
        let hash = self.within("reg", "h").and_then(Value::as_str);
        let hash = hash.and_then(|text| text.parse().ok()).ok_or(LeafProblem::Member("reg"))?;
        let (by, op) = (self.read("by")?, self.read("op")?);
        Ok(Registry { by, op, position: self.position()?, hash })
    }

    fn delivery(&self) -> Result<Delivery, LeafProblem> {
        let n = self.0.contains_key("n").then(|| self.integer("n")).transpose()?;
        let (sub, op) = (self.read("sub")?, self.read("op")?);
        Ok(Delivery { by: self.by()?, ds: self.dataset()?, sub, op, n })
    }

    fn boot(&self) -> Result<Boot, LeafProblem> {
        let (version, incarnation) = (self.read("ver")?, self.read("inc")?);
        Ok(Boot { version, position: self.position()?, incarnation })
    }

    fn caller(&self) -> Result<Caller, LeafProblem> {
        match self.read_if("crt")? {
            None => self.by().map(Caller::Principal),
            Some(_) if self.0.contains_key("by") => Err(LeafProblem::Member("crt")),
            Some(hash) => Ok(Caller::Certificate(hash)),
        }
    }

    fn by(&self) -> Result<PrincipalName, LeafProblem> {
        let by: PrincipalName = self.read("by")?;
        self.expect("cons", by.agency.as_str())?;
        Ok(by)
    }

    fn dataset(&self) -> Result<DatasetAt, LeafProblem> {
        let ds: DatasetAt = self.read("ds")?;
        self.expect("prov", ds.name.agency.as_str())?;
        Ok(ds)
    }

    fn under(&self) -> Result<Under, LeafProblem> {
        Ok(Under {
            agr: self.read("agr")?,
            agrh: self.read("agrh")?,
            pol: self.read("pol")?,
            purp: self.read("purp")?,
            basis: self.read("basis")?,
        })
    }

    fn clause(&self) -> Result<u8, LeafProblem> {
        u8::try_from(self.integer("clause")?).map_err(|_| LeafProblem::Member("clause"))
    }

    fn ranges(&self) -> Result<Option<Vec<Delivered>>, LeafProblem> {
        let Some(value) = self.0.get("rng") else { return Ok(None) };
        let ranges = value.as_array().and_then(|ranges| ranges.iter().map(range).collect());
        ranges.map(Some).ok_or(LeafProblem::Member("rng"))
    }

    fn position(&self) -> Result<u64, LeafProblem> {
        let position = self.within("reg", "pos").and_then(Value::as_u64);
        position.ok_or(LeafProblem::Member("reg"))
    }

    fn within(&self, key: &str, inner: &str) -> Option<&Value> {
        self.0.get(key)?.as_object()?.get(inner)
    }
}

fn range(value: &Value) -> Option<Delivered> {
    let [partition, first, last] = value.as_array()?.as_slice() else { return None };
    let partition = u32::try_from(partition.as_u64()?).ok()?;
    let range = Delivered { partition, first: first.as_u64()?, last: last.as_u64()? };
    (range.first <= range.last).then_some(range)
}
