//! The tonic services: each reads its request, calls the core, and writes the reply.

mod agency;
mod agreement;
mod dataset;
mod publish;
mod schema;
mod subscribe;

use std::sync::Arc;

use ndxp_proto::convert::Page;
use tonic::{Request, Status};

use crate::{call::Call, core::Core};

/// All services of a node, over one core.
#[derive(Debug, Clone)]
pub(crate) struct Services(pub Arc<Core>);

impl Services {
    fn begin<T>(&self, request: &Request<T>, method: &'static str) -> Result<Arc<Call>, Status> {
        Call::begin(request, method, self.0.now()).map(Arc::new)
    }
}

/// Cuts a page out of items in order of their names. Returns them and the next page's token.
fn cut<T>(page: &Page, items: impl Iterator<Item = (String, T)>) -> (Vec<T>, String) {
    let after = page.after.as_deref().unwrap_or_default();
    let mut rest = items.filter(|(name, _)| name.as_str() > after);
    let mut taken: Vec<(String, T)> = rest.by_ref().take(page.size).collect();
    let more = rest.next().is_some();
    let token = taken.last().filter(|_| more).map(|(name, _)| Page::token(name));
    (taken.drain(..).map(|(_, item)| item).collect(), token.unwrap_or_default())
}
