//! Everything that is wrong with one message, gathered.

use std::fmt::Display;

use crate::error::{Refusal, Violation};

/// Gathers the refusals of a message's fields, so that a caller mends all of them in one round.
#[derive(Debug, Default)]
pub struct Problems(Vec<Violation>);

impl Problems {
    /// Takes a field's value, or keeps what is wrong with it.
    pub fn take<T>(&mut self, field: Result<T, Refusal>) -> Option<T> {
        field.map_err(|refusal| self.0.extend(refusal.violations)).ok()
    }

    /// Keeps what is wrong with one field.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.extend(Refusal::field(path, message).violations);
    }

    /// Returns the message's value if nothing was wrong with any field of it.
    ///
    /// # Errors
    /// `INVALID_FIELD` with every place, the first one in the text.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Refusal> {
        match (value, self.0.first()) {
            (Some(value), None) => Ok(value),
            // A value can only be missing because one of its fields was refused; still no panic.
            (None, None) => Err(Refusal::field("", "the message is not complete")),
            (_, Some(first)) => {
                let mut refusal = Refusal::field(first.path.clone(), first.message.clone());
                if self.0.len() > 1 {
                    refusal.message = format!("{}; {} more", refusal.message, self.0.len() - 1);
                }
                Err(refusal.with_violations(self.0))
            }
        }
    }
}

/// Parses a text, refusing it at `path` with the reason that its type gives.
pub(super) fn parse<T>(text: &str, path: &str) -> Result<T, Refusal>
where
    T: std::str::FromStr<Err: Display>,
{
    if text.is_empty() {
        return Err(required(path));
    }
    text.parse().map_err(|error: T::Err| Refusal::field(path, error.to_string()))
}

/// Converts each element of a list at `path[index]`, gathering what is wrong.
pub(super) fn each<T, U, C: FromIterator<U>>(
    items: impl IntoIterator<Item = T>,
    path: &str,
    convert: impl Fn(T, &str) -> Result<U, Refusal>,
) -> Result<C, Refusal> {
    let mut problems = Problems::default();
    let mut values = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        values.extend(problems.take(convert(item, &format!("{path}[{index}]"))));
    }
    problems.finish(Some(values.into_iter().collect()))
}

/// Refuses a field that is missing.
pub(super) fn required(path: &str) -> Refusal {
    Refusal::field(path, "is required")
}
