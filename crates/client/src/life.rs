//! Whether the other side of a stream is alive.

use std::time::Duration;

use ndxp_proto::error::Failure;
use tokio::time;
use tonic::{Code, Streaming};

use crate::{Client, failure};

/// Each side says this often that it is alive; three missed end the stream.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(75);

/// Receives a message; `None` once the hub has ended the stream without an error. Cancel-safe.
pub(crate) async fn message<T>(
    client: &Client,
    frames: &mut Streaming<T>,
) -> Result<Option<T>, Failure> {
    let silent = |_| failure::local(Code::Unavailable, "the hub has been silent for 75 s");
    let message = time::timeout(SILENCE, frames.message()).await.map_err(silent)?;
    message.map_err(|status| client.failed(status))
}
