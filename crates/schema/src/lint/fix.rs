//! Edits of the bytes: only what a rule is certain of, everything else stays as it was written.

use super::{AgencyRule, Context, Document, Found, look};
use crate::{
    json,
    position::{self, Span},
    profile::Profile,
};

/// A change of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// The member gets another key.
    Rename(String),
    /// The value becomes this JSON text.
    Replace(String),
    /// The member or item goes.
    Remove,
}

/// A schema after its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The document.
    pub bytes: Vec<u8>,
    /// How many findings were mended.
    pub count: usize,
}

/// One fix can make room for another: an ignore that no longer ignores anything. More rounds mean a rule that undoes
/// another's fix.
const MAX_ROUNDS: usize = 16;

/// Mends every finding whose fix is certain.
///
/// # Errors
/// [`json::Refusal`] when the bytes are not strict JSON.
pub fn fix(
    bytes: &[u8],
    profile: &Profile,
    context: Context,
    agency: &[AgencyRule],
) -> Result<Fixed, json::Refusal> {
    let mut fixed = Fixed { bytes: bytes.to_vec(), count: 0 };
    for _ in 0..MAX_ROUNDS {
        let root = json::read(&fixed.bytes, &crate::SchemaLimits::none().json)?;
        let document = Document::new(&fixed.bytes, &root, profile, context);
        let (found, _) = look(&document, agency);
        let splices = splices(&fixed.bytes, &found);
        if splices.is_empty() {
            break;
        }
        fixed.count += splices.len();
        fixed.bytes = spliced(&fixed.bytes, splices);
    }
    Ok(fixed)
}

/// A stretch of bytes and what comes in its place.
#[derive(Debug)]
struct Splice {
    start: usize,
    end: usize,
    text: String,
}

/// Returns the edits of one round, in order, none touching another.
fn splices(bytes: &[u8], found: &[Found]) -> Vec<Splice> {
    let edits = found.iter().filter_map(|found| Some((&found.pointer, found.edit.as_ref()?)));
    let mut all: Vec<Splice> =
        edits.filter_map(|(pointer, edit)| splice(bytes, pointer, edit)).collect();
    all.sort_by_key(|splice| (splice.start, splice.end));
    let mut free = 0;
    all.retain(|splice| {
        let keep = splice.start >= free;
        if keep {
            free = splice.end.max(splice.start + 1);
        }
        keep
    });
    all
}

fn splice(bytes: &[u8], pointer: &str, edit: &Edit) -> Option<Splice> {
    let (span, text) = match edit {
        Edit::Rename(key) => (position::key(bytes, pointer)?, serde_json::to_string(key).ok()?),
        Edit::Replace(text) => (position::value(bytes, pointer)?, text.clone()),
        Edit::Remove => return removal(bytes, pointer),
    };
    Some(Splice { start: span.start.offset, end: span.end.offset, text })
}

/// Takes the comma after the member or item along, or the one before the last.
fn removal(bytes: &[u8], pointer: &str) -> Option<Splice> {
    let value = position::value(bytes, pointer)?;
    let Span { start, .. } = position::key(bytes, pointer).unwrap_or(value);
    let (start, end) = (start.offset, value.end.offset);
    let is_space = |byte: &&u8| byte.is_ascii_whitespace();
    let after = bytes.get(end..)?;
    let gap = after.iter().take_while(is_space).count();
    if after.get(gap) == Some(&b',') {
        let rest = after.get(gap + 1..)?;
        let end = end + gap + 1 + rest.iter().take_while(is_space).count();
        return Some(Splice { start, end, text: String::new() });
    }
    let before = bytes.get(..start)?;
    let gap = before.iter().rev().take_while(is_space).count();
    let comma = before.len().checked_sub(gap + 1).filter(|at| before.get(*at) == Some(&b','));
    if let Some(start) = comma {
        return Some(Splice { start, end, text: String::new() });
    }
    // The only member: its brackets close up.
    let end = end + after.iter().take_while(is_space).count();
    Some(Splice { start: start - gap, end, text: String::new() })
}

fn spliced(bytes: &[u8], splices: Vec<Splice>) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for Splice { start, end, text } in splices {
        out.extend_from_slice(bytes.get(from..start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        from = end;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}
