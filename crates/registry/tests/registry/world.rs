//! A small hub in memory: `hub` supervises; `tax` provides, `stats` receives, `land` is a stranger.

use ndxp_model::{PrincipalName, RequestId, Role, Timestamp};
use ndxp_registry::{
    Applied, Change, Command, Event, Outcome, Refused, RegistryRecord, Request, State, decide,
};

use crate::sample;

/// The instant of the genesis.
pub(crate) const START: &str = "2026-07-01T00:00:00Z";

#[derive(Default)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) records: Vec<RegistryRecord>,
    pub(crate) now: Timestamp,
}

/// Names a principal in short: `tax/officer/steward-1`.
pub(crate) fn who(short: &str) -> PrincipalName {
    format!("agency/{short}").parse().unwrap()
}

pub(crate) fn request_id(number: u64) -> RequestId {
    RequestId::from_bytes(u128::from(number).to_be_bytes())
}

pub(crate) fn request(number: u64, actor: &str, command: Command) -> Request {
    Request { id: request_id(number), actor: who(actor), command }
}

/// What `ndxp init` writes: an agency and two officers with every role.
pub(crate) fn genesis() -> RegistryRecord {
    let hub = sample::agency("hub");
    let all = [Role::Authority, Role::Steward, Role::Approver, Role::Operator];
    let officer = |id: &str| Event::OfficerCreated {
        agency: hub.id.clone(),
        officer: sample::officer(id, &all),
    };
    RegistryRecord {
        v: 1,
        base: 0,
        t: START.parse().unwrap(),
        request_id: request_id(0),
        body: String::new(),
        actor: Some(who("hub/officer/officer-1")),
        command: "genesis".into(),
        events: vec![
            Event::Genesis {
                trust_domain: "ndxp.example".parse().unwrap(),
                incarnation: "0123456789abcdef".repeat(2),
            },
            Event::AgencyCreated { agency: hub.clone() },
            officer("officer-1"),
            officer("officer-2"),
        ],
    }
}

impl World {
    /// After the genesis.
    pub(crate) fn begin() -> Self {
        let mut world = Self { now: START.parse().unwrap(), ..Self::default() };
        world.take(genesis());
        world
    }

    /// Agencies with officers and systems, and two active datasets of `tax`, one confidential.
    pub(crate) fn nation() -> Self {
        let mut world = Self::begin();
        for (actor, command) in sample::nation() {
            world.must(actor, command);
        }
        world
    }

    /// The nation with `agr-1` in force between `tax` and `stats`.
    pub(crate) fn sharing() -> Self {
        let mut world = Self::nation();
        world.must("tax/officer/steward-1", Command::ProposeAgreement(sample::terms("agr-1")));
        world.approve("tax/officer/approver-1", "agr-1@1").unwrap();
        world.approve("stats/officer/approver-1", "agr-1@1").unwrap();
        world
    }

    pub(crate) fn take(&mut self, record: RegistryRecord) {
        assert_eq!(self.state.apply(&record), Ok(Applied::Accepted));
        self.records.push(record);
    }

    /// Decides and applies under a new request id.
    pub(crate) fn run(&mut self, actor: &str, command: Command) -> Result<Outcome, Refused> {
        let command = sample::ready(&self.state, command);
        let request = request(1_000 + self.state.count, actor, command);
        self.send(&request)
    }

    pub(crate) fn send(&mut self, request: &Request) -> Result<Outcome, Refused> {
        let outcome = decide(&self.state, request, self.now)?;
        if let Outcome::Append(record) = &outcome {
            self.take(record.clone());
        }
        Ok(outcome)
    }

    #[track_caller]
    pub(crate) fn must(&mut self, actor: &str, command: Command) {
        let name = command.name();
        if let Err(refused) = self.run(actor, command) {
            panic!("{actor} {name}: {refused}");
        }
    }

    pub(crate) fn approve(&mut self, actor: &str, revision: &str) -> Result<Outcome, Refused> {
        let command = self.approval(revision);
        self.run(actor, command)
    }

    /// The approval of a revision as it was proposed.
    pub(crate) fn approval(&self, revision: &str) -> Command {
        approval(&self.state, revision)
    }

    pub(crate) fn advance(&mut self, millis: i64) {
        self.now = Timestamp::from_millis(self.now.millis() + millis);
    }
}

/// The approval of a revision, with the hash of its terms if it exists.
pub(crate) fn approval(state: &State, revision: &str) -> Command {
    let revision: ndxp_model::AgreementRef = revision.parse().unwrap();
    let entry = state.agreements.get(&revision.id);
    let known = entry.and_then(|entry| entry.revision(revision.revision));
    let terms_hash = known.map_or_else(String::new, |known| known.terms_hash.clone());
    Command::ApproveAgreement { revision, terms_hash }
}

/// Folds records from nothing.
pub(crate) fn replayed(records: &[RegistryRecord]) -> State {
    let mut state = State::default();
    for record in records {
        let stored = RegistryRecord::decode(&record.encode()).unwrap();
        state.apply(&stored).unwrap();
    }
    state
}

/// An outcome in one line, as the tables write it.
pub(crate) fn verdict(outcome: &Result<Outcome, Refused>) -> String {
    match outcome {
        Ok(Outcome::Append(record)) => {
            record.events.iter().map(kind).collect::<Vec<_>>().join(", ")
        }
        Ok(Outcome::Done { position }) => format!("done at {position}"),
        Err(Refused::UnknownActor) => "unknown actor".into(),
        Err(Refused::AgencySuspended) => "agency suspended".into(),
        Err(Refused::RoleRequired { needed }) => format!("needs {needed}"),
        Err(Refused::NotFound { what }) => format!("no {what}"),
        Err(Refused::NameTaken { what }) => format!("taken {what}"),
        Err(Refused::Invalid { path, problem }) => format!("{path}: {problem}"),
        Err(Refused::Conflict(text)) => format!("conflict: {text}"),
        Err(Refused::Unclassified(leaves)) => format!("unclassified {}", leaves.join(" ")),
        Err(Refused::Breaking { with, places }) => format!("breaks {with}: {}", listed(places)),
        Err(Refused::Undecided { with, places }) => format!("open {with}: {}", listed(places)),
        Err(Refused::StaleEvidence) => "stale evidence".into(),
        Err(Refused::RequestIdReused) => "request id reused".into(),
    }
}

fn listed(places: &[Change]) -> String {
    places.iter().map(|place| place.pointer.clone()).collect::<Vec<_>>().join(" ")
}

/// The kind of an event, as it is stored.
fn kind(event: &Event) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}
