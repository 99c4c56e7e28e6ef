//! A document as it was written: scalars and keys as their own bytes, members in their own order.

use std::borrow::Cow;

use crate::pointer;

/// A value with its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node<'t> {
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(Cow<'t, str>),
    Array(Vec<Self>),
    /// Keys with their quotes.
    Object(Vec<(Cow<'t, str>, Self)>),
}

/// Reads a document that the strict reader has let through: its nesting is bounded, and so is this recursion.
pub(super) fn parse(text: &str) -> Option<Node<'_>> {
    let mut reader = Reader { text, at: 0 };
    reader.value()
}

/// A document that is asked for the order of its members.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    root: Option<Node<'t>>,
}

impl<'t> Tree<'t> {
    /// Reads bytes that the strict reader has let through.
    pub(crate) fn of(bytes: &'t [u8]) -> Self {
        Self { root: str::from_utf8(bytes).ok().and_then(parse) }
    }

    /// Returns the names of the object's members at `pointer`, in the order of the text.
    pub(crate) fn names(&self, pointer: &str) -> Option<Vec<String>> {
        let mut at = self.root.as_ref()?;
        for token in pointer::tokens(pointer)? {
            at = match at {
                Node::Object(members) => &members.iter().find(|(key, _)| decoded(key) == token)?.1,
                Node::Array(items) => items.get(token.parse::<usize>().ok()?)?,
                Node::Scalar(_) => return None,
            };
        }
        match at {
            Node::Object(members) => Some(members.iter().map(|(key, _)| decoded(key)).collect()),
            Node::Array(_) | Node::Scalar(_) => None,
        }
    }
}

/// Returns what a key spells, escapes decoded.
pub(super) fn decoded(key: &str) -> String {
    serde_json::from_str(key).unwrap_or_default()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|b| b" \t\r\n".contains(b)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Option<Node<'t>> {
        match self.peek()? {
            b'{' => self.members().map(Node::Object),
            b'[' => self.items().map(Node::Array),
            _ => self.scalar().map(Node::Scalar),
        }
    }

    fn items(&mut self) -> Option<Vec<Node<'t>>> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(b']') {
            items.push(self.value()?);
            self.take(b',');
        }
        Some(items)
    }

    fn members(&mut self) -> Option<Vec<(Cow<'t, str>, Node<'t>)>> {
        self.at += 1;
        let mut members = Vec::new();
        while !self.take(b'}') {
            let key = self.scalar()?;
            self.take(b':');
            members.push((key, self.value()?));
            self.take(b',');
        }
        Some(members)
    }

    fn scalar(&mut self) -> Option<Cow<'t, str>> {
        let quoted = self.peek()? == b'"';
        let rest = self.text.get(self.at..)?;
        let length = if quoted { string_length(rest)? } else { word_length(rest) };
        let scalar = rest.get(..length).filter(|scalar| !scalar.is_empty())?;
        self.at += length;
        Some(Cow::Borrowed(scalar))
    }
}

/// Returns the bytes of the string that `text` begins with, its quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|b| !b" \t\r\n,]}:".contains(b)).count()
}

impl Node<'_> {
    /// Writes the document, two spaces a level, with a newline at its end.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.push('\n');
        out
    }

    fn write(&self, level: usize, out: &mut String) {
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::Array(items) => {
                list(out, level, ['[', ']'], items, |out, item| item.write(level + 1, out));
            }
            Self::Object(members) => {
                list(out, level, ['{', '}'], members, |out, (key, value)| {
                    out.push_str(key);
                    out.push_str(": ");
                    value.write(level + 1, out);
                });
            }
        }
    }
}

fn list<T>(
    out: &mut String,
    level: usize,
    [open, close]: [char; 2],
    items: &[T],
    write: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (n, item) in items.iter().enumerate() {
        out.push_str(if n == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(level + 1));
        write(out, item);
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
    out.push(close);
}
