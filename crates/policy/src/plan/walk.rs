//! A walk over a record's text: no value is built, and what is kept is copied as it was written.
//!
//! The grammar is RFC 8259's, to the letter, so that a damaged record is found out wherever the damage
//! is. Nothing here recurses.

use super::Unreadable;

/// How many arrays and objects may stand inside each other: as many as serde_json reads.
const MAX_DEPTH: u32 = 127;

/// Takes the parts of a value's text, without the space between them.
pub(super) trait Sink {
    fn take(&mut self, text: &[u8]);
}

/// Keeps nothing.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _: &[u8]) {}
}

impl Sink for Vec<u8> {
    fn take(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }
}

/// A string as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    /// With its quotes.
    pub(super) quoted: &'a [u8],
    pub(super) has_escapes: bool,
}

impl Text<'_> {
    /// Returns what stands between the quotes.
    pub(super) fn inner(&self) -> &[u8] {
        self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()
    }

    /// Returns what it says, which differs from what is written where there are escapes.
    pub(super) fn decoded(&self) -> Result<String, Unreadable> {
        serde_json::from_slice(self.quoted).map_err(|_| Unreadable)
    }
}

/// A place in a text.
pub(super) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    /// How many arrays and objects were opened around this place.
    depth: u32,
}

impl<'a> Walk<'a> {
    /// Begins at a document's first value.
    pub(super) fn begin(text: &'a [u8]) -> Result<Self, Unreadable> {
        std::str::from_utf8(text).map_err(|_| Unreadable)?;
        let mut walk = Self { text, at: 0, depth: 0 };
        walk.space();
        Ok(walk)
    }

    /// Ends behind a document's value: nothing else may follow.
    pub(super) fn end(mut self) -> Result<(), Unreadable> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(Unreadable) }
    }

    pub(super) fn next(&self) -> Result<u8, Unreadable> {
        self.text.get(self.at).copied().ok_or(Unreadable)
    }

    fn left(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn space(&mut self) {
        while let Ok(b' ' | b'\n' | b'\r' | b'\t') = self.next() {
            self.at += 1;
        }
    }

    /// Passes one byte, if it is this one.
    fn take(&mut self, byte: u8) -> bool {
        let is_it = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.take(byte) { Ok(()) } else { Err(Unreadable) }
    }

    /// Opens an array or object and says whether something is in it.
    pub(super) fn open(&mut self, (bracket, closing): (u8, u8)) -> Result<bool, Unreadable> {
        self.expect(bracket)?;
        self.space();
        if self.take(closing) {
            return Ok(false);
        }
        if self.depth == MAX_DEPTH {
            return Err(Unreadable);
        }
        self.depth += 1;
        Ok(true)
    }

    /// Goes on behind an element or member and says whether another follows.
    pub(super) fn another(&mut self, (_, closing): (u8, u8)) -> Result<bool, Unreadable> {
        self.space();
        if self.take(closing) {
            self.depth -= 1;
            return Ok(false);
        }
        self.expect(b',')?;
        self.space();
        Ok(true)
    }

    /// Passes a member's name and stops before its value.
    pub(super) fn name(&mut self) -> Result<Text<'a>, Unreadable> {
        let name = self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        Ok(name)
    }

    /// Passes a string.
    pub(super) fn string(&mut self) -> Result<Text<'a>, Unreadable> {
        let start = self.at;
        self.expect(b'"')?;
        let mut has_escapes = false;
        loop {
            self.at += plain(self.left());
            match self.next()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return Err(Unreadable),
            }
            has_escapes = true;
        }
        self.at += 1;
        Ok(Text { quoted: self.since(start), has_escapes })
    }

    fn escape(&mut self) -> Result<(), Unreadable> {
        self.at += 2;
        match self.text.get(self.at - 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.four_digits()? {
                0xdc00..=0xdfff => Err(Unreadable),
                0xd800..=0xdbff => {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    let is_low = (0xdc00..=0xdfff).contains(&self.four_digits()?);
                    if is_low { Ok(()) } else { Err(Unreadable) }
                }
                _ => Ok(()),
            },
            _ => Err(Unreadable),
        }
    }

    fn four_digits(&mut self) -> Result<u32, Unreadable> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Unreadable)?;
            number = number * 16 + digit;
            self.at += 1;
        }
        Ok(number)
    }

    fn digits(&mut self) -> Result<(), Unreadable> {
        let count = self.left().iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(Unreadable) }
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Unreadable> {
        if !self.left().starts_with(word) {
            return Err(Unreadable);
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes a value of any size and gives its text to `sink`.
    pub(super) fn value(&mut self, sink: &mut impl Sink) -> Result<(), Unreadable> {
        let mut open = Open { left: MAX_DEPTH - self.depth, ..Open::default() };
        let mut start = self.at;
        loop {
            let empty = match self.next()? {
                b'"' => self.string().map(|_| true)?,
                b't' => self.word(b"true").map(|()| true)?,
                b'f' => self.word(b"false").map(|()| true)?,
                b'n' => self.word(b"null").map(|()| true)?,
                b'-' | b'0'..=b'9' => self.number().map(|()| true)?,
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    open.push(bracket)?;
                    self.gap(&mut start, sink);
                    self.take(open.closing()) && open.pop()
                }
                _ => return Err(Unreadable),
            };
            // A value ends here, unless an array or object has just begun.
            if empty && !self.close(&mut open, &mut start, sink)? {
                sink.take(self.since(start));
                return Ok(());
            }
            if open.is_object() {
                self.string()?;
                self.gap(&mut start, sink);
                self.expect(b':')?;
                self.gap(&mut start, sink);
            }
        }
    }

    /// Goes on behind a value: closes what ends there, and says whether another value follows.
    fn close(
        &mut self,
        open: &mut Open,
        start: &mut usize,
        sink: &mut impl Sink,
    ) -> Result<bool, Unreadable> {
        while open.depth > 0 {
            self.gap(start, sink);
            if self.take(b',') {
                self.gap(start, sink);
                return Ok(true);
            }
            self.expect(open.closing())?;
            open.pop();
        }
        Ok(false)
    }

    /// Passes space within a value, which is not kept.
    fn gap(&mut self, start: &mut usize, sink: &mut impl Sink) {
        if let Ok(b' ' | b'\n' | b'\r' | b'\t') = self.next() {
            sink.take(self.since(*start));
            self.space();
            *start = self.at;
        }
    }
}

/// The arrays and objects around a place: a bit each.
#[derive(Default)]
struct Open {
    depth: u32,
    /// How many more there may be.
    left: u32,
    objects: u128,
}

impl Open {
    fn push(&mut self, bracket: u8) -> Result<(), Unreadable> {
        self.left = self.left.checked_sub(1).ok_or(Unreadable)?;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(bracket == b'{');
        Ok(())
    }

    fn pop(&mut self) -> bool {
        self.depth -= 1;
        self.left += 1;
        self.objects >>= 1;
        true
    }

    fn is_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn closing(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }
}

/// Counts the bytes before the next quote, backslash or control character: eight at a time, since
/// most of a record's text is inside strings.
fn plain(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, _) = text.as_chunks::<8>();
    let mut count = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The lowest marked byte is right; a borrow may mark others above it by mistake.
        let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
        let is = |byte: u8| zero(word ^ (ONES * u64::from(byte)));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = is(b'"') | is(b'\\') | control;
        if found != 0 {
            return count + found.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let rest = text.get(count..).unwrap_or_default();
    count + rest.iter().take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f)).count()
}
