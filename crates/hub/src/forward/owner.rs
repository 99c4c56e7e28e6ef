//! The owner's end: what comes on the nodes' own port.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::AtomicBool},
    task::{Context, Poll},
};

use http::{Request, Response};
use ndxp_proto::header;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::{CALLER, CUT, EDGE, REQUEST, link::Remote};
use crate::{
    call::{Caller, Origin},
    core::Core,
    refuse, trace,
};

/// Puts the nodes' gate before a server's services: every peer behind it is a node of this hub.
#[derive(Clone)]
pub(crate) struct Owner(pub Arc<Core>);

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner")
    }
}

impl<S> Layer<S> for Owner {
    type Service = Owned<S>;
    fn layer(&self, inner: S) -> Owned<S> {
        Owned { core: Arc::clone(&self.0), inner }
    }
}

/// A service behind the nodes' gate.
#[derive(Clone)]
pub(crate) struct Owned<S> {
    core: Arc<Core>,
    inner: S,
}

impl<S> fmt::Debug for Owned<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owned")
    }
}

impl<S> Service<Request<Body>> for Owned<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let id = text(&request, REQUEST).unwrap_or_default();
        if request.uri().path() == CUT {
            self.core.links.cut(&id);
            return Box::pin(std::future::ready(Ok(Status::ok("").into_http())));
        }
        if self.core.drain.is_cancelled() {
            let said = refuse::draining().into_status(&id).into_http();
            return Box::pin(std::future::ready(Ok(said)));
        }
        let Some(caller) = caller(&request, &id) else {
            let said = Status::internal("a node forwards a call without its caller").into_http();
            return Box::pin(std::future::ready(Ok(said)));
        };
        let edge = text(&request, EDGE).unwrap_or_default();
        let edge = self.core.nodes.as_ref().and_then(|nodes| nodes.link(&edge));
        let remote = Remote { edge, request_id: id, is_cut: Arc::new(AtomicBool::new(false)) };
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Origin::Node(remote));
        Box::pin(self.inner.call(request))
    }
}

fn caller(request: &Request<Body>, id: &str) -> Option<Caller> {
    let principal = text(request, CALLER)?.parse().ok()?;
    let parent = text(request, header::TRACEPARENT).unwrap_or_default();
    let traceparent = trace::parent(&parent).to_owned();
    Some(Caller { principal, request_id: id.to_owned(), traceparent })
}

fn text(request: &Request<Body>, name: &str) -> Option<String> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
