//! Entry to line.

use serde_json::{Map, Value, json};

use super::{EncodeError, INTEGER_END, VERSION};
use crate::{
    Boot, Caller, DatasetAt, Delivered, Delivery, Deny, Entry, Publish, Registry, Release,
    Sha256Hex, Stamp, Under,
};

/// All texts are ASCII without quote and backslash, by their types, and all numbers are integers.
/// So serde_json's sorted members and its plain printing are RFC 8785.
pub(super) fn line(stamp: &Stamp, entry: &Entry) -> Result<String, EncodeError> {
    let mut line = Line::default();
    line.text("id", stamp.id);
    line.integer("t", u64::try_from(stamp.t.millis()).unwrap_or(u64::MAX))?;
    line.text("gw", &stamp.gw);
    line.integer("seq", stamp.seq)?;
    line.text("kind", entry.kind());
    line.integer("v", VERSION)?;
    match entry {
        Entry::Publish(publish) => line.publish(publish)?,
        Entry::Release(release) => line.release(release)?,
        Entry::Deny(deny) => line.deny(deny)?,
        Entry::Registry(registry) => line.registry(registry)?,
        Entry::Delivery(delivery) => line.delivery(delivery)?,
        Entry::Boot(boot) => line.boot(boot)?,
    }
    Ok(Value::Object(line.members).to_string())
}

/// The members so far.
#[derive(Default)]
struct Line {
    members: Map<String, Value>,
}

impl Line {
    fn put(&mut self, key: &'static str, value: Value) {
        self.members.insert(key.to_owned(), value);
    }

    fn text(&mut self, key: &'static str, value: impl ToString) {
        self.put(key, Value::String(value.to_string()));
    }

    fn text_if(&mut self, key: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn integer(&mut self, key: &'static str, value: u64) -> Result<(), EncodeError> {
        self.put(key, small(key, value)?.into());
        Ok(())
    }

    fn publish(&mut self, entry: &Publish) -> Result<(), EncodeError> {
        self.dataset(&entry.ds);
        self.text("cons", &entry.by.agency);
        self.text("by", &entry.by);
        self.text("op", "PUBLISH");
        self.text("dec", "allow");
        self.text("vid", entry.vid);
        if let Some(under) = &entry.under {
            self.under(under);
        }
        self.integer("n", entry.n)
    }

    fn release(&mut self, entry: &Release) -> Result<(), EncodeError> {
        self.dataset(&entry.ds);
        self.text("cons", &entry.by.agency);
        self.text("by", &entry.by);
        self.text("op", entry.way.as_str());
        self.text("dec", "allow");
        self.text("sub", &entry.sub);
        self.under(&entry.under);
        if let Some(ranges) = &entry.rng {
            let ranges: Result<Vec<Value>, _> = ranges.iter().map(range).collect();
            self.put("rng", ranges?.into());
        }
        if entry.again {
            self.put("again", true.into());
        }
        self.integer("n", entry.n)
    }

    fn deny(&mut self, entry: &Deny) -> Result<(), EncodeError> {
        if let Some(ds) = &entry.ds {
            self.dataset(ds);
        }
        match &entry.by {
            Caller::Principal(by) => {
                self.text("cons", &by.agency);
                self.text("by", by);
            }
            Caller::Certificate(hash) => self.text("crt", hash),
        }
        self.text("op", &entry.op);
        self.text("dec", "deny");
        self.text("why", &entry.why);
        self.text_if("purp", entry.purp.as_ref());
        self.text_if("agr", entry.agr.as_ref());
        if let Some(clause) = entry.clause {
            self.integer("clause", clause.into())?;
        }
        self.integer("n", entry.n.get())
    }

    fn registry(&mut self, entry: &Registry) -> Result<(), EncodeError> {
        self.text("by", &entry.by);
        self.text("op", &entry.op);
        self.position(entry.position, Some(entry.hash))
    }

    fn delivery(&mut self, entry: &Delivery) -> Result<(), EncodeError> {
        self.dataset(&entry.ds);
        self.text("cons", &entry.by.agency);
        self.text("by", &entry.by);
        self.text("op", &entry.op);
        self.text("sub", &entry.sub);
        entry.n.map_or(Ok(()), |n| self.integer("n", n))
    }

    fn boot(&mut self, entry: &Boot) -> Result<(), EncodeError> {
        self.text("ver", &entry.version);
        self.text("inc", &entry.incarnation);
        self.position(entry.position, None)
    }

    fn dataset(&mut self, ds: &DatasetAt) {
        self.text("prov", &ds.name.agency);
        self.text("ds", ds);
    }

    fn under(&mut self, under: &Under) {
        self.text("agr", &under.agr);
        self.text("agrh", under.agrh);
        self.text("pol", under.pol);
        self.text("purp", &under.purp);
        self.text("basis", &under.basis);
    }

    fn position(&mut self, position: u64, hash: Option<Sha256Hex>) -> Result<(), EncodeError> {
        let position = small("reg", position)?;
        let value = match hash {
            Some(hash) => json!({ "h": hash.to_string(), "pos": position }),
            None => json!({ "pos": position }),
        };
        self.put("reg", value);
        Ok(())
    }
}

fn small(key: &'static str, value: u64) -> Result<u64, EncodeError> {
    if value < INTEGER_END { Ok(value) } else { Err(EncodeError::Integer(key)) }
}

fn range(range: &Delivered) -> Result<Value, EncodeError> {
    if range.first > range.last {
        return Err(EncodeError::Range);
    }
    Ok(json!([range.partition, range.first, small("rng", range.last)?]))
}
