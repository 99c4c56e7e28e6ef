//! Texts of the configuration as typed values.

use std::{collections::BTreeMap, fmt, str::FromStr};

use tracing::level_filters::LevelFilter;

use super::{ConfigError, Place};

/// A number of bytes, written `256MiB` or `268435456`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = match unit.trim_start() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(()),
        };
        let number: u64 = number.parse().map_err(|_| ())?;
        number.checked_mul(factor).map(Self).ok_or(())
    }
}

/// How the hub's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// The texts of all keys, to be typed.
#[derive(Debug)]
pub(crate) struct Values<'a>(pub(crate) &'a BTreeMap<&'static str, (String, Place)>);

impl Values<'_> {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |(text, _)| text)
    }

    pub(crate) fn filled(&self, key: &str) -> Result<&str, ConfigError> {
        match self.text(key) {
            "" => Err(self.wrong(key, "a text that is not empty")),
            text => Ok(text),
        }
    }

    pub(crate) fn parsed<T: FromStr>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<T, ConfigError> {
        self.text(key).parse().map_err(|_| self.wrong(key, expected))
    }

    /// The node's name becomes a part of the gateway's, so it is written like an id.
    pub(crate) fn node(&self, key: &str) -> Result<String, ConfigError> {
        let text = self.text(key);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts = text.starts_with(|first: char| first.is_ascii_lowercase());
        if starts && text.len() <= 32 && text.bytes().all(plain) {
            return Ok(text.to_owned());
        }
        Err(self.wrong(key, "a name of lower-case letters, digits and hyphens, at most 32"))
    }

    pub(crate) fn level(&self, key: &str) -> Result<LevelFilter, ConfigError> {
        let expected = "error, warn, info, debug or trace";
        let level: tracing::Level = match self.text(key) {
            // `Level` would also read numbers and capitals.
            word @ ("error" | "warn" | "info" | "debug" | "trace") => {
                word.parse().map_err(|_| self.wrong(key, expected))?
            }
            _ => return Err(self.wrong(key, expected)),
        };
        Ok(level.into())
    }

    pub(crate) fn wrong(&self, key: &str, expected: &'static str) -> ConfigError {
        let (found, place) =
            self.0.get(key).cloned().unwrap_or_else(|| (String::new(), Place::Default));
        let found = format!("{found:?}");
        ConfigError::Value { place, key: key.to_owned(), expected, found }
    }
}
