//! Records that are no longer kept.

use std::time::Duration;

use ndxp_client::proto::{
    duration,
    exchange::{
        DeliveryOptions, OnExpired, UpdateSubscriptionRequest,
        subscribe_service_client::SubscribeServiceClient,
    },
    registry::{DatasetCategory, Retention},
};
use ndxp_testkit::{Frame, Grant, Spec, TestHub, citizens, event};
use tonic_types::StatusExt;

use crate::{contract::check, setup::citizen};

const DAY: Duration = Duration::from_secs(86_400);

/// A hub whose dataset `tax/events` keeps records for a day; `land/all` follows it.
async fn hub(on_expired: OnExpired) -> TestHub {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    hub.agency("land").await;
    let max_age = duration(86_400_000);
    hub.dataset(&Spec {
        category: DatasetCategory::Event,
        retention: Some(Retention { max_age, max_bytes: 0 }),
        partitions: 1,
        ..citizens("tax/events")
    })
    .await;
    hub.agreement(&Grant::of("agr-1", "tax/events", "land", &["/id"])).await;
    let name = hub.subscription("land", "all", "tax/events").await;
    let request = UpdateSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        name,
        options: Some(DeliveryOptions {
            on_expired: on_expired.into(),
            ..DeliveryOptions::default()
        }),
    };
    let mut service = SubscribeServiceClient::new(hub.channel("agency/land/system/portal"));
    service.update_subscription(request).await.unwrap();
    hub
}

async fn publish(hub: &TestHub, ids: std::ops::Range<u32>) {
    let records = ids.map(|id| event(&format!("r-{id}"), citizen(id))).collect();
    hub.publish("tax", "tax/events", records).await.unwrap();
}

/// Receives one record, so that the cursor stands behind it; then two more are published and
/// deleted, and one that is kept.
async fn with_gap(on_expired: OnExpired) -> TestHub {
    let hub = hub(on_expired).await;
    publish(&hub, 0..1).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(1).await.unwrap();
    stream.settle(&first).await.unwrap();
    stream.close();
    stream.end().await;
    publish(&hub, 1..3).await;
    hub.clock.advance(2 * DAY);
    publish(&hub, 3..4).await;
    hub.log().tidy(hub.clock.now()).await.unwrap();
    hub
}

#[tokio::test]
async fn expired_cursor_is_refused_with_the_earliest_valid_one() {
    let hub = with_gap(OnExpired::Fail).await;
    let refused = hub.subscribe("land", "all").await.unwrap_err();
    assert_eq!(check(&refused), "CURSOR_EXPIRED");
    let facts = refused.get_details_error_info().unwrap().metadata;
    let earliest = hex::decode(facts.get("earliest").unwrap()).unwrap();
    let mut service = SubscribeServiceClient::new(hub.channel("agency/land/system/portal"));
    let request = ndxp_client::proto::exchange::SeekSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000002".to_owned(),
        name: "agencies/land/subscriptions/all".to_owned(),
        to: Some(ndxp_client::proto::exchange::seek_subscription_request::To::Cursor(
            earliest.into(),
        )),
        dry_run: false,
    };
    service.seek_subscription(request).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(stream.records(1).await.unwrap()[0].key, "3");
}

#[tokio::test]
async fn gap_is_told_and_delivery_goes_on_at_the_earliest() {
    let hub = with_gap(OnExpired::Earliest).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    match stream.next().await.unwrap().unwrap() {
        Frame::Gap(gap) => {
            assert_eq!(gap.count, Some(2));
            assert!(!gap.from.is_empty() && !gap.to.is_empty());
        }
        other => panic!("no gap: {other:?}"),
    }
    assert_eq!(stream.records(1).await.unwrap()[0].key, "3");
}

#[tokio::test]
async fn gap_to_the_latest_leaves_out_what_is_kept_too() {
    let hub = with_gap(OnExpired::Latest).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    match stream.next().await.unwrap().unwrap() {
        Frame::Gap(gap) => assert_eq!(gap.count, Some(3)),
        other => panic!("no gap: {other:?}"),
    }
    publish(&hub, 4..5).await;
    assert_eq!(stream.records(1).await.unwrap()[0].key, "4");
}
