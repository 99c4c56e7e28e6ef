//! Tables of rules: a caller, a command, and what comes of it.

mod agencies;
mod agreements;
mod code_lists;
mod datasets;
mod invisible;
mod limits;
mod schemas;
mod standing;
mod subscriptions;

use ndxp_registry::{Command, decide};

use crate::{
    sample::ready,
    world::{World, request, verdict},
};

/// One decision under a fresh request id. `expected` is the events' kinds, or why not.
#[track_caller]
fn check(world: &World, actor: &str, command: Command, expected: &str) {
    let before = world.state.to_bytes();
    let command = ready(&world.state, command);
    let name = command.name();
    let outcome = decide(&world.state, &request(u64::MAX, actor, command), world.now);
    assert_eq!(verdict(&outcome), expected, "{actor} {name}");
    assert_eq!(world.state.to_bytes(), before, "a decision changes nothing");
}
