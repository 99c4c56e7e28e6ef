//! What is wrong with one item of many.

use super::duration;
use crate::{
    common::{Place, Problem},
    error::Refusal,
};

/// Writes a refusal of one item, with as many places as an error lists.
#[must_use]
pub fn problem(refusal: &Refusal) -> Problem {
    let places = refusal.shown().into_iter().map(|found| Place {
        path: found.path,
        keyword: found.keyword,
        message: found.message,
        ..Place::default()
    });
    Problem {
        reason: refusal.reason.as_str().to_owned(),
        message: refusal.message.clone(),
        next_step: refusal.next_step.clone(),
        places: places.collect(),
        retry_after: refusal.retry_after_ms.and_then(duration),
    }
}
