//! The checks at registration.

use serde_json::Value;

use super::{Dialect, Leaves};
use crate::profile::Profile;

pub(super) const MAX_PROBLEMS: usize = 100;

/// A problem before its place in the bytes is known.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) pointer: String,
    pub(super) keyword: String,
    pub(super) message: String,
}

pub(super) fn check(_root: &Value, _profile: &Profile) -> Result<(Dialect, Leaves), Vec<Found>> {
    Ok((Dialect::Draft202012, Leaves::default()))
}
