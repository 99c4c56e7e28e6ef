//! JSON pointers (RFC 6901) that name a field of a record.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not a field's pointer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a field is a JSON pointer such as /address/province, at most 256 bytes")]
pub struct InvalidPointer;

/// A field's place in a record: an RFC 6901 pointer with at least one token. The token `*` stands
/// for every element of an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

impl Pointer {
    /// Returns the pointer's text, for example `/address/province`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the unescaped tokens, outermost first.
    pub fn tokens(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
    }
}

fn well_escaped(text: &str) -> bool {
    text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

impl FromStr for Pointer {
    type Err = InvalidPointer;
    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        let ok = text.starts_with('/') && text.len() <= 256 && well_escaped(text);
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidPointer) }
    }
}
impl TryFrom<String> for Pointer {
    type Error = InvalidPointer;
    fn try_from(text: String) -> Result<Self, InvalidPointer> {
        text.parse()
    }
}
impl From<Pointer> for String {
    fn from(pointer: Pointer) -> String {
        pointer.0
    }
}
impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
