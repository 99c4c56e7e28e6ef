//! `kill -9` in the middle of publishing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ndxp_client::{Client, Identity, proto::exchange::Record};
use tokio::{sync::watch, time::sleep};

use super::{
    chapters,
    hub::Hub,
    setting::{PUBLISHER, Setting},
    story::{Story, grouped},
};

/// Records of one call: small, so that the kill falls between many.
const BATCH: usize = 25;
/// After so many acknowledged calls the hub is killed.
const KILL_AFTER: usize = 50;
const AGAIN: Duration = Duration::from_millis(50);

/// What the publisher knows at the end.
#[derive(Debug, Default, Clone, Copy)]
struct Sent {
    accepted: usize,
    duplicates: usize,
    interruptions: usize,
    /// Records that it sent a second time.
    again: usize,
}

/// The second edition of the list goes out, the hub dies in the middle, and all are there.
pub(super) async fn kill(setting: &mut Setting, story: &mut Story<'_>) -> Result<()> {
    story.chapter("kill -9, in the middle of publishing and receiving")?;
    let records = setting.units.records(2);
    let total = records.len();
    let (progress, seen) = watch::channel(0);
    let publisher = tokio::spawn(publish(setting.identity(PUBLISHER)?, records, progress));
    let identities = setting.identities()?;
    let receiving = chapters::receive(&mut setting.consumers, &identities, &setting.units, 2);
    let (received, killed) = tokio::join!(receiving, interrupt(&mut setting.hub, seen));
    let ((calls, down), sent) = (killed?, publisher.await??);
    received?;
    setting.published += total;
    story.tell(format!(
        "The hub is killed after {} acknowledged records and serves again after {:.0} ms.",
        grouped(calls * BATCH),
        down.as_secs_f64() * 1_000.0
    ))?;
    story.tell(format!(
        "The publisher sends {} records again; the hub recognises {} of them as there already.",
        sent.again, sent.duplicates
    ))?;
    story.figure("restart_milliseconds", u64::try_from(down.as_millis()).unwrap_or(u64::MAX));
    story.must_be("interruptions_are_felt", sent.interruptions > 0, true)?;
    story.must_be("acknowledged_or_known", sent.accepted + sent.duplicates, total + BATCH)?;
    chapters::told(setting, story, 2)?;
    Ok(())
}

/// Kills the hub once enough calls are acknowledged, and starts it again. Returns how many were,
/// and how long it did not serve.
async fn interrupt(hub: &mut Hub, mut seen: watch::Receiver<usize>) -> Result<(usize, Duration)> {
    seen.wait_for(|calls| *calls >= KILL_AFTER).await.context("publishing ended too early")?;
    hub.kill().await?;
    let calls = *seen.borrow();
    let since = Instant::now();
    hub.restart().await?;
    Ok((calls, since.elapsed()))
}

/// Publishes call by call. After an interruption it sends the last call that was acknowledged as
/// well as the one that was not: the hub must know the first, and may know the second.
async fn publish(
    identity: Identity,
    records: Vec<Record>,
    progress: watch::Sender<usize>,
) -> Result<Sent> {
    let calls: Vec<&[Record]> = records.chunks(BATCH).collect();
    let mut client = Client::lazy(&identity)?;
    let (mut sent, mut at, mut has_resent) = (Sent::default(), 0, false);
    while let Some(call) = calls.get(at) {
        match client.publish_batch(&Setting::to(), call.to_vec()).await {
            Ok(answer) => {
                sent.accepted += usize::try_from(answer.accepted)?;
                sent.duplicates += usize::try_from(answer.duplicates)?;
                at += 1;
                progress.send_replace(at);
            }
            Err(failure) if failure.reason.is_none() || failure.retry_after.is_some() => {
                sent.interruptions += 1;
                if !has_resent {
                    has_resent = true;
                    sent.again = call.len() + BATCH;
                    at = at.saturating_sub(1);
                }
                sleep(AGAIN).await;
                client = Client::lazy(&identity)?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(sent)
}
