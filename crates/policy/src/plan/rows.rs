//! The row filter: one text at one place.

use ndxp_model::RowFilter;

use super::{
    Unreadable,
    walk::{Nowhere, Text, Walk},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    path: Vec<String>,
    equals: String,
}

impl Rows {
    pub(super) fn compile(filter: &RowFilter) -> Self {
        Self { path: filter.field.tokens().collect(), equals: filter.equals.clone() }
    }

    /// Judges a whole document.
    pub(super) fn admits(&self, text: &[u8]) -> Result<bool, Unreadable> {
        let mut walk = Walk::begin(text)?;
        let admits = self.beneath(&mut walk, &self.path)?;
        walk.end()?;
        Ok(admits)
    }

    /// Passes a value and judges what `path` leads to within it. Follows objects only. `*` names no
    /// member, as in an allow-list: a filter through an array would need to say whether one element
    /// or all must be equal. Recursion ends with the path.
    fn beneath(&self, walk: &mut Walk<'_>, path: &[String]) -> Result<bool, Unreadable> {
        match (path.split_first(), walk.next()?) {
            (None, b'"') => says(walk.string()?, &self.equals),
            (Some((token, rest)), b'{') if token != "*" => self.member(walk, token, rest),
            _ => walk.value(&mut Nowhere).map(|()| false),
        }
    }

    fn member(
        &self,
        walk: &mut Walk<'_>,
        token: &str,
        rest: &[String],
    ) -> Result<bool, Unreadable> {
        const OBJECT: (u8, u8) = (b'{', b'}');
        let mut found = None;
        let mut more = walk.open(OBJECT)?;
        while more {
            if says(walk.name()?, token)? {
                let admits = self.beneath(walk, rest)?;
                // Readers differ on which of two members of one name counts.
                if found.replace(admits).is_some() {
                    return Err(Unreadable);
                }
            } else {
                walk.value(&mut Nowhere)?;
            }
            more = walk.another(OBJECT)?;
        }
        Ok(found.unwrap_or(false))
    }
}

fn says(text: Text<'_>, what: &str) -> Result<bool, Unreadable> {
    if text.has_escapes {
        return text.decoded().map(|decoded| decoded == what);
    }
    Ok(text.inner() == what.as_bytes())
}
