//! What most tests begin with, and what they look at.

use ndxp_client::proto::exchange::{
    GetSubscriptionStatusRequest, GetSubscriptionStatusResponse,
    subscribe_service_client::SubscribeServiceClient,
};
use ndxp_testkit::{Grant, TestHub, citizens};
use tonic::Status;
use tonic_types::StatusExt;

/// A hub with the provider `tax` (dataset `tax/citizens`) and the consumer `land`, which may see
/// id and name under `agr-1` and has the subscription `all`.
pub(crate) async fn pair() -> TestHub {
    on(TestHub::start().await).await
}

/// The same on a hub that serves already.
pub(crate) async fn on(hub: TestHub) -> TestHub {
    hub.agency("tax").await;
    hub.agency("land").await;
    hub.dataset(&citizens("tax/citizens")).await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id", "/name"])).await;
    hub.subscription("land", "all", "tax/citizens").await;
    hub
}

/// A citizen's record.
pub(crate) fn citizen(id: u32) -> String {
    format!(r#"{{"id":"{id}","name":"citizen {id}","province":"01","income":{id}}}"#)
}

/// The reason that a status gives.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Where a subscription of `land` stands.
pub(crate) async fn status(hub: &TestHub, subscription: &str) -> GetSubscriptionStatusResponse {
    let name = format!("agencies/land/subscriptions/{subscription}");
    let mut service = SubscribeServiceClient::new(hub.channel("agency/land/system/portal"));
    let request = GetSubscriptionStatusRequest { name };
    service.get_subscription_status(request).await.unwrap().into_inner()
}
