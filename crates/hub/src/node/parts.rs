//! What a node is made of.

use std::{fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ndxp_identity::Clock;
use ndxp_log::Log;
use ndxp_schema::National;
use tokio::{net::TcpSocket, sync::watch};

use super::TlsSource;
use crate::{
    cursors::CursorKey, http::LogSize, keys::Keys, monotonic::Monotonic, nodes::Neighbours,
};

/// Binds a socket on which nobody is let in yet: a node that is still reading its log refuses
/// connections, so that callers go to another one instead of waiting for it.
///
/// # Errors
/// Somebody listens there, or the address cannot be had. Of two that only start, the second fails
/// when it is to listen.
pub fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As every listener: connections of the process before that are not quite gone are no obstacle.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// What a node is made of. Sockets are bound by the caller, so that a test may choose port 0.
pub struct Parts {
    /// The node's name, for example `n1`.
    pub node: String,
    /// The log.
    pub log: Arc<dyn Log>,
    /// Set once the log can no longer be used.
    pub log_failed: watch::Receiver<Option<String>>,
    /// Tells the log's size.
    pub log_size: LogSize,
    /// A directory of the node's own for what it can make again from the log; nothing keeps that in
    /// memory.
    pub projections: Option<PathBuf>,
    /// The hub's own key.
    pub keys: Keys,
    /// The hub's own key of cursors.
    pub cursors: CursorKey,
    /// The server's certificate and whom it trusts.
    pub tls: TlsSource,
    /// The country's formats, code lists and labels, by which schemas are read.
    pub national: Arc<National>,
    /// How long streams and calls may take to end at a shutdown, usually [`DRAIN`](crate::DRAIN).
    pub drain: Duration,
    /// The time.
    pub clock: Clock,
    /// The clock of leases and delays, usually [`boot_time`](crate::boot_time).
    pub monotonic: Monotonic,
    /// How it meets the other nodes of a log that several write; without, its lanes can be used
    /// through it alone.
    pub neighbours: Option<Neighbours>,
    /// Where gRPC is served, over mutual TLS.
    pub grpc: TcpSocket,
    /// Where health and metrics are served, in clear: internal.
    pub http: TcpSocket,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("node", &self.node).finish_non_exhaustive()
    }
}
