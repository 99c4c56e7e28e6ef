//! `SubscribeService` of the mock: streams alone, every subscription exists.

use ndxp_proto::{
    error::Reason,
    exchange::{
        self as pb, SubscribeDeliver, SubscribeDraining, SubscribeIdle, SubscribeReady,
        SubscribeRequest, SubscribeResponse, SubscribeSuspended, subscribe_request::Frame as Ask,
        subscribe_response::Frame as Answer, subscribe_service_server::SubscribeService,
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    QUICK_MS,
    shared::{Shared, status},
};

type Answers = mpsc::Sender<Result<SubscribeResponse, Status>>;

/// What one stream knows.
struct Stream {
    hub: Shared,
    answers: Answers,
    name: String,
    epoch: u64,
    credit: u64,
    said_idle: bool,
}

async fn serve(
    hub: Shared,
    mut frames: Streaming<SubscribeRequest>,
    answers: Answers,
) -> Result<(), Status> {
    let Some(SubscribeRequest { frame: Some(Ask::Open(open)) }) = frames.message().await? else {
        return Err(Status::invalid_argument("the first frame must be `open`"));
    };
    hub.gate().map_err(status)?;
    let mut changes = hub.changes();
    let name = open.subscription;
    let epoch = hub.change(|state| state.subscription(&name).open());
    let mut stream = Stream { hub, answers, name, epoch, credit: 0, said_idle: false };
    stream.put(Answer::Ready(ready(epoch))).await;
    loop {
        changes.mark_unchanged();
        stream.go_on().await?;
        tokio::select! {
            // Cancel-safe: a change is still there, a message is not taken apart.
            changed = changes.changed() => changed.map_err(|_| Status::cancelled("the end"))?,
            message = frames.message() => match message? {
                Some(request) => stream.take(request).await?,
                None => return Ok(()),
            },
        }
    }
}

impl Stream {
    /// Hands out what there is, or ends.
    async fn go_on(&mut self) -> Result<(), Status> {
        loop {
            let (name, epoch) = (self.name.clone(), self.epoch);
            let end = self.hub.quietly(&name, |found| found.must_end(epoch));
            if let Some(reason) = end {
                self.say_end(reason).await;
                return Err(status(reason));
            }
            while let Some(word) = self.hub.quietly(&name, |found| found.word()) {
                self.put(word).await;
            }
            let credit = &mut self.credit;
            let (records, is_empty) =
                self.hub.quietly(&name, |found| (found.hand_out(credit), found.is_empty()));
            if records.is_empty() {
                if is_empty && self.credit > 0 && !self.said_idle {
                    self.said_idle = true;
                    self.put(Answer::Idle(SubscribeIdle::default())).await;
                }
                return Ok(());
            }
            self.said_idle = false;
            let deliver = SubscribeDeliver { records, ..SubscribeDeliver::default() };
            self.put(Answer::Deliver(deliver)).await;
        }
    }

    async fn take(&mut self, request: SubscribeRequest) -> Result<(), Status> {
        match request.frame {
            Some(Ask::Credit(credit)) => self.credit += u64::from(credit.records),
            Some(Ask::Settle(settle)) => {
                let result = self.hub.change(|state| state.subscription(&self.name).settle(settle));
                self.put(Answer::SettleResult(result)).await;
            }
            Some(Ask::Extend(extend)) => {
                let tokens = extend.ack_tokens;
                let result = self.hub.quietly(&self.name, |found| found.extend(tokens));
                self.put(Answer::SettleResult(result)).await;
            }
            Some(Ask::Heartbeat(_)) => {}
            Some(Ask::Open(_)) | None => {
                return Err(Status::invalid_argument("a frame out of turn"));
            }
        }
        Ok(())
    }

    async fn say_end(&self, reason: Reason) {
        let text = reason.as_str().to_owned();
        let frame = match reason.retry_after_ms() {
            Some(_) => Answer::Draining(SubscribeDraining {
                reason: text,
                retry_after: ndxp_proto::duration(QUICK_MS),
            }),
            None if reason == Reason::StreamFenced => return,
            None => Answer::Suspended(SubscribeSuspended { agreement: agreement(), reason: text }),
        };
        self.put(frame).await;
    }

    async fn put(&self, frame: Answer) {
        // The client may have gone.
        self.answers.send(Ok(SubscribeResponse { frame: Some(frame) })).await.unwrap_or_default();
    }
}

fn agreement() -> String {
    "agreements/mock@1".to_owned()
}

fn ready(epoch: u64) -> SubscribeReady {
    SubscribeReady {
        epoch,
        agreement: agreement(),
        max_outstanding_records: 1_000,
        max_outstanding_bytes: 16 << 20,
        lease: ndxp_proto::duration(60_000),
        order: pb::DeliveryOrder::ByKey.into(),
    }
}

/// Implements the service, of whose calls the mock knows the stream alone.
macro_rules! streams_alone {
    ($($method:ident: $ask:ident => $answer:ident;)*) => {
        #[tonic::async_trait]
        impl SubscribeService for Shared {
            type SubscribeStream = ReceiverStream<Result<SubscribeResponse, Status>>;

            async fn subscribe(
                &self,
                request: Request<Streaming<SubscribeRequest>>,
            ) -> Result<Response<Self::SubscribeStream>, Status> {
                let (answers, outbox) = mpsc::channel(1);
                let (hub, frames) = (self.clone(), request.into_inner());
                tokio::spawn(async move {
                    if let Err(status) = serve(hub, frames, answers.clone()).await {
                        // The client may have gone.
                        answers.send(Err(status)).await.unwrap_or_default();
                    }
                });
                Ok(Response::new(ReceiverStream::new(outbox)))
            }
            $(
                async fn $method(
                    &self,
                    _request: Request<pb::$ask>,
                ) -> Result<Response<pb::$answer>, Status> {
                    Err(status(Reason::NotServed))
                }
            )*
        }
    };
}

streams_alone! {
    create_subscription: CreateSubscriptionRequest => CreateSubscriptionResponse;
    get_subscription: GetSubscriptionRequest => GetSubscriptionResponse;
    list_subscriptions: ListSubscriptionsRequest => ListSubscriptionsResponse;
    update_subscription: UpdateSubscriptionRequest => UpdateSubscriptionResponse;
    delete_subscription: DeleteSubscriptionRequest => DeleteSubscriptionResponse;
    seek_subscription: SeekSubscriptionRequest => SeekSubscriptionResponse;
    get_subscription_status: GetSubscriptionStatusRequest => GetSubscriptionStatusResponse;
}
