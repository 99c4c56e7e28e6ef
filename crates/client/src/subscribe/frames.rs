//! Frames on their way, and the heartbeat.

use ndxp_proto::{
    error::Failure,
    exchange::{
        SubscribeHeartbeat, SubscribeRequest, SubscribeResponse, subscribe_request::Frame as Ask,
        subscribe_response::Frame as Answer,
    },
};
use tokio::{sync::mpsc, time};
use tonic::{Code, Streaming};

use crate::{Client, failure, life};

/// Receives a frame; a kind that this client does not know is passed over. Cancel-safe.
pub(super) async fn receive(
    client: &Client,
    frames: &mut Streaming<SubscribeResponse>,
) -> Result<Option<Answer>, Failure> {
    loop {
        match life::message(client, frames).await? {
            Some(SubscribeResponse { frame: Some(frame) }) => return Ok(Some(frame)),
            Some(SubscribeResponse { frame: None }) => {}
            None => return Ok(None),
        }
    }
}

/// Sends a frame once there is room for it.
pub(super) async fn send(out: &mpsc::Sender<SubscribeRequest>, frame: Ask) -> Result<(), Failure> {
    let ended = |_| failure::local(Code::Cancelled, "the stream has ended");
    out.send(SubscribeRequest { frame: Some(frame) }).await.map_err(ended)
}

/// Says that this side is alive, also while the program is busy with what came.
pub(super) async fn beat(out: mpsc::WeakSender<SubscribeRequest>) {
    loop {
        time::sleep(life::HEARTBEAT).await;
        let Some(out) = out.upgrade() else { return };
        if send(&out, Ask::Heartbeat(SubscribeHeartbeat {})).await.is_err() {
            return;
        }
    }
}
