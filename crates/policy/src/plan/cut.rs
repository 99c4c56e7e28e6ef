//! The projection of a record's text along the allow-list.

use super::{
    Unreadable,
    names::Names,
    projection::Node,
    walk::{Nowhere, Walk},
};

const OBJECT: (u8, u8) = (b'{', b'}');
const ARRAY: (u8, u8) = (b'[', b']');

/// The allow-list, made ready to be followed along a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    /// Everything here and beneath.
    Whole,
    /// Only what is named further down.
    Parts { members: Names<Cut>, elements: Option<Box<Cut>> },
}

impl From<&Node> for Cut {
    fn from(node: &Node) -> Self {
        match node {
            Node::Whole => Self::Whole,
            Node::Parts { members, elements } => Self::Parts {
                members: members.iter().map(|(name, node)| (name.as_str(), node.into())).collect(),
                elements: elements.as_deref().map(|each| Box::new(each.into())),
            },
        }
    }
}

impl Cut {
    /// Appends what is granted of a document, an empty object at least.
    pub(super) fn document(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut walk = Walk::begin(text)?;
        if !self.value(&mut walk, out)? {
            out.extend_from_slice(b"{}");
        }
        walk.end()
    }

    /// Passes a value and appends what is granted of it. Says whether it was of the type that the
    /// grants need; else nothing was appended. Recursion ends with the tree, and a pointer's length
    /// bounds that.
    fn value(&self, walk: &mut Walk<'_>, out: &mut Vec<u8>) -> Result<bool, Unreadable> {
        match (self, walk.next()?) {
            (Self::Whole, _) => walk.value(out)?,
            // Without a granted member, an object is here where the grants need an array.
            (Self::Parts { members, .. }, b'{') if !members.is_empty() => {
                parts(members, walk, out)?;
            }
            (Self::Parts { elements: Some(each), .. }, b'[') => each.every(walk, out)?,
            (Self::Parts { .. }, _) => {
                walk.value(&mut Nowhere)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn every(&self, walk: &mut Walk<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        out.push(b'[');
        let first = out.len();
        let mut more = walk.open(ARRAY)?;
        while more {
            let before = out.len();
            if before > first {
                out.push(b',');
            }
            if !self.value(walk, out)? {
                out.truncate(before);
            }
            more = walk.another(ARRAY)?;
        }
        out.push(b']');
        Ok(())
    }
}

fn parts(members: &Names<Cut>, walk: &mut Walk<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
    out.push(b'{');
    let first = out.len();
    let mut met = members.none();
    let mut more = walk.open(OBJECT)?;
    while more {
        let name = walk.name()?;
        match members.find(name)? {
            None => walk.value(&mut Nowhere)?,
            Some((number, part)) => {
                // Readers differ on which of two members of one name counts.
                met.insert(number)?;
                let before = out.len();
                if before > first {
                    out.push(b',');
                }
                out.extend_from_slice(name.quoted);
                out.push(b':');
                if !part.value(walk, out)? {
                    out.truncate(before);
                }
            }
        }
        more = walk.another(OBJECT)?;
    }
    out.push(b'}');
    Ok(())
}
