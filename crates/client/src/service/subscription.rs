//! Subscriptions as resources; the stream itself is [`crate::Subscription`].

use ndxp_proto::{
    error::Failure,
    exchange::{
        CreateSubscriptionRequest, CreateSubscriptionResponse, DeleteSubscriptionRequest,
        DeleteSubscriptionResponse, DeliveryOptions, GetSubscriptionRequest,
        GetSubscriptionResponse, GetSubscriptionStatusRequest, GetSubscriptionStatusResponse,
        ListSubscriptionsRequest, SeekSubscriptionRequest, SeekSubscriptionResponse, Subscription,
        UpdateSubscriptionRequest, UpdateSubscriptionResponse, seek_subscription_request::To,
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

    /// Changes how a subscription is delivered: all options as they are to be.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn update_subscription(
        &self,
        name: &str,
        options: DeliveryOptions,
    ) -> Result<UpdateSubscriptionResponse, Failure> {
        let (name, options) = (name.to_owned(), Some(options));
        let message = UpdateSubscriptionRequest { request_id: request_id(), name, options };
        unary!(self, SubscribeServiceClient::update_subscription, message)
    }

    /// Deletes a subscription with its cursor and its dead letters.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn delete_subscription(
        &self,
        name: &str,
    ) -> Result<DeleteSubscriptionResponse, Failure> {
        let message = DeleteSubscriptionRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, SubscribeServiceClient::delete_subscription, message)
    }

    /// Moves a subscription's cursor. With `dry_run` the hub only says what it would do.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn seek_subscription(
        &self,
        name: &str,
        to: To,
        dry_run: bool,
    ) -> Result<SeekSubscriptionResponse, Failure> {
        let (name, to) = (name.to_owned(), Some(to));
        let message = SeekSubscriptionRequest { request_id: request_id(), name, to, dry_run };
        unary!(self, SubscribeServiceClient::seek_subscription, message)
    }

    /// Returns where a subscription stands at this moment.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn subscription_status(
        &self,
        name: &str,
    ) -> Result<GetSubscriptionStatusResponse, Failure> {
        let message = GetSubscriptionStatusRequest { name: name.to_owned() };
        unary!(self, SubscribeServiceClient::get_subscription_status, message)
    }
}
