//! What the hub does not take, and what it does not give.

use anyhow::{Context, Result};
use bytes::Bytes;
use ndxp_client::proto::{convert, exchange};
use ndxp_model::PurposeCode;

use super::{
    setting::{self, PUBLISHER, Setting},
    story::Story,
};

/// A batch of which one record is malformed: nothing of it is written.
pub(super) async fn malformed(setting: &Setting, story: &mut Story<'_>) -> Result<()> {
    story.chapter("A malformed record comes along with good ones")?;
    let mut records: Vec<_> = setting.units.records(9).into_iter().take(10).collect();
    let record = records.get_mut(7).context("there are fewer than eight units")?;
    record.payload = Bytes::from_static(
        br#"{"code":"99999","name":"","kind":"ward","level":"2","parent_code":"01"}"#,
    );
    let answer = setting.client(PUBLISHER)?.publish_batch(&Setting::to(), records).await;
    let failure = answer.err();
    let reason = failure.as_ref().and_then(|failure| failure.reason.clone()).unwrap_or_default();
    story.tell(format!("The whole call of ten is refused: {reason}."))?;
    let violations = failure.map(|failure| failure.violations).unwrap_or_default();
    for (path, message) in &violations {
        story.tell(format!("  at {path}: {message}"))?;
    }
    story.must_be("malformed", reason.as_str(), "SCHEMA_VIOLATION")?;
    let is_named =
        violations.iter().any(|(path, _)| path.contains("records[7]") && path.contains("level"));
    story.must_be("malformed_path_named", is_named, true)?;
    Ok(())
}

/// A system that asks for what no agreement grants its agency, and one that asks for what it may
/// not even know of.
pub(super) async fn without_agreement(setting: &Setting, story: &mut Story<'_>) -> Result<()> {
    story.chapter("Two ask for what nobody has granted them")?;
    let reason = ask(setting, story, "viettel/gateway", setting::DATASET).await?;
    story.must_be("without_agreement", reason.as_str(), "AGREEMENT_MISSING")?;
    let citizens = "agencies/police-administration/datasets/citizens";
    let reason = ask(setting, story, "evn/customers", citizens).await?;
    story.must_be("not_to_be_known", reason.as_str(), "RESOURCE_NOT_FOUND")?;
    Ok(())
}

async fn ask(
    setting: &Setting,
    story: &mut Story<'_>,
    system: &str,
    dataset: &str,
) -> Result<String> {
    let purpose: PurposeCode = "reference-data".parse()?;
    let agency = system.split('/').next().unwrap_or_default();
    let message = exchange::Subscription {
        name: format!("agencies/{agency}/subscriptions/wish"),
        dataset: dataset.to_owned(),
        access: Some(convert::access_message(&purpose, None)),
        start: exchange::StartPosition::Earliest.into(),
        ..exchange::Subscription::default()
    };
    let answer = setting.client(system)?.create_subscription(message).await;
    let failure = answer.err().context("what nobody has granted was given")?;
    story.tell(format!("{system}: {}", failure.message))?;
    Ok(failure.reason.unwrap_or_default())
}
