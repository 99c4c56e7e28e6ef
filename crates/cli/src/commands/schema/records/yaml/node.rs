//! Where the values of a YAML document stand.

/// A place in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: usize,
    /// In code points, from 1.
    pub(crate) column: usize,
}

/// A value's place, and those of its parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) at: Place,
    /// Names or indices, the places of keys, and the parts.
    pub(super) parts: Vec<(String, Place, Node)>,
}

impl Node {
    /// Returns the place of the value at `pointer`; of a part that is not there, the place of what should hold it.
    pub(crate) fn value(&self, pointer: &str) -> Place {
        self.find(pointer).map_or(self.at, |(_, node)| node.at)
    }

    /// Returns the place of the key at `pointer`.
    pub(crate) fn key(&self, pointer: &str) -> Place {
        self.find(pointer).map_or(self.at, |(key, _)| key)
    }

    fn find(&self, pointer: &str) -> Option<(Place, &Self)> {
        let mut here = (self.at, self);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let (_, key, node) = here.1.parts.iter().find(|(name, ..)| *name == token)?;
            here = (*key, node);
        }
        Some(here)
    }
}
