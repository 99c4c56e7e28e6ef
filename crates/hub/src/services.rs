//! The tonic services: each reads its request, calls the core, and writes the reply.

mod agency;
mod agreement;
mod dataset;
mod dead_letter;
mod publish;
mod schema;
mod subscribe;

use std::{future::Future, sync::Arc};

use ndxp_proto::convert::Page;
use tonic::{Request, Response, Status};

use crate::{call::Call, core::Core, refuse::Failed};

/// All services of a node, over one core.
#[derive(Debug, Clone)]
pub(crate) struct Services(pub Arc<Core>);

impl Services {
    fn begin<T>(&self, request: &Request<T>, method: &'static str) -> Result<Arc<Call>, Status> {
        Call::begin(request, method, self.0.now()).map(Arc::new)
    }

    /// Answers a unary call with what `work` makes of it.
    async fn serve<Q, R, F>(
        &self,
        request: Request<Q>,
        method: &'static str,
        work: impl FnOnce(Arc<Core>, Arc<Call>, Q) -> F,
    ) -> Result<Response<R>, Status>
    where
        R: Send + 'static,
        F: Future<Output = Result<R, Failed>> + Send + 'static,
    {
        let call = self.begin(&request, method)?;
        let work = work(Arc::clone(&self.0), Arc::clone(&call), request.into_inner());
        self.0.answer(call, work).await
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
