//! Properties over random commands of random callers, with clocks that jump.

mod steps;

use std::cmp::Ordering;

use ndxp_model::Timestamp;
use ndxp_registry::{Applied, Outcome, RegistryRecord, Request, State, decide};
use proptest::{collection::vec, prelude::*};

use self::steps::Step;
use crate::{
    walk::Walk,
    world::{World, replayed, request},
};

/// The fold and the second reader see the same agreements.
fn agrees(state: &State, walk: &Walk) {
    assert_eq!(state.count, walk.accepted);
    for (id, entry) in &state.agreements {
        assert_eq!(entry.in_force.map(u64::from), walk.in_force.get(id.as_str()).copied());
        let standing = state.in_force().get(id);
        assert_eq!(standing.map(|s| s.reference.revision), entry.in_force);
        if let Some(standing) = standing {
            assert_eq!(format!("{:?}", standing.status), walk.standing(id.as_str()));
        }
    }
}

/// The nation, then the steps; the second reader follows and is compared after each.
fn lived(steps: &[Step]) -> World {
    let mut world = World::nation();
    let mut walk = Walk::default();
    world.records.iter().for_each(|record| walk.read(&record.encode()));
    for (number, step) in steps.iter().enumerate() {
        world.now = Timestamp::from_millis(world.now.millis().saturating_add(step.advance));
        let number = if step.same_id { 1 } else { 1_000_000 + number as u64 };
        let request = request(number, step.actor(), step.command(&world.state));
        if let Ok(Outcome::Append(record)) = world.send(&request) {
            walk.read(&record.encode());
        }
        agrees(&world.state, &walk);
    }
    world
}

/// A node of a hub: its own clock, its own state.
struct Node {
    state: State,
    now: i64,
}

impl Node {
    fn decide(&self, request: &Request) -> Option<RegistryRecord> {
        match decide(&self.state, request, Timestamp::from_millis(self.now)) {
            Ok(Outcome::Append(record)) => Some(record),
            Ok(Outcome::Done { .. }) | Err(_) => None,
        }
    }
}

/// The log hands a record to every node.
fn appended(nodes: &mut [Node; 2], record: &RegistryRecord) -> Applied {
    let stored = RegistryRecord::decode(&record.encode()).unwrap();
    let [first, second] = nodes.each_mut().map(|node| node.state.apply(&stored).unwrap());
    assert_eq!(first, second, "all nodes judge a record alike");
    first
}

fn race(nodes: &mut [Node; 2], requests: [Request; 2], reversed: bool) {
    let decided = [nodes[0].decide(&requests[0]), nodes[1].decide(&requests[1])];
    let mut racers: Vec<_> = requests.iter().zip(decided).collect();
    if reversed {
        racers.reverse();
    }
    let mut accepted = 0;
    let mut losers = Vec::new();
    for (request, record) in racers {
        let Some(record) = record else { continue };
        match appended(nodes, &record) {
            Applied::Accepted => accepted += 1,
            Applied::Ignored => losers.push((request, record)),
        }
    }
    assert_eq!(accepted, usize::from(accepted + losers.len() > 0), "one winner, if anyone runs");
    for (request, _) in losers {
        if let Some(again) = nodes[1].decide(request) {
            assert_eq!(appended(nodes, &again), Applied::Accepted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariant_9_replay_rebuilds_the_same_bytes(steps in vec(any::<Step>(), 0..120)) {
        let world = lived(&steps);
        let again = replayed(&world.records);
        prop_assert_eq!(again.to_bytes(), world.state.to_bytes());
        for id in world.state.agreements.keys() {
            prop_assert_eq!(again.in_force().get(id), world.state.in_force().get(id));
        }
        for agency in world.state.agencies.keys() {
            let visible = |state: &State| {
                state.datasets.keys().filter(|name| state.visible(agency, name).is_some()).count()
            };
            prop_assert_eq!(visible(&again), visible(&world.state));
        }
    }

    #[test]
    fn invariant_4_nothing_is_in_force_without_an_approval_of_each_side(
        steps in vec(any::<Step>(), 0..200),
    ) {
        // The second reader judges after each step.
        lived(&steps);
    }

    #[test]
    fn invariant_9_records_that_lost_a_race_change_nothing_in_a_replay(
        steps in vec(any::<Step>(), 1..60), strays in vec((any::<prop::sample::Index>(), any::<u64>()), 1..8),
    ) {
        let world = lived(&steps);
        let mut state = State::default();
        for (index, record) in world.records.iter().enumerate() {
            for (place, base) in &strays {
                let stray = RegistryRecord { base: *base, ..place.get(&world.records).clone() };
                if stray.base != index as u64 {
                    prop_assert_eq!(state.apply(&stray), Ok(Applied::Ignored));
                }
            }
            let late = RegistryRecord { base: (index as u64).wrapping_sub(1), ..record.clone() };
            let before = state.to_bytes();
            prop_assert_eq!(state.apply(&late), Ok(Applied::Ignored));
            prop_assert_eq!(state.to_bytes(), before);
            prop_assert_eq!(state.apply(record), Ok(Applied::Accepted));
        }
        prop_assert_eq!(state.to_bytes(), world.state.to_bytes());
    }

    #[test]
    fn two_nodes_that_decide_at_once_leave_one_winner_whichever_came_first(
        rounds in vec((any::<[Step; 2]>(), any::<bool>()), 1..40), skew in -500_i64..500,
    ) {
        let world = World::sharing();
        let start = world.now.millis();
        let mut nodes =
            [start, start + skew].map(|now| Node { state: replayed(&world.records), now });
        for (round, (steps, reversed)) in rounds.into_iter().enumerate() {
            let mut number = 2_000_000 + 2 * round as u64;
            let requests = steps.each_ref().map(|step| {
                number += u64::from(!step.same_id);
                request(number, step.actor(), step.command(&nodes[0].state))
            });
            race(&mut nodes, requests, reversed);
            for (node, step) in nodes.iter_mut().zip(&steps) {
                node.now = node.now.saturating_add(step.advance);
            }
            prop_assert_eq!(nodes[0].state.to_bytes(), nodes[1].state.to_bytes());
        }
    }

    #[test]
    fn a_records_time_never_goes_back(steps in vec(any::<Step>(), 1..60)) {
        let world = lived(&steps);
        for pair in world.records.windows(2) {
            prop_assert_ne!(pair[0].t.cmp(&pair[1].t), Ordering::Greater);
        }
        prop_assert_eq!(Some(world.state.time), world.records.last().map(|record| record.t));
    }

    #[test]
    fn the_memory_is_the_requests_of_the_last_day(steps in vec(any::<Step>(), 1..120)) {
        let world = lived(&steps);
        let newest = world.state.time.millis();
        let young = |record: &&RegistryRecord| record.t.millis() > newest - 86_400_000;
        let mut expected: Vec<_> =
            world.records.iter().filter(young).map(|record| record.request_id).collect();
        expected.sort_unstable();
        expected.dedup();
        let held: Vec<_> = world.state.requests.keys().copied().collect();
        prop_assert_eq!(held, expected);
    }

    #[test]
    fn a_decision_never_panics_whatever_the_clock_says(step in any::<Step>(), now in any::<i64>()) {
        let world = World::sharing();
        let request = request(5, step.actor(), step.command(&world.state));
        let now = Timestamp::from_millis(now);
        if let Ok(Outcome::Append(record)) = decide(&world.state, &request, now) {
            prop_assert!(record.t >= world.state.time);
        }
    }
}
