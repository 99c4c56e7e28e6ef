//! A connection after its handshake: TLS over TCP under a kill switch.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tonic::transport::server::Connected;

use crate::{
    Peer,
    connection::Registration,
    kill::{Half, Verdict},
};

type Tls = tokio_rustls::server::TlsStream<TcpStream>;

/// A connection whose peer has proven its certificate. Give it to
/// `tonic::transport::Server::serve_with_incoming`: each request then carries a [`Peer`].
#[derive(Debug)]
pub struct TlsStream {
    /// Nothing once the connection is aborted: the socket is closed by then.
    tls: Option<Tls>,
    registration: Registration,
    /// The end of the quarantine, or of a condemned connection's farewell, from the first poll in
    /// it; and how long it was when it began, since the second may follow the first.
    age: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl TlsStream {
    pub(crate) fn new(tls: Tls, registration: Registration) -> Self {
        Self { tls: Some(tls), registration, age: None }
    }

    /// Returns the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.registration.peer
    }

    /// Returns the stream to poll, unless the connection is over.
    fn live(&mut self, half: Half, cx: &mut Context<'_>) -> io::Result<Pin<&mut Tls>> {
        match self.registration.peer.kill.check(half, cx) {
            Verdict::Go => {}
            Verdict::Stop => self.abort(),
            Verdict::GoUntilAge(age) => {
                self.age.take_if(|(begun, _)| *begun != age);
                let (_, timer) = self.age.get_or_insert_with(|| (age, Box::pin(sleep(age))));
                if timer.as_mut().poll(cx).is_ready() {
                    self.registration.peer.kill.kill();
                    self.abort();
                }
            }
        }
        match &mut self.tls {
            Some(tls) => Ok(Pin::new(tls)),
            None => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Closes the socket with a reset: what the kernel still holds for a peer that does not read
    /// is dropped with it.
    fn abort(&mut self) {
        if let Some(tls) = self.tls.take() {
            let (socket, _) = tls.get_ref();
            if let Err(error) = socket.set_zero_linger() {
                tracing::debug!(%error, "socket closes without a reset");
            }
        }
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        if self.registration.peer.kill.is_killed() {
            self.abort();
        }
    }
}

impl Connected for TlsStream {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        self.peer().clone()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().live(Half::Read, cx)?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().live(Half::Write, cx)?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().live(Half::Write, cx)?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().live(Half::Write, cx)?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().live(Half::Write, cx)?.poll_shutdown(cx)
    }
}
