//! Commands and their parts, as small as they can be.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use ndxp_model::{
    Agency, AgencyKind, Category, Classification, Compatibility, Dataset, DatasetName, FieldGrant,
    Officer, Operation, Pointer, PurposeGrant, Role, SchemaVersion, System, Terms, Title, Validity,
};
use ndxp_registry::{Change, Command, Compared, Evidence, SchemaEntry, StartAt, State, Verdict};
use ndxp_schema::{Profile, Schema};

/// Declares `/code`, `/name`, `/province` and `/parts/*/label`.
pub(crate) const UNITS: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","type":"object","properties":{"code":{"type":"string"},"name":{"type":"string"},"province":{"type":"string"},"parts":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"}}}}},"required":["code"]}"#;
/// Declares `/code` alone.
pub(crate) const BARE: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","type":"object","properties":{"code":{"type":"string"}}}"#;

/// `UNITS` with one field more.
pub(crate) const WIDER: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","type":"object","properties":{"code":{"type":"string"},"name":{"type":"string"},"province":{"type":"string"},"level":{"type":"integer"},"parts":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"}}}}},"required":["code"]}"#;
/// `WIDER` with a title, and so with another hash.
pub(crate) const LONGER: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","title":"Units","type":"object","properties":{"code":{"type":"string"},"name":{"type":"string"},"province":{"type":"string"},"level":{"type":"integer"},"parts":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"}}}}},"required":["code"]}"#;
/// `WIDER`, with the end of `/level` announced for the day after the world's first.
pub(crate) const LEAVING: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","type":"object","properties":{"code":{"type":"string"},"name":{"type":"string"},"province":{"type":"string"},"level":{"type":"integer","deprecated":true,"x-ndxp-sunset":"2026-07-02"},"parts":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"}}}}},"required":["code"]}"#;
/// `UNITS` with a title: what is left of `LEAVING` after that day.
pub(crate) const LEFT: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","x-ndxp-classification":"internal","title":"Left","type":"object","properties":{"code":{"type":"string"},"name":{"type":"string"},"province":{"type":"string"},"parts":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"}}}}},"required":["code"]}"#;
/// A leaf that nobody classified.
pub(crate) const UNCLASSIFIED: &str = r#"{"properties":{"code":{"x-ndxp-classification":"public"},"name":{"type":"string"},"province":{"type":"string"}}}"#;

static PARSED: LazyLock<[(&str, Arc<Schema>); 7]> = LazyLock::new(|| {
    [UNITS, BARE, WIDER, LONGER, LEAVING, LEFT, UNCLASSIFIED]
        .map(|text| (text, Arc::new(Schema::parse(text.as_bytes(), &Profile::default()).unwrap())))
});

pub(crate) fn title(text: &str) -> Title {
    Title { vi: text.into(), en: text.into() }
}

pub(crate) fn agency(id: &str) -> Agency {
    Agency { id: id.parse().unwrap(), name: title(id), kind: AgencyKind::Ministry }
}

pub(crate) fn system(id: &str) -> System {
    System { id: id.parse().unwrap(), name: title(id) }
}

pub(crate) fn officer(id: &str, roles: &[Role]) -> Officer {
    Officer { id: id.parse().unwrap(), roles: roles.iter().copied().collect() }
}

pub(crate) fn pointers(paths: &[&str]) -> Vec<Pointer> {
    paths.iter().map(|path| path.parse().unwrap()).collect()
}

pub(crate) fn dataset(name: &str, classification: Classification) -> Dataset {
    Dataset {
        name: name.parse().unwrap(),
        title: title("units"),
        category: Category::Reference,
        classification,
        key_fields: pointers(&["/code"]),
        filterable_fields: pointers(&["/province"]),
        subject_fields: Vec::new(),
        partitions: 2,
        retention: None,
    }
}

/// `stats` receives `/code` and `/name` of `tax/units` for five years.
pub(crate) fn terms(id: &str) -> Terms {
    let grant = |path: &str| FieldGrant { path: path.parse().unwrap() };
    let (code, basis) = ("statistics".parse().unwrap(), "law-1".parse().unwrap());
    Terms {
        id: id.parse().unwrap(),
        provider: "tax".parse().unwrap(),
        consumer: "stats".parse().unwrap(),
        dataset: "tax/units".parse().unwrap(),
        operations: BTreeSet::from([Operation::Subscribe]),
        purposes: BTreeSet::from([PurposeGrant { code, basis }]),
        fields: BTreeSet::from([grant("/code"), grant("/name")]),
        rows: None,
        valid: Validity {
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2030-12-31T00:00:00Z".parse().unwrap(),
        },
    }
}

/// The same in another way, for a change in place.
pub(crate) fn terms_with(id: &str, change: impl FnOnce(&mut Terms)) -> Command {
    let mut terms = terms(id);
    change(&mut terms);
    Command::ProposeAgreement(terms)
}

