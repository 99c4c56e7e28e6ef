//! Both ends of forwarded calls: what the owner can do to a caller that is connected elsewhere, and
//! what the edge does for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{HeaderValue, Request};
use ndxp_identity::Peer;
use tonic::{body::Body, transport::Channel};
use tower::ServiceExt;

use super::{CUT, REQUEST};

/// Another node.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) channel: Channel,
}

/// The caller of a call that another node has forwarded.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(super) edge: Option<Link>,
    pub(super) request_id: String,
    pub(super) is_cut: Arc<AtomicBool>,
}

impl Remote {
    /// Lets the edge cut the caller's connection; says whether this was the first time.
    pub(crate) fn kill(&self) -> bool {
        let first = !self.is_cut.swap(true, Ordering::AcqRel);
        if let Some(edge) = self.edge.clone().filter(|_| first) {
            tokio::spawn(cut(edge, self.request_id.clone()));
        }
        first
    }
}

/// A link that is broken has ended the caller's stream already.
async fn cut(edge: Link, request_id: String) {
    let Ok(id) = HeaderValue::try_from(request_id) else { return };
    let mut request = Request::new(Body::empty());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static(CUT);
    request.headers_mut().insert(REQUEST, id);
    if let Err(cause) = edge.channel.oneshot(request).await {
        tracing::warn!(%cause, edge = edge.name, "a caller at another node could not be cut");
    }
}

/// The calls of this node's peers that are on their way through other nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Arc<Mutex<HashMap<String, Peer>>>);

impl Links {
    pub(super) fn enter(&self, request_id: &str, peer: Peer) -> Through {
        self.peers().insert(request_id.to_owned(), peer);
        Through { links: self.clone(), request_id: request_id.to_owned() }
    }

    /// Cuts the connection of a call's peer.
    pub(super) fn cut(&self, request_id: &str) {
        let peer = self.peers().get(request_id).cloned();
        if peer.is_some_and(|peer| peer.kill.kill()) {
            tracing::info!(request = request_id, "a peer is cut on another node's word");
        }
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<String, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's entry, which ends with it.
#[derive(Debug)]
pub(super) struct Through {
    links: Links,
    request_id: String,
}

impl Drop for Through {
    fn drop(&mut self) {
        self.links.peers().remove(&self.request_id);
    }
}
