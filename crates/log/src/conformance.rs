//! The suite that every engine passes.
//!
//! [`run`] takes each of [`CHECKS`] with a rig of its own, [`run_those`] some of them. A check fails by
//! panicking; all that failed are named.

mod append;
mod fixture;
mod read;
mod refuse;
mod reopen;
mod tidy;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::Log;

/// Far above what any check needs: it turns a wait that never ends into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Opens one engine for one check.
#[async_trait]
pub trait Rig: Send {
    /// Opens the engine: an empty one at first; later it closes the one opened before and opens
    /// what that one held.
    async fn open(&mut self) -> Arc<dyn Log>;

    /// Says whether [`Log::tidy`] has deleted what may be deleted when it returns. Brokers delete
    /// in their own time: of them it is only checked that nothing goes that must stay.
    fn tidies_at_once(&self) -> bool {
        false
    }
}

/// A check of the suite.
#[derive(Clone, Copy)]
pub struct Check {
    /// What it claims.
    pub name: &'static str,
    run: for<'a> fn(&'a mut dyn Rig) -> Run<'a>,
}

type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! checks {
    ($($module:ident::$name:ident,)*) => {
        &[$(Check { name: stringify!($name), run: |rig| Box::pin($module::$name(rig)) },)*]
    };
}

/// Every check.
pub const CHECKS: &[Check] = checks![
    append::offsets_are_contiguous_from_zero,
    append::covered_records_name_their_entry_and_position,
    append::handed_record_names_its_entry,
    append::callers_entry_headers_are_replaced,
    append::entry_is_readable_when_what_it_covers_is,
    append::concurrent_calls_keep_their_own_order,
    append::every_part_of_a_record_comes_back,
    append::timestamps_never_decrease,
    append::empty_batch_writes_nothing,
    append::entry_may_cover_nothing,
    append::record_at_the_limit_is_taken,
    refuse::too_large_record_refuses_the_whole_call,
    refuse::unknown_partition_refuses_the_whole_call,
    refuse::unknown_partition_is_not_read,
    refuse::create_is_idempotent_and_keeps_its_count,
    read::reads_stop_at_the_durable_end,
    read::read_limits_hold_but_for_the_first_record,
    read::pages_from_anywhere_equal_what_was_appended,
    read::follower_wakes_when_the_end_moves,
    read::partitions_are_apart,
    read::offset_at_finds_the_first_record_not_earlier,
    reopen::reopened_log_holds_the_same,
    reopen::reopened_log_continues,
    reopen::reopened_log_knows_its_topics,
    tidy::repeated_create_changes_what_is_kept,
    tidy::tidy_loses_nothing_that_is_to_be_kept,
    tidy::retention_deletes_what_is_too_old,
    tidy::retention_deletes_what_is_too_much,
    tidy::compaction_removes_what_is_replaced,
    tidy::tombstones_go_last,
    tidy::hubs_own_topics_keep_what_they_say,
    tidy::tidy_of_many_records_takes_its_steps,
];

/// Runs every check on a rig of its own.
///
/// # Panics
/// If a check fails or does not end; the message names all of them.
pub async fn run(new_rig: impl Fn() -> Box<dyn Rig>) {
    run_all(CHECKS.iter().collect(), new_rig).await;
}

/// Runs the checks of these names: for settings of an engine that passes the whole suite without
/// them.
///
/// # Panics
/// If one fails or does not end, or there is none of a name.
pub async fn run_those(names: &[&str], new_rig: impl Fn() -> Box<dyn Rig>) {
    let named = |name: &&str| CHECKS.iter().find(|check| check.name == *name);
    let checks: Vec<_> = names.iter().filter_map(named).collect();
    assert_eq!(checks.len(), names.len(), "{names:?} names what is no check");
    run_all(checks, new_rig).await;
}

async fn run_all(checks: Vec<&'static Check>, new_rig: impl Fn() -> Box<dyn Rig>) {
    let mut failed = Vec::new();
    for check in checks {
        let mut rig = new_rig();
        let task = tokio::spawn(async move {
            tokio::time::timeout(PATIENCE, (check.run)(&mut *rig)).await.is_ok()
        });
        match task.await {
            Ok(true) => {}
            Ok(false) => failed.push(format!("{}: did not end", check.name)),
            Err(error) => failed.push(format!("{}: {error}", check.name)),
        }
    }
    assert!(failed.is_empty(), "the engine fails {} checks: {failed:#?}", failed.len());
}
