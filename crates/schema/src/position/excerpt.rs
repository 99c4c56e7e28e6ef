//! The line around a place, as far as it may be shown.

use std::ops::Range;

use crate::{
    pointer,
    privacy::{Privacy, Show},
};

/// Bytes shown before and after a place, about.
const AROUND: usize = 60;

/// What stands where a value or an unknown name may not be shown.
const HIDDEN: &str = "…";

/// A stretch of one line, values masked, and the part of it that is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// Code points before the part.
    pub start: usize,
    /// Code points of the part, at least 1.
    pub width: usize,
}

/// Cuts the surroundings of the token at byte `place` out of its line.
///
/// Reads tokens, not values, so that it also shows bytes that are not quite JSON: whatever is neither punctuation nor a
/// name that the schema knows is masked, unless `show` and the place's pointer allow it.
#[must_use]
pub fn excerpt(bytes: &[u8], place: usize, privacy: &Privacy, show: Show) -> Excerpt {
    let line_start = before(bytes, place).iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let rest = bytes.get(place..).unwrap_or_default();
    let line_end = rest.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| place + at);
    let window = line_start.max(place.saturating_sub(AROUND))..line_end.min(place + AROUND);
    let mut out = Excerpt { width: 1, ..Excerpt::default() };
    let mut found = false;
    let mut tokens = Tokens { bytes, at: 0, path: Vec::new() };
    while let Some(token) = tokens.next() {
        if token.bytes.start >= window.end {
            break;
        }
        let hit = token.bytes.contains(&place);
        found |= hit;
        if token.bytes.end <= window.start {
            continue;
        }
        let text = shown(bytes, &token, hit, &tokens, privacy, show);
        if hit {
            out.start = out.text.chars().count();
            out.width = text.chars().count().max(1);
        }
        out.text.push_str(&text);
    }
    out.text = out.text.trim_end().to_owned();
    if !found {
        // The line ends where more was expected.
        out.start = out.text.chars().count();
    }
    if window.start > line_start {
        out.text.insert_str(0, "… ");
        out.start += 2;
    }
    out
}

fn before(bytes: &[u8], place: usize) -> &[u8] {
    bytes.get(..place).unwrap_or(bytes)
}

fn shown(
    bytes: &[u8],
    token: &Token,
    hit: bool,
    tokens: &Tokens<'_>,
    privacy: &Privacy,
    show: Show,
) -> String {
    let raw = String::from_utf8_lossy(bytes.get(token.bytes.clone()).unwrap_or_default());
    let open = match token.kind {
        Kind::Punctuation => true,
        Kind::Name => {
            // A name that a finding is about stands in its path anyway.
            hit || show == Show::Everything
                || serde_json::from_str::<String>(&raw).is_ok_and(|name| privacy.knows(&name))
        }
        Kind::Value => privacy.allows(show, &tokens.pointer()),
    };
    match (open, raw.starts_with('"')) {
        (true, _) => match raw.char_indices().nth(AROUND) {
            Some((end, _)) => format!("{}{HIDDEN}", raw.get(..end).unwrap_or_default()),
            None => raw.replace(['\n', '\r'], " "),
        },
        (false, true) => format!("\"{HIDDEN}\""),
        (false, false) => HIDDEN.to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Punctuation,
    Name,
    Value,
}

struct Token {
    bytes: Range<usize>,
    kind: Kind,
}

enum Level {
    Object(Option<String>),
    Array(usize),
}

/// Cuts bytes into tokens and keeps the way to where it is.
struct Tokens<'b> {
    bytes: &'b [u8],
    at: usize,
    path: Vec<Level>,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let kind = match first {
            b'"' => {
                self.string();
                self.name_or_value(start)
            }
            b'{' | b'[' | b'}' | b']' | b':' | b',' => {
                self.at += 1;
                self.punctuation(first);
                Kind::Punctuation
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                self.at += 1;
                Kind::Punctuation
            }
            _ => {
                let ends = |b: &u8| b"{}[]:,\" \t\n\r".contains(b);
                let rest = self.bytes.get(start..).unwrap_or_default();
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
                Kind::Value
            }
        };
        Some(Token { bytes: start..self.at, kind })
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    fn name_or_value(&mut self, start: usize) -> Kind {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|b| !b" \t\n\r".contains(b));
        let Some(Level::Object(name)) = self.path.last_mut().filter(|_| next == Some(&b':')) else {
            return Kind::Value;
        };
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        *name = serde_json::from_slice(raw).ok();
        Kind::Name
    }

    fn punctuation(&mut self, byte: u8) {
        match byte {
            b'{' => self.path.push(Level::Object(None)),
            b'[' => self.path.push(Level::Array(0)),
            b'}' | b']' => drop(self.path.pop()),
            b',' => {
                if let Some(Level::Array(index)) = self.path.last_mut() {
                    *index += 1;
                }
            }
            _ => {}
        }
    }

    fn pointer(&self) -> String {
        let mut path = String::new();
        for level in &self.path {
            match level {
                Level::Object(name) => {
                    pointer::push(&mut path, name.as_deref().unwrap_or_default())
                }
                Level::Array(index) => pointer::push(&mut path, &index.to_string()),
            }
        }
        path
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{Profile, Schema};

    fn check(record: &str, place: &str, show: Show, expected: &str) {
        let schema =
            br#"{"properties":{"id":{"x-ndxp-personal-data":"basic"},"n":{},"list":{"items":{}}}}"#;
        let privacy = Schema::parse(schema, &Profile::default()).unwrap().privacy();
        let found = excerpt(record.as_bytes(), record.find(place).unwrap(), &privacy, show);
        let caret = format!("{}{}", " ".repeat(found.start), "^".repeat(found.width));
        assert_eq!(format!("{}\n{caret}", found.text), expected);
    }

    #[test]
    fn values_are_masked_as_far_as_asked_for() {
        let record = r#"{"id":"A1","n":12,"list":[true,"b"],"other":"c"}"#;
        check(
            record,
            "12",
            Show::Names,
            "{\"id\":\"…\",\"n\":…,\"list\":[…,\"…\"],\"…\":\"…\"}\n              ^",
        );
        check(
            record,
            "12",
            Show::Values,
            "{\"id\":\"…\",\"n\":12,\"list\":[true,\"b\"],\"…\":\"…\"}\n              ^^",
        );
        check(record, "12", Show::Everything, &format!("{record}\n               ^^"));
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        check("{\n  \"id\": 1,\n  \"n\": 22\n}", "22", Show::Values, "  \"n\": 22\n       ^^");
    }

    #[test]
    fn bytes_that_are_not_json_show_no_value() {
        check(
            r#"{"id":"A1" B2, "n": "C3"#,
            "B2",
            Show::Names,
            "{\"id\":\"…\" …, \"n\": \"…\"\n          ^",
        );
        check("A1 \"B2\":C3", "C3", Show::Names, "… \"…\":…\n      ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let record = format!("{{\"list\":[{}1,7]}}", "2,".repeat(4000));
        let privacy = Schema::parse(b"{}", &Profile::default()).unwrap().privacy();
        let found = excerpt(record.as_bytes(), record.find('7').unwrap(), &privacy, Show::Values);
        assert!(found.text.len() < 200 && found.text.ends_with("1,7]}"), "{found:?}");
        assert_eq!(found.text.chars().nth(found.start), Some('7'));
    }
}
