//! A method per unary call. Changes get a new request id each; lists fetch all pages.

mod agency;
mod agreement;
mod dataset;
mod dead_letter;
mod schema;
mod subscription;

use std::future::Future;

use ndxp_proto::error::Failure;

/// The most that the hub gives at once.
const PAGE_SIZE: i32 = 500;

/// Sends one message by a method of a generated service.
macro_rules! unary {
    ($client:expr, $service:ident :: $method:ident, $message:expr) => {{
        // Asked anew at each try: it may go to another node.
        let client = $client.clone();
        let send = move |request| {
            let mut service = $service::new(client.channel())
                .max_decoding_message_size(crate::channel::MAX_MESSAGE)
                .max_encoding_message_size(crate::channel::MAX_MESSAGE);
            async move { service.$method(request).await }
        };
        $client.call($message, send).await
    }};
}
pub(crate) use unary;

/// Fetches page after page: `fetch` takes a page's token and returns its items and the next token.
async fn all_pages<T, F, Fut>(fetch: F) -> Result<Vec<T>, Failure>
where
    F: Fn(String) -> Fut,
    Fut: Future<Output = Result<(Vec<T>, String), Failure>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (items, next) = fetch(token).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        token = next;
    }
}
