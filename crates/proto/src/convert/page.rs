//! Pages of lists.

use super::problems::Problems;
use crate::error::Refusal;

/// How many a page has where the caller does not say.
pub const DEFAULT_PAGE_SIZE: usize = 50;
/// The most that a page may have.
pub const MAX_PAGE_SIZE: usize = 500;
/// The longest name that a token can hold: two ids and the words around them.
const MAX_NAME_BYTES: usize = 256;

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many at most: 1 to [`MAX_PAGE_SIZE`].
    pub size: usize,
    /// The last name of the page before: this page begins behind it, whether or not it still
    /// exists. `None`: the first page.
    pub after: Option<String>,
}

impl Page {
    /// Returns the token of the page behind the one whose last name is `last`: opaque to callers, but
    /// no secret.
    #[must_use]
    pub fn token(last: &str) -> String {
        hex::encode(last)
    }
}

/// Reads the fields `page_size` and `page_token`.
///
/// # Errors
/// `INVALID_FIELD` at `page_size`, `page_token`.
pub fn page(page_size: i32, page_token: &str) -> Result<Page, Refusal> {
    let mut problems = Problems::default();
    let size = problems.take(size(page_size));
    let after = problems.take(after(page_token));
    problems.finish(size.zip(after).map(|(size, after)| Page { size, after }))
}

fn size(page_size: i32) -> Result<usize, Refusal> {
    match usize::try_from(page_size) {
        Ok(0) => Ok(DEFAULT_PAGE_SIZE),
        Ok(size @ 1..=MAX_PAGE_SIZE) => Ok(size),
        _ => Err(Refusal::field("page_size", format!("must be 1 to {MAX_PAGE_SIZE}"))),
    }
}

fn after(token: &str) -> Result<Option<String>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let short = Some(token).filter(|token| token.len() <= 2 * MAX_NAME_BYTES);
    let name = short.and_then(|token| String::from_utf8(hex::decode(token).ok()?).ok());
    let wrong = || Refusal::field("page_token", "must be the next_page_token of the page before");
    name.map(Some).ok_or_else(wrong)
}
