//! The texts of a leaf that the model has no type for.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Why a text is not a word of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a word is 1 to 128 printable ASCII characters without space, quote and backslash")]
pub struct InvalidWord;

/// A short text without meaning to the audit, for example a command's name: printable ASCII that
/// JSON needs no escape for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

impl Word {
    /// Returns the word's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for Word {
    type Err = InvalidWord;
    fn from_str(text: &str) -> Result<Self, InvalidWord> {
        let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        let ok = (1..=128).contains(&text.len()) && text.bytes().all(plain);
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidWord) }
    }
}
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a SHA-256 is written as 64 of 0-9 and a-f")]
pub struct InvalidSha256;

/// A SHA-256, written in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hex([u8; 32]);

impl Sha256Hex {
    /// Returns the hash's bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}
impl From<[u8; 32]> for Sha256Hex {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}
impl FromStr for Sha256Hex {
    type Err = InvalidSha256;
    fn from_str(text: &str) -> Result<Self, InvalidSha256> {
        // `hex` reads capitals too, which would be a second text of one hash.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidSha256);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidSha256)?;
        Ok(Self(bytes))
    }
}
impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_needs_no_escape_in_json() {
        for byte in 0..=u8::MAX {
            let text = char::from(byte).to_string();
            let json = serde_json::Value::from(text.as_str()).to_string();
            let plain = json == format!("\"{text}\"");
            let printable = matches!(byte, b'!'..=b'~');
            assert_eq!(text.parse::<Word>().is_ok(), plain && printable, "{byte}");
        }
        assert!("x".repeat(128).parse::<Word>().is_ok());
        for text in [String::new(), "x".repeat(129)] {
            assert_eq!(text.parse::<Word>(), Err(InvalidWord));
        }
    }

    #[test]
    fn a_hash_has_one_text() {
        let text = "0a".repeat(32);
        assert_eq!(text.parse::<Sha256Hex>().map(|hash| hash.to_string()), Ok(text.clone()));
        for wrong in [text.to_uppercase(), text.replacen('0', "", 1), format!("{text}0a")] {
            assert_eq!(wrong.parse::<Sha256Hex>(), Err(InvalidSha256));
        }
    }
}
