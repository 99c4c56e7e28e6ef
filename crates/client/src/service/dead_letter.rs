//! Dead letters: what a subscription could not take.

use ndxp_proto::{
    error::Failure,
    exchange::{
        DeadLetter, DeadLetterFilter, GetDeadLetterRequest, GetDeadLetterResponse,
        ListDeadLettersRequest, PurgeDeadLettersRequest, PurgeDeadLettersResponse,
        RedriveDeadLettersRequest, RedriveDeadLettersResponse,
        dead_letter_service_client::DeadLetterServiceClient,
    },
};

use super::{PAGE_SIZE, unary};
use crate::{Client, request_id};

impl Client {
    /// Returns the dead letters of `agencies/{agency}/subscriptions/{subscription}` that a filter
    /// lets through, in the order in which they became so, `most` at most.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_dead_letters(
        &self,
        parent: &str,
        filter: &DeadLetterFilter,
        most: usize,
    ) -> Result<Vec<DeadLetter>, Failure> {
        // Pages are asked for until there is enough: the rest would be thrown away.
        let (mut all, mut page_token) = (Vec::new(), String::new());
        while all.len() < most {
            let left = i32::try_from(most - all.len()).unwrap_or(PAGE_SIZE).min(PAGE_SIZE);
            let message = ListDeadLettersRequest {
                parent: parent.to_owned(),
                page_size: left,
                page_token,
                filter: Some(filter.clone()),
            };
            let page = unary!(self, DeadLetterServiceClient::list_dead_letters, message)?;
            all.extend(page.dead_letters);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        all.truncate(most);
        Ok(all)
    }

    /// Returns one dead letter with its record, if it is still kept:
    /// `agencies/{agency}/subscriptions/{subscription}/deadLetters/{id}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_dead_letter(&self, name: &str) -> Result<GetDeadLetterResponse, Failure> {
        let message = GetDeadLetterRequest { name: name.to_owned() };
        unary!(self, DeadLetterServiceClient::get_dead_letter, message)
    }

    /// Offers dead letters to their subscription once more, `rate` a second at most (0: 100). With
    /// `dry_run` the hub only says what it would do.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn redrive_dead_letters(
        &self,
        parent: &str,
        filter: DeadLetterFilter,
        rate: u32,
        dry_run: bool,
    ) -> Result<RedriveDeadLettersResponse, Failure> {
        let message = RedriveDeadLettersRequest {
            request_id: request_id(),
            parent: parent.to_owned(),
            filter: Some(filter),
            rate,
            dry_run,
        };
        unary!(self, DeadLetterServiceClient::redrive_dead_letters, message)
    }

    /// Removes dead letters for good. With `dry_run` the hub only says what it would do.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn purge_dead_letters(
        &self,
        parent: &str,
        filter: DeadLetterFilter,
        dry_run: bool,
    ) -> Result<PurgeDeadLettersResponse, Failure> {
        let message = PurgeDeadLettersRequest {
            request_id: request_id(),
            parent: parent.to_owned(),
            filter: Some(filter),
            dry_run,
        };
        unary!(self, DeadLetterServiceClient::purge_dead_letters, message)
    }
}
