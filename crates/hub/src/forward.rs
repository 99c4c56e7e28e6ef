//! Calls about a subscription whose lane is another node's: they go on to that node as they came,
//! frame by frame, and its answer comes back the same way.
//!
//! The edge, where the caller is connected, judges certificates and cuts connections; the owner
//! decides, audits and hands out. What the edge found out about the caller travels in headers, which
//! count on the nodes' own port alone. A link that breaks ends the call with `LANE_MOVED`.

mod body;
mod link;
mod opening;
mod owner;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response};
use ndxp_identity::Peer;
use ndxp_model::SubscriptionName;
use tonic::{body::Body, metadata::MetadataMap};
use tower::{Layer, Service, ServiceExt};

use crate::{call::Caller, core::Core, nodes::Place, refuse};
use body::{Answer, Later};
use opening::Opening;

pub(crate) use link::{Link, Links, Remote};
pub(crate) use owner::Owner;

/// Who the edge says is calling.
const CALLER: &str = "ndxp-forwarded-caller";
/// The id that the edge gave the call.
const REQUEST: &str = "ndxp-forwarded-request";
/// Which node the edge is.
const EDGE: &str = "ndxp-forwarded-edge";
/// Asks an edge to cut the connection of a call.
const CUT: &str = "/ndxp.node.Lane/Cut";

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Puts forwarding before a server's services.
#[derive(Clone)]
pub(crate) struct Forward(pub Arc<Core>);

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forward")
    }
}

impl<S> Layer<S> for Forward {
    type Service = Forwarding<S>;
    fn layer(&self, inner: S) -> Forwarding<S> {
        Forwarding { core: Arc::clone(&self.0), inner }
    }
}

/// A service whose calls may go on to another node.
#[derive(Clone)]
pub(crate) struct Forwarding<S> {
    core: Arc<Core>,
    inner: S,
}

impl<S> fmt::Debug for Forwarding<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarding")
    }
}

type Answered = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Service<Request<Body>> for Forwarding<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answered {
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let about = ndxp_proto::about::about(request.uri().path());
        let Some(about) = about.filter(|_| self.core.nodes.is_some()) else {
            return Box::pin(inner.call(request));
        };
        let core = Arc::clone(&self.core);
        let (is_stream, stamped) =
            (opening::is_stream(request.uri().path()), core.stamped(&request));
        let answer: Answered = Box::pin(async move {
            let (head, body) = request.into_parts();
            let opening = Opening::read(body).await;
            let place = opening.message().and_then(about).map(|name| core.place_of(&name));
            let request = Request::from_parts(head, opening.into_body());
            match place {
                None | Some(Place::Here) => inner.call(request).await,
                Some(Place::Nowhere) => Ok(moved(&request)),
                Some(Place::There(node)) => Ok(core.forward(request, node).await),
            }
        });
        if is_stream {
            // A client may wait for the headers before it says what it wants.
            return Box::pin(std::future::ready(Ok(
                stamped.map(|()| Body::new(Later::new(answer)))
            )));
        }
        answer
    }
}

impl Core {
    /// Makes the headers of a stream that is about to be opened.
    fn stamped(&self, request: &Request<Body>) -> Response<()> {
        let mut response = Response::new(());
        response.headers_mut().insert(http::header::CONTENT_TYPE, GRPC);
        if let Some(caller) = request.extensions().get::<Caller>() {
            let mut stamps = MetadataMap::new();
            self.stamp(&caller.request_id, &mut stamps);
            response.headers_mut().extend(stamps.into_headers());
        }
        response
    }

    fn place_of(&self, name: &SubscriptionName) -> Place {
        if self.lanes.of(name).is_ok() {
            return Place::Here;
        }
        let lane = ndxp_delivery::lane(name);
        self.nodes.as_ref().map_or(Place::Nowhere, |nodes| nodes.owner_of(lane))
    }

    /// Sends a call on to the node that owns its lane.
    async fn forward(self: &Arc<Self>, mut request: Request<Body>, node: Link) -> Response<Body> {
        let said = moved(&request);
        let (caller, peer) = (request.extensions().get::<Caller>(), request.extensions().get());
        let (Some(caller), Some(peer)) = (caller.cloned(), peer.cloned()) else { return said };
        let place: Peer = peer;
        let through = self.links.enter(&caller.request_id, place);
        for (name, value) in [
            (CALLER, caller.principal.to_string()),
            (REQUEST, caller.request_id.clone()),
            (EDGE, self.node.clone()),
        ] {
            let Ok(value) = HeaderValue::try_from(value) else { return said };
            request.headers_mut().insert(name, value);
        }
        self.metrics.streams_forwarded.inc();
        *request.extensions_mut() = http::Extensions::new();
        match node.channel.oneshot(request).await {
            Ok(answer) => {
                let id = &caller.request_id;
                answer.map(|body| Body::new(Answer::new(body, through, id, &self.drain)))
            }
            Err(cause) => {
                tracing::debug!(%cause, node = node.name, "a call could not be forwarded");
                said
            }
        }
    }
}

/// What a call is answered whose owner cannot be reached.
fn moved(request: &Request<Body>) -> Response<Body> {
    let id = request.extensions().get::<Caller>().map(|caller| caller.request_id.clone());
    refuse::moved().into_status(id.as_deref().unwrap_or_default()).into_http()
}
