//! Subscriptions as resources; the stream itself is [`crate::Subscription`].

use ndxp_proto::{
    error::Failure,
    exchange::{
        CreateSubscriptionRequest, CreateSubscriptionResponse, GetSubscriptionRequest,
        GetSubscriptionResponse, ListSubscriptionsRequest, Subscription,
        subscribe_service_client::SubscribeServiceClient,
    },
};

use super::{PAGE_SIZE, all_pages, unary};
use crate::{Client, request_id};

impl Client {
    /// Creates a durable subscription of the caller's agency.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn create_subscription(
        &self,
        subscription: Subscription,
    ) -> Result<CreateSubscriptionResponse, Failure> {
        let subscription = Some(subscription);
        let message = CreateSubscriptionRequest { request_id: request_id(), subscription };
        unary!(self, SubscribeServiceClient::create_subscription, message)
    }

    /// Returns one subscription and whether a stream of it is open:
    /// `agencies/{agency}/subscriptions/{subscription}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_subscription(&self, name: &str) -> Result<GetSubscriptionResponse, Failure> {
        let message = GetSubscriptionRequest { name: name.to_owned() };
        unary!(self, SubscribeServiceClient::get_subscription, message)
    }

    /// Returns all subscriptions of the caller's agency in order of their ids.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>, Failure> {
        all_pages(|page_token| async move {
            let parent = String::new();
            let message = ListSubscriptionsRequest { parent, page_size: PAGE_SIZE, page_token };
            let page = unary!(self, SubscribeServiceClient::list_subscriptions, message)?;
            Ok((page.subscriptions, page.next_page_token))
        })
        .await
    }
}
