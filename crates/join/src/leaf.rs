//! An audit entry's leaf: `docs/storage.md`, section 4.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const MAX_BYTES: usize = 8 * 1024;
/// The `op` of a release to who looks at a dead letter.
const DEAD_LETTER: &str = "DEAD_LETTER";

/// A leaf that was read.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) index: u64,
    /// SHA-256(0x00 ‖ value), hex.
    pub(crate) hash: String,
    members: Map<String, Value>,
}

impl Leaf {
    /// Reads a leaf, or says what is wrong with it.
    pub(crate) fn read(index: u64, value: &[u8]) -> Result<Self, &'static str> {
        if value.len() > MAX_BYTES {
            return Err("is too long");
        }
        let Ok(Value::Object(members)) = serde_json::from_slice(value) else {
            return Err("is no JSON object");
        };
        let hash = hex::encode(Sha256::new().chain_update([0]).chain_update(value).finalize());
        let leaf = Self { index, hash, members };
        // Members sorted, none twice, no space, no escape: printed again it gives the same bytes.
        if !value.is_ascii() || Value::Object(leaf.members.clone()).to_string().as_bytes() != value
        {
            return Err("is not in canonical form");
        }
        if leaf.number("v") != Some(1) {
            return Err("has an unknown version");
        }
        match leaf.missing() {
            None => Ok(leaf),
            Some(what) => Err(what),
        }
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("kind")
    }

    /// Returns a member's text; empty if it has none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.members.get(name).and_then(Value::as_u64)
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Returns `reg.pos`.
    pub(crate) fn position(&self) -> Option<u64> {
        self.member("reg")?.get("pos")?.as_u64()
    }

    /// Returns the dataset of `ds`, and the version behind `@`.
    pub(crate) fn dataset(&self) -> (&str, &str) {
        let ds = self.text("ds");
        ds.split_once('@').unwrap_or((ds, ""))
    }

    /// Tells whether it releases the record of one dead letter, which no frame hands out.
    pub(crate) fn shows_dead_letter(&self) -> bool {
        self.kind() == "release" && self.text("op") == DEAD_LETTER && self.number("n") == Some(1)
    }

    /// Tells what a leaf of this kind lacks.
    fn missing(&self) -> Option<&'static str> {
        let texts: &[&str] = match self.kind() {
            "publish" => &["by", "cons", "prov", "ds", "op", "dec", "vid"],
            "release" => {
                &["by", "cons", "prov", "ds", "op", "dec", "sub", "agr", "agrh", "pol", "purp"]
            }
            // Who cannot be named is known by the certificate.
            "deny" if self.text("by").is_empty() => &["crt", "op", "dec", "why"],
            "deny" => &["by", "cons", "op", "dec", "why"],
            "registry" => &["by", "op"],
            "delivery" => &["by", "cons", "prov", "ds", "op", "sub"],
            "boot" => &["ver", "inc"],
            _ => return Some("is of an unknown kind"),
        };
        let stamped = self.number("t").is_some() && self.number("seq").is_some();
        if !stamped || ["id", "gw"].iter().chain(texts).any(|name| self.text(name).is_empty()) {
            return Some("lacks a member of its kind");
        }
        let counted = matches!(self.kind(), "publish" | "release" | "deny");
        if counted && self.number("n").is_none_or(|n| n == 0) {
            return Some("has no count");
        }
        if !counted && self.kind() != "delivery" && self.position().is_none() {
            return Some("names no registry position");
        }
        let said = match self.kind() {
            "publish" => ("allow", "PUBLISH"),
            "release" if self.shows_dead_letter() => ("allow", DEAD_LETTER),
            "release" => ("allow", "SUBSCRIBE"),
            "deny" => ("deny", self.text("op")),
            _ => (self.text("dec"), self.text("op")),
        };
        if said != (self.text("dec"), self.text("op")) {
            return Some("has a decision or an operation of another kind");
        }
        let agency = self.text("by").strip_prefix("agency/").and_then(|by| by.split_once('/'));
        let has_consumer = !self.text("cons").is_empty();
        if has_consumer && agency.map(|(agency, _)| agency) != Some(self.text("cons")) {
            return Some("has a consumer that is not the agency of `by`");
        }
        let provider = self.dataset().0.split_once('/').map(|(agency, _)| agency);
        if provider.unwrap_or_default() != self.text("prov") {
            return Some("has a provider that does not own `ds`");
        }
        None
    }
}
