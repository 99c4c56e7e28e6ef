//! A stored record's bytes: `docs/storage.md`, section 2.

const FORMAT: u8 = 1;
const HAS_KEY: u8 = 1;
const IS_COVERED: u8 = 2;

/// A record as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) timestamp: i64,
    /// The entry that covers it, and its position in what that entry covers.
    pub(crate) covered: Option<(u64, u32)>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) value: Vec<u8>,
}

impl Record {
    /// Returns a header's text; empty if it is not there once, or no UTF-8.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(found, _)| found == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => std::str::from_utf8(value).unwrap_or_default(),
            _ => "",
        }
    }
}

/// Decodes a record, or says what is wrong with its bytes.
pub(crate) fn decode(offset: u64, bytes: &[u8]) -> Result<Record, &'static str> {
    let mut rest = Rest(bytes);
    let [format, flags] = rest.fixed()?;
    if format != FORMAT {
        return Err("is of an unknown format");
    }
    if flags & !(HAS_KEY | IS_COVERED) != 0 {
        return Err("has unknown flags");
    }
    let timestamp = i64::from_be_bytes(rest.fixed()?);
    let covered = match flags & IS_COVERED {
        0 => None,
        _ => Some((u64::from_be_bytes(rest.fixed()?), u32::from_be_bytes(rest.fixed()?))),
    };
    let key = if flags & HAS_KEY == 0 { None } else { Some(rest.string()?.to_vec()) };
    let mut headers = Vec::new();
    for _ in 0..rest.number()? {
        let name = String::from_utf8(rest.string()?.to_vec());
        headers.push((name.map_err(|_| "has a header whose name is no UTF-8")?, {
            rest.string()?.to_vec()
        }));
    }
    let value = rest.string()?.to_vec();
    if !rest.0.is_empty() {
        return Err("has bytes after its end");
    }
    Ok(Record { offset, timestamp, covered, key, headers, value })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_| "ends too early")
    }

    fn string(&mut self) -> Result<&'a [u8], &'static str> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| "ends too early")?)
    }

    /// Unsigned LEB128.
    fn number(&mut self) -> Result<u64, &'static str> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let [byte] = self.fixed()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("has a length without end")
    }
}
