//! A second reader of the registry's records: it knows their JSON and none of this crate's types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What the records say of agreements and time, read without the fold.
#[derive(Default)]
pub(crate) struct Walk {
    pub(crate) accepted: u64,
    last: String,
    open: BTreeMap<String, Proposal>,
    pub(crate) in_force: BTreeMap<String, u64>,
    suspended: BTreeMap<String, BTreeSet<String>>,
    ended: BTreeSet<String>,
}

struct Proposal {
    by: String,
    parties: [String; 2],
    approvals: Vec<String>,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

fn agency_of(principal: &str) -> &str {
    principal.split('/').nth(1).unwrap()
}

impl Walk {
    /// Reads one stored record and checks what must hold after it.
    pub(crate) fn read(&mut self, stored: &[u8]) {
        let record: Value = serde_json::from_slice(stored).unwrap();
        if record["base"].as_u64() != Some(self.accepted) {
            return;
        }
        self.accepted += 1;
        let time: ndxp_model::Timestamp = text(&record, "/t").parse().unwrap();
        if !self.last.is_empty() {
            assert!(time >= self.last.parse().unwrap(), "a record's time went back");
        }
        self.last = time.to_string();
        let actor = record["actor"].as_str().unwrap_or_default();
        for event in record["events"].as_array().unwrap() {
            self.event(actor, event);
        }
    }

    fn event(&mut self, actor: &str, event: &Value) {
        match text(event, "/type") {
            "agreement-proposed" => self.proposed(actor, event),
            "agreement-approved" => {
                assert_eq!(text(event, "/officer"), actor, "an approval is the actor's own");
                let proposal = self.open.get_mut(text(event, "/revision")).unwrap();
                proposal.approvals.push(actor.to_owned());
            }
            "agreement-in-force" => self.came_into_force(text(event, "/revision")),
            "agreement-suspended" => {
                let by = self.suspended.entry(text(event, "/agreement").to_owned()).or_default();
                assert!(by.insert(agency_of(actor).to_owned()), "suspended twice by one agency");
            }
            "agreement-resumed" => {
                let by = self.suspended.get_mut(text(event, "/agreement")).unwrap();
                assert!(by.remove(agency_of(actor)), "lifted by who did not impose it");
            }
            "agreement-terminated" => {
                let id = text(event, "/agreement").to_owned();
                assert!(self.ended.insert(id), "ended twice");
            }
            _ => {}
        }
    }

    fn proposed(&mut self, actor: &str, event: &Value) {
        let id = text(event, "/terms/id");
        assert!(!self.ended.contains(id), "a revision of an ended agreement");
        let parties =
            ["/terms/provider", "/terms/consumer"].map(|side| text(event, side).to_owned());
        assert!(parties.iter().any(|party| party == agency_of(actor)), "proposed by a stranger");
        let reference = format!("{id}@{}", event["revision"]);
        let proposal = Proposal { by: actor.to_owned(), parties, approvals: Vec::new() };
        assert!(self.open.insert(reference, proposal).is_none(), "a revision's number came twice");
    }

    /// One approval of each side, by different officers, none of them the proposer.
    fn came_into_force(&mut self, reference: &str) {
        let Proposal { by, parties, approvals } = self.open.get(reference).unwrap();
        let sides: BTreeSet<&str> = approvals.iter().map(|officer| agency_of(officer)).collect();
        assert_eq!(approvals.len(), 2, "{reference}: {approvals:?}");
        assert_eq!(sides, parties.iter().map(String::as_str).collect(), "{reference}: both sides");
        assert!(!approvals.contains(by), "{reference}: approved by its proposer");
        let (id, revision) = reference.split_once('@').unwrap();
        assert!(!self.ended.contains(id), "{reference}: it had ended");
        self.in_force.insert(id.to_owned(), revision.parse().unwrap());
    }

    /// The word for how an agreement in force stands.
    pub(crate) fn standing(&self, id: &str) -> &'static str {
        let suspended = self.suspended.get(id).is_some_and(|by| !by.is_empty());
        if self.ended.contains(id) {
            "Terminated"
        } else if suspended {
            "Suspended"
        } else {
            "Active"
        }
    }
}
