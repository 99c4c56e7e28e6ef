//! Publishing and receiving, and a right that ends in the middle.

use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_client::{Event, Identity, SubscribeOptions};

use super::{
    consumer::{Consumer, Received},
    setting::{PUBLISHER, Setting},
    story::{Story, grouped, tenth},
    units::Units,
};

/// The units go out once; three agencies get what their agreements grant.
pub(super) async fn publish_and_receive(
    setting: &mut Setting,
    story: &mut Story<'_>,
) -> Result<()> {
    story.chapter("The Ministry of Home Affairs publishes the country's administrative units")?;
    for (consumer, _) in &setting.consumers {
        consumer.subscribe(&setting.client(consumer.system)?).await?;
    }
    let publisher = setting.client(PUBLISHER)?;
    let (since, records) = (Instant::now(), setting.units.records(1));
    let count = records.len();
    let published = publisher.publish(&Setting::to(), records).await?;
    let seconds = since.elapsed().as_secs_f64();
    setting.published += count;
    let rate = as_rate(count, seconds);
    let calls = published.receipts.len();
    story.tell(format!(
        "{} records in {calls} calls, each validated, durable and audited: {:.2} s, {} records/s.",
        grouped(count),
        seconds,
        grouped(rate)
    ))?;
    story.must_be("published", published.accepted, count as u64)?;
    story.figure("publish_records_per_second", rate);
    let since = Instant::now();
    let identities = setting.identities()?;
    receive(&mut setting.consumers, &identities, &setting.units, 1).await?;
    let seconds = since.elapsed().as_secs_f64();
    told(setting, story, 1)?;
    story.figure("receive_seconds", tenth(seconds));
    story.tell(format!("All three had all of it {seconds:.2} s later.")).map_err(Into::into)
}

/// All consumers receive side by side, up to so many editions of the list.
pub(super) async fn receive(
    consumers: &mut [(Consumer, Received)],
    identities: &[Identity],
    units: &Units,
    editions: usize,
) -> Result<()> {
    let all = consumers.iter_mut().zip(identities);
    try_join_all(all.map(|((who, got), identity)| async move {
        let received = who.receive(identity, units, got, who.share * editions).await;
        received.with_context(|| format!("{} could not receive", who.system))
    }))
    .await?;
    Ok(())
}

/// Tells what each consumer has, and compares.
pub(super) fn told(setting: &Setting, story: &mut Story<'_>, editions: usize) -> Result<()> {
    for (who, got) in &setting.consumers {
        let rows = match who.province {
            Some(code) => format!("its own communes alone (/parent_code = {code})"),
            None => "the whole country".to_owned(),
        };
        let fields = who.fields.join(", ");
        let records = grouped(got.ids.len());
        story.tell(format!("{:21} has {records:>5}: {rows}; {fields}.", who.system))?;
        let name = |what: &str| format!("{what}: {}", who.system);
        story.must_be(&name("received"), got.ids.len(), who.share * editions)?;
        story.must_be(&name("more or less than granted"), got.wrong, 0)?;
    }
    Ok(())
}

/// An officer suspends an agreement while a stream under it is open, and resumes it.
pub(super) async fn suspend(setting: &Setting, story: &mut Story<'_>) -> Result<()> {
    let (consumer, _) = setting.consumers.first().context("nobody receives")?;
    let agreement = format!("agreements/{}", consumer.agreement);
    story.chapter("An officer suspends an agreement while its stream is open")?;
    let client = setting.client(consumer.system)?;
    let mut stream = client.subscribe(consumer.subscription, &SubscribeOptions::default()).await?;
    let officer = setting.client("home-affairs/officer/approver-1")?;
    officer.get_agreement(&agreement).await?;
    let since = Instant::now();
    let (answered, cut) = tokio::join!(
        async { officer.suspend_agreement(&agreement).await.map(|_| since.elapsed()) },
        async {
            loop {
                match stream.next().await {
                    Ok(Some(Event::Suspended { reason, .. })) => {
                        return Ok((reason, since.elapsed()));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => anyhow::bail!("the stream ended without a reason"),
                    Err(failure) => return Err(failure.into()),
                }
            }
        }
    );
    let (answered, (reason, cut)) = (answered?, cut?);
    let milliseconds = tenth(cut.as_secs_f64() * 1_000.0);
    story.tell(format!(
        "{} is cut {milliseconds} ms after the officer's call began, with {reason}; the officer had \
         her answer after {:.1} ms.",
        consumer.system,
        answered.as_secs_f64() * 1_000.0
    ))?;
    story.figure("cut_milliseconds", milliseconds);
    story.must_be("cut_reason", reason.as_str(), "AGREEMENT_SUSPENDED")?;
    story.must_be("cut_within_a_second", cut.as_millis() < 1_000, true)?;
    let again = client.subscribe(consumer.subscription, &SubscribeOptions::default()).await;
    let refused = again.err().and_then(|failure| failure.reason).unwrap_or_default();
    story.must_be("stream_while_suspended", refused.as_str(), "AGREEMENT_SUSPENDED")?;
    officer.resume_agreement(&agreement).await?;
    client.saw_registry_position(officer.registry_position());
    client.subscribe(consumer.subscription, &SubscribeOptions::default()).await?;
    story.tell("A new stream is refused until she resumes the agreement; then it opens.")?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
pub(super) fn as_rate(count: usize, seconds: f64) -> usize {
    (count as f64 / seconds.max(0.001)) as usize
}