pub(crate) fn new_agency(id: &str) -> Command {
    Command::CreateAgency(agency(id))
}

pub(crate) fn new_system(of: &str, id: &str) -> Command {
    Command::CreateSystem(of.parse().unwrap(), system(id))
}

pub(crate) fn new_officer(of: &str, id: &str, roles: &[Role]) -> Command {
    Command::CreateOfficer(of.parse().unwrap(), officer(id, roles))
}

pub(crate) fn new_dataset(name: &str, classification: Classification) -> Command {
    Command::CreateDataset(dataset(name, classification))
}

/// A schema of those above, not compared with anything yet.
pub(crate) fn new_schema(of: &str, document: &str) -> Command {
    Command::RegisterSchema {
        dataset: of.parse().unwrap(),
        document: document.into(),
        schema: parsed(document),
        evidence: nothing(),
    }
}

fn parsed(document: &str) -> Arc<Schema> {
    let known = PARSED.iter().find(|(text, _)| *text == document);
    Arc::clone(&known.unwrap().1)
}

fn nothing() -> Evidence {
    Evidence { schema: String::new(), mode: Compatibility::Full, compared: Vec::new() }
}

pub(crate) fn override_comparison(of: &str, document: &str) -> Command {
    Command::OverrideComparison {
        dataset: of.parse().unwrap(),
        schema: parsed(document).hash().to_owned(),
        reason: "the pattern was widened; no old code is lost".into(),
        evidence: nothing(),
    }
}

pub(crate) fn pin_code_list(of: &str, sha256: &str, found: &str) -> Command {
    let (sha256, found) = (sha256.to_owned(), found.to_owned());
    Command::PinCodeList { dataset: of.parse().unwrap(), sha256, found }
}

/// The command with evidence made on this state: every comparison came out like this.
pub(crate) fn compared(state: &State, command: Command, verdict: Verdict) -> Command {
    let made = |dataset: &DatasetName, schema: &str| {
        let entry = state.datasets.get(dataset);
        let mode = entry.map_or(Compatibility::Full, |entry| entry.compatibility);
        let places = match verdict {
            Verdict::Compatible => Vec::new(),
            _ => vec![Change { pointer: "/properties/code".into(), message: "narrower".into() }],
        };
        let all = entry.into_iter().flat_map(|entry| entry.binding());
        let one = |(_, known): (SchemaVersion, &SchemaEntry)| Compared {
            hash: known.hash.clone(),
            verdict,
            places: places.clone(),
        };
        Evidence { schema: schema.to_owned(), mode, compared: all.map(one).collect() }
    };
    match command {
        Command::RegisterSchema { dataset, document, schema, evidence: _ } => {
            let evidence = made(&dataset, schema.hash());
            Command::RegisterSchema { dataset, document, schema, evidence }
        }
        Command::OverrideComparison { dataset, schema, reason, evidence: _ } => {
            let evidence = made(&dataset, &schema);
            Command::OverrideComparison { dataset, schema, reason, evidence }
        }
        other => other,
    }
}

/// The command as a hub sends it: with evidence, unless it has some.
pub(crate) fn ready(state: &State, command: Command) -> Command {
    match &command {
        Command::RegisterSchema { evidence, .. } | Command::OverrideComparison { evidence, .. }
            if evidence.schema.is_empty() =>
        {
            compared(state, command, Verdict::Compatible)
        }
        _ => command,
    }
}

pub(crate) fn activate(name: &str) -> Command {
    Command::ActivateDataset(name.parse().unwrap())
}

pub(crate) fn subscribe(name: &str, dataset: &str, start: StartAt) -> Command {
    Command::CreateSubscription {
        name: name.parse().unwrap(),
        dataset: dataset.parse().unwrap(),
        purpose: "statistics".parse().unwrap(),
        agreement: None,
        start,
        options: ndxp_model::DeliveryOptions::default(),
    }
}

/// What makes the nation out of the genesis.
pub(crate) fn nation() -> Vec<(&'static str, Command)> {
    let (authority, steward) = ("hub/officer/officer-1", "tax/officer/steward-1");
    let mut steps = Vec::new();
    for id in ["tax", "stats", "land"] {
        steps.push((authority, new_agency(id)));
        steps.push((authority, new_system(id, "portal")));
        steps.push((authority, new_officer(id, "steward-1", &[Role::Steward])));
        let both = [Role::Steward, Role::Approver];
        steps.push((authority, new_officer(id, "steward-2", &both)));
        steps.push((authority, new_officer(id, "approver-1", &[Role::Approver])));
        steps.push((authority, new_officer(id, "approver-2", &[Role::Approver])));
    }
    for (name, class) in
        [("tax/units", Classification::Internal), ("tax/hidden", Classification::Confidential)]
    {
        steps.push((steward, new_dataset(name, class)));
        steps.push((steward, new_schema(name, UNITS)));
        steps.push((steward, activate(name)));
    }
    steps
}
