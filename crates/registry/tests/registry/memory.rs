//! What is remembered of requests, and the format's gate.

use ndxp_registry::{Applied, ApplyError, Event, FORMAT, RegistryRecord, State, decide};

use crate::{
    sample::{new_agency, new_system},
    world::{World, request, request_id, verdict},
};

const AUTHORITY: &str = "hub/officer/officer-1";
const DAY: i64 = 86_400_000;

#[test]
fn the_same_request_again_is_answered_with_the_first_outcome() {
    let mut world = World::nation();
    let position = world.state.count;
    let first = request(7, AUTHORITY, new_agency("health"));
    assert_eq!(verdict(&world.send(&first)), "agency-created");
    world.must(AUTHORITY, new_agency("transport"));
    world.advance(DAY - 1);
    assert_eq!(verdict(&world.send(&first)), format!("done at {position}"));
}

#[test]
fn a_request_id_names_one_body_of_one_caller() {
    let mut world = World::nation();
    world.send(&request(7, AUTHORITY, new_agency("health"))).unwrap();
    for (actor, command) in [
        (AUTHORITY, new_agency("transport")),
        ("hub/officer/officer-2", new_agency("health")),
        ("tax/officer/steward-1", new_system("tax", "batch")),
    ] {
        let reused = decide(&world.state, &request(7, actor, command), world.now);
        assert_eq!(verdict(&reused), "request id reused");
    }
}

#[test]
fn a_request_id_is_forgotten_after_24_hours_whatever_else_happened() {
    for others in [0, 1, 2, 3, 64] {
        let mut world = World::nation();
        world.send(&request(7, AUTHORITY, new_agency("health"))).unwrap();
        for n in 0..others {
            world.must(AUTHORITY, new_agency(&format!("other-{n}")));
        }
        let again = request(7, AUTHORITY, new_agency("transport"));
        world.advance(DAY - 1);
        assert_eq!(verdict(&world.send(&again)), "request id reused");
        world.advance(1);
        assert_eq!(verdict(&world.send(&again)), "agency-created");
        assert_eq!(world.state.requests.len(), 1, "all others are older than a day");
        assert_eq!(verdict(&world.send(&again)), format!("done at {}", world.state.count - 1));
    }
}

#[test]
fn the_memory_holds_a_day_and_no_more() {
    let mut world = World::nation();
    for n in 0..200 {
        world.advance(DAY / 24);
        world.must(AUTHORITY, new_agency(&format!("a-{n}")));
        assert!(world.state.requests.len() <= 24 + 27, "{}", world.state.requests.len());
    }
    assert_eq!(world.state.requests.len(), 24);
}

#[test]
fn a_refused_request_leaves_its_id_free() {
    let mut world = World::nation();
    assert!(world.send(&request(7, AUTHORITY, new_agency("tax"))).is_err());
    assert_eq!(
        verdict(&world.send(&request(7, AUTHORITY, new_agency("health")))),
        "agency-created"
    );
}

fn raised(world: &World, format: u32) -> RegistryRecord {
    RegistryRecord {
        v: 1,
        base: world.state.count,
        t: world.now,
        request_id: request_id(99),
        body: "00".repeat(32),
        actor: None,
        command: "raise-format".into(),
        events: vec![
            Event::AgencySuspended { agency: "tax".parse().unwrap() },
            Event::FormatRaised { format },
        ],
    }
}

#[test]
fn a_format_that_this_version_cannot_read_stops_it_with_nothing_changed() {
    let mut world = World::nation();
    let before = world.state.to_bytes();
    let found = FORMAT + 1;
    let stopped = world.state.apply(&raised(&world, found));
    assert_eq!(stopped, Err(ApplyError::Format { found }));
    assert_eq!(world.state.to_bytes(), before);
    assert_eq!(world.state.apply(&raised(&world, FORMAT)), Ok(Applied::Accepted));
    assert_eq!(world.state.format, FORMAT);
}

#[test]
fn a_format_is_never_lowered() {
    let mut world = World::nation();
    world.take(raised(&world, 0));
    assert_eq!(world.state.format, 1);
}

#[test]
fn an_event_of_a_newer_format_is_written_only_once_every_node_can_read_it() {
    let mut world = World::nation();
    // A hub that is still at an older format than this code, since another node reads no newer one.
    world.state.format = 0;
    let outcome = world.run(AUTHORITY, new_agency("health"));
    let said = verdict(&outcome);
    assert!(said.starts_with("conflict: this needs format 1 of the registry"), "{said}");
    let raise = |world: &World, readable: &[u32]| {
        let readable = readable.iter().copied();
        world.state.raise(FORMAT, readable, request_id(99), world.now)
    };
    assert_eq!(raise(&world, &[1, 0, 1]), None, "a node that cannot read it holds all");
    assert_eq!(raise(&world, &[]), None, "nobody is known");
    let record = raise(&world, &[1, 2]).unwrap();
    assert_eq!(record.v, 0, "whoever must stop can read why");
    assert_eq!(world.state.apply(&record), Ok(Applied::Accepted));
    assert_eq!(raise(&world, &[1, 2]), None, "it is reached");
    let outcome = world.run(AUTHORITY, new_agency("health"));
    assert_eq!(verdict(&outcome), "agency-created");
    assert_eq!(world.records.last().unwrap().v, 1);
}

#[test]
fn before_the_genesis_nobody_is_known() {
    let request = request(1, AUTHORITY, new_agency("tax"));
    let outcome = decide(&State::default(), &request, "2026-07-01T00:00:00Z".parse().unwrap());
    assert_eq!(verdict(&outcome), "unknown actor");
}
