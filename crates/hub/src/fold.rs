//! Reading a partition from a place to its end, to fold what it holds.

use std::sync::Arc;

use ndxp_log::{Log, Partition, ReadError, ReadLimits, Stored};

/// What is read at once where all is read.
pub(crate) const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

/// Takes each record from an offset up to the end, in order, until `take` fails.
///
/// # Errors
/// [`ReadError`], or what `take` says.
pub(crate) async fn each<E: From<ReadError>>(
    log: &Arc<dyn Log>,
    at: &Partition,
    from: u64,
    mut take: impl FnMut(&Stored) -> Result<(), E>,
) -> Result<(), E> {
    let mut next = from;
    loop {
        let page = log.read(at, next, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.offset + 1;
        page.iter().try_for_each(&mut take)?;
    }
}
