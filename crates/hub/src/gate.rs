//! What every call passes first: who calls, is the caller known, is this node up to date.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use ndxp_audit::{Caller as Refused, Deny};
use ndxp_identity::{Peer, Quarantine, QuarantinedCall};
use ndxp_model::PrincipalName;
use ndxp_proto::{error::Refusal, header};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::{
    call::{Caller, word},
    contract,
    core::Core,
    metrics::ReasonLabels,
    refuse, trace,
};

/// How long a call waits for a registry position that its caller has seen elsewhere.
const BEHIND: Duration = Duration::from_secs(1);

/// Puts the gate before a server's services.
#[derive(Clone)]
pub(crate) struct Gate(pub Arc<Core>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;
    fn layer(&self, inner: S) -> Gated<S> {
        Gated { core: Arc::clone(&self.0), inner }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub(crate) struct Gated<S> {
    core: Arc<Core>,
    inner: S,
}

impl<S> fmt::Debug for Gated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gated")
    }
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let core = Arc::clone(&self.core);
        // The service that was polled ready is the one to call.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        Box::pin(async move {
            let request_id = request_id(&core);
            let peer = request.extensions().get::<Peer>().cloned();
            let seen = text(&request, header::REGISTRY).and_then(|text| text.parse().ok());
            match core.admit(peer.as_ref(), seen).await {
                Ok(principal) => {
                    let parent = text(&request, header::TRACEPARENT).map_or("", trace::parent);
                    let traceparent = parent.to_owned();
                    let id = request_id.clone();
                    let caller = Caller { principal, request_id, traceparent };
                    request.extensions_mut().insert(caller);
                    let response = inner.call(request).await?;
                    match contract::refused(&response, &core.limits) {
                        Some(refusal) => Ok(core.turned_away(peer.as_ref(), refusal, &id).await),
                        None => Ok(response),
                    }
                }
                Err(refusal) => Ok(core.turned_away(peer.as_ref(), refusal, &request_id).await),
            }
        })
    }
}

fn text<'a>(request: &'a Request<Body>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The request's id, a UUIDv7: it finds the request in all parties' views.
fn request_id(core: &Core) -> String {
    let mut random = [0; 10];
    // Without random bytes the id is still unique enough to be found with its time.
    let _ = getrandom::fill(&mut random);
    let millis = u64::try_from(core.now().millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

impl Core {
    /// Returns who calls, if the certificate is good and its name registered.
    async fn admit(
        &self,
        peer: Option<&Peer>,
        seen: Option<u64>,
    ) -> Result<PrincipalName, Refusal> {
        let peer = peer.ok_or_else(|| refuse::quarantine(Quarantine::SystemUnknown))?;
        if let Some(sentence) = peer.sentence() {
            return Err(refuse::sentence(sentence));
        }
        let known = peer.principal(self.now()).and_then(|name| {
            let known = self.registry.read(|state| state.knows(name));
            if known { Ok(name.clone()) } else { Err(Quarantine::SystemUnknown) }
        });
        match known {
            Ok(_) if self.drain.is_cancelled() => Err(refuse::draining()),
            Ok(_) if self.registry.is_blind() => Err(refuse::behind()),
            Ok(name) => {
                self.wait_for_registry(seen).await?;
                Ok(name)
            }
            Err(cause) => match peer.quarantined_call() {
                QuarantinedCall::Answer | QuarantinedCall::Closed => Err(refuse::quarantine(cause)),
            },
        }
    }

    /// Waits until this node has applied what the caller has seen.
    async fn wait_for_registry(&self, seen: Option<u64>) -> Result<(), Refusal> {
        let Some(seen) = seen else { return Ok(()) };
        let mut position = self.registry.position();
        let reached = tokio::time::timeout(BEHIND, position.wait_for(|at| *at >= seen)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(refuse::behind()),
        }
    }

    async fn turned_away(&self, peer: Option<&Peer>, refusal: Refusal, id: &str) -> Response<Body> {
        let reason = refusal.reason;
        self.metrics.errors.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
        let named = peer.map(|peer| match &peer.certificate.name {
            Ok(name) => Refused::Principal(name.clone()),
            Err(_) => Refused::Certificate(peer.certificate.fingerprint.into()),
        });
        let caller = peer.map(|peer| peer.certificate.claim());
        tracing::info!(request = id, reason = reason.as_str(), caller, "turned away");
        if let Some(by) = named.filter(|_| reason.code() != tonic::Code::Unavailable) {
            let deny = Deny {
                by,
                ds: None,
                op: word("connect"),
                why: word(reason.as_str()),
                clause: (reason.code() == tonic::Code::Unauthenticated).then_some(1),
                purp: None,
                agr: None,
                n: std::num::NonZeroU64::MIN,
            };
            if let Err(cause) = self.ledger.deny(deny).await {
                tracing::error!(%cause, "a refusal could not be audited");
            }
        }
        refusal.into_status(id).into_http()
    }
}
