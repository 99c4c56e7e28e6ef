//! The connection: HTTP/2 under mutual TLS.

use std::time::Duration;

use ndxp_proto::error::Failure;
use tonic::{
    Code,
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity as Pem},
};

use crate::{Identity, failure};

/// Windows of the API's section on connections: a slow reader holds no more than this.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const PING_EVERY: Duration = Duration::from_secs(25);

/// The largest message either way, in bytes.
pub(crate) const MAX_MESSAGE: usize = 4 << 20;

/// Describes connections with an identity to each node that it names, without making one: the first
/// call does.
pub(crate) fn endpoints(identity: &Identity) -> Result<Vec<Endpoint>, Failure> {
    identity.endpoint.split(',').map(|address| endpoint(identity, address.trim())).collect()
}

fn endpoint(identity: &Identity, address: &str) -> Result<Endpoint, Failure> {
    let wrong = |error: tonic::transport::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let text = format!("{address}: {error}{}", cause.unwrap_or_default());
        failure::local(Code::InvalidArgument, text)
    };
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&identity.ca_pem))
        .identity(Pem::from_pem(&identity.cert_pem, &identity.key_pem))
        .timeout(CONNECT_TIMEOUT);
    plain(address.to_owned()).and_then(|plain| plain.tls_config(tls)).map_err(wrong)
}

/// Describes connections without TLS; every hub wants TLS, so on its own it is for the mock alone.
pub(crate) fn plain(address: String) -> Result<Endpoint, tonic::transport::Error> {
    Endpoint::from_shared(address)?
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING_EVERY)
        .user_agent(concat!("ndxp-client/", env!("CARGO_PKG_VERSION")))
}
