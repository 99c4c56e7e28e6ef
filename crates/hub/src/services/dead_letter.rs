//! `DeadLetterService`: what a subscription could not take.

use ndxp_model::SubscriptionName;
use ndxp_proto::{
    convert,
    error::Refusal,
    exchange::{self as pb, dead_letter_service_server::DeadLetterService},
};
use tonic::{Request, Response, Status};

use super::{Services, cut};
use crate::subscribe::letters::{self, Filter};

/// How many a second are offered again, unless the officer says.
const RATE: u32 = 100;
const MOST_RATE: u32 = 10_000;

#[tonic::async_trait]
impl DeadLetterService for Services {
    async fn list_dead_letters(
        &self,
        request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        self.serve(request, "ListDeadLetters", |core, call, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            let name = convert::subscription_name(&request.parent, "parent")?;
            let filter = filter(request.filter, &name)?;
            let letters = letters::list(&core, &call, &name, &filter)?;
            let (dead_letters, next_page_token) = cut(&page, letters.into_iter());
            Ok(pb::ListDeadLettersResponse { dead_letters, next_page_token })
        })
        .await
    }

    async fn get_dead_letter(
        &self,
        request: Request<pb::GetDeadLetterRequest>,
    ) -> Result<Response<pb::GetDeadLetterResponse>, Status> {
        self.serve(request, "GetDeadLetter", |core, call, request| async move {
            let problem = || Refusal::field("name", "must be the name of a dead letter");
            let (of, id) = request.name.split_once("/deadLetters/").ok_or_else(problem)?;
            let name = convert::subscription_name(of, "name")?;
            letters::look(&core, &call, &name, id).await
        })
        .await
    }

    async fn redrive_dead_letters(
        &self,
        request: Request<pb::RedriveDeadLettersRequest>,
    ) -> Result<Response<pb::RedriveDeadLettersResponse>, Status> {
        self.serve(request, "RedriveDeadLetters", |core, call, request| async move {
            convert::request_id(&request.request_id)?;
            let name = convert::subscription_name(&request.parent, "parent")?;
            let filter = filter(request.filter, &name)?;
            let rate = match request.rate {
                0 => RATE,
                rate @ 1..=MOST_RATE => rate,
                _ => return Err(Refusal::field("rate", "must be 1 to 10,000").into()),
            };
            letters::redrive(&core, &call, &name, &filter, (rate, request.dry_run)).await
        })
        .await
    }

    async fn purge_dead_letters(
        &self,
        request: Request<pb::PurgeDeadLettersRequest>,
    ) -> Result<Response<pb::PurgeDeadLettersResponse>, Status> {
        self.serve(request, "PurgeDeadLetters", |core, call, request| async move {
            convert::request_id(&request.request_id)?;
            let name = convert::subscription_name(&request.parent, "parent")?;
            let filter = filter(request.filter, &name)?;
            letters::purge(&core, &call, &name, &filter, request.dry_run).await
        })
        .await
    }
}

fn filter(filter: Option<pb::DeadLetterFilter>, of: &SubscriptionName) -> Result<Filter, Refusal> {
    let Some(filter) = filter else { return Ok(Filter::default()) };
    let cause = Some(filter.cause()).filter(|cause| *cause != pb::DeadLetterCause::Unspecified);
    let prefix = format!("{}/deadLetters/", of.resource());
    let id = |(at, name): (usize, &String)| {
        let id = name.strip_prefix(&prefix).map(ToOwned::to_owned);
        let problem = || Refusal::field(format!("filter.names[{at}]"), "must be of this parent");
        id.ok_or_else(problem)
    };
    Ok(Filter {
        ids: filter.names.iter().enumerate().map(id).collect::<Result<_, _>>()?,
        cause,
        reason: filter.reason,
        from: convert::optional_instant(filter.dead_from, "filter.dead_from")?,
        before: convert::optional_instant(filter.dead_before, "filter.dead_before")?,
    })
}
