//! One record of each kind, made as the hub makes them.

use ndxp_model::{Classification, Compatibility, DeliveryOptions, Role, RowFilter};
use ndxp_registry::{Command, Event, RegistryRecord, StartAt, Verdict};

use crate::{
    sample::{
        UNITS, WIDER, activate, compared, new_agency, new_dataset, new_officer, new_schema,
        new_system, override_comparison, pin_code_list, subscribe, terms_with,
    },
    world::{World, request_id},
};

const AUTHORITY: &str = "hub/officer/officer-1";
const PROVIDER: &str = "tax/officer/steward-1";

/// The records behind the golden files, in the order of their log.
pub(super) fn script() -> Vec<RegistryRecord> {
    let mut world = World::begin();
    world.now = "2026-07-01T08:30:00.125Z".parse().unwrap();
    registered(&mut world);
    agreed(&mut world);
    stopped(&mut world);
    world.take(RegistryRecord {
        v: 1,
        base: world.state.count,
        t: world.now,
        request_id: request_id(21),
        body: "00".repeat(32),
        actor: None,
        command: "raise-format".into(),
        events: vec![Event::FormatRaised { format: 1 }],
    });
    evolved(&mut world);
    world.records
}

/// A schema that could not be compared, on the word of one officer, registered by another.
fn evolved(world: &mut World) {
    let dataset = "tax/units".parse().unwrap();
    let mode = Compatibility::Backward;
    world.must(PROVIDER, Command::SetCompatibility { dataset, mode });
    for (actor, command) in [
        ("tax/officer/approver-1", override_comparison("tax/units", WIDER)),
        (PROVIDER, new_schema("tax/units", WIDER)),
    ] {
        let command = compared(&world.state, command, Verdict::Undecided);
        world.must(actor, command);
    }
    let rows = format!("sha256:{}", "3c".repeat(32));
    world.must("tax/officer/approver-1", pin_code_list("tax/units", &rows, &rows));
}

fn registered(world: &mut World) {
    world.must(AUTHORITY, new_agency("tax"));
    world.must(AUTHORITY, new_agency("stats"));
    world.must(AUTHORITY, new_system("tax", "portal"));
    world.must(AUTHORITY, new_system("stats", "portal"));
    world.must(AUTHORITY, new_officer("tax", "steward-1", &[Role::Steward, Role::Operator]));
    world.must(PROVIDER, new_officer("tax", "approver-1", &[Role::Approver]));
    world.must(AUTHORITY, new_officer("stats", "approver-1", &[Role::Approver]));
    world.must("tax/system/portal", new_dataset("tax/units", Classification::Internal));
    world.must("tax/system/portal", new_schema("tax/units", UNITS));
    world.must(PROVIDER, activate("tax/units"));
}

fn agreed(world: &mut World) {
    let filtered = terms_with("agr-1", |terms| {
        let field = "/province".parse().unwrap();
        terms.rows = Some(RowFilter { field, equals: "01".into() });
    });
    world.must(PROVIDER, filtered);
    world.approve("tax/officer/approver-1", "agr-1@1").unwrap();
    world.approve("stats/officer/approver-1", "agr-1@1").unwrap();
    let mut followed = subscribe("stats/units", "tax/units", StartAt::Offsets(vec![0, 17]));
    if let Command::CreateSubscription { agreement, .. } = &mut followed {
        *agreement = Some("agr-1".parse().unwrap());
    }
    world.must("stats/system/portal", followed);
    let name = || "stats/units".parse().unwrap();
    let options = DeliveryOptions { max_attempts: 5, ..DeliveryOptions::default() };
    world.must("stats/system/portal", Command::UpdateSubscription { name: name(), options });
    world.must("stats/system/portal", Command::DeleteSubscription(name()));
}

fn stopped(world: &mut World) {
    let agreement = || "agr-1".parse().unwrap();
    world.must(AUTHORITY, Command::SuspendAgreement(agreement()));
    world.must(AUTHORITY, Command::ResumeAgreement(agreement()));
    world.must(PROVIDER, Command::TerminateAgreement(agreement()));
    world.must(AUTHORITY, Command::SuspendAgency("stats".parse().unwrap()));
    world.must(AUTHORITY, Command::ResumeAgency("stats".parse().unwrap()));
}
