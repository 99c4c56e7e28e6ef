//! What was found out before a command is decided: costly, so it comes in finished, with the hashes it was made on.

use ndxp_model::Compatibility;

/// The comparison of a schema with every schema of its dataset that binds. `decide` checks what it was made on, and does not
/// compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The hash of the schema that is to be registered.
    pub schema: String,
    /// The mode compared in.
    pub mode: Compatibility,
    /// The schemas that bind, in the order of their versions; none in a draft.
    pub compared: Vec<Compared>,
}

/// The comparison with one earlier schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The earlier schema's hash.
    pub hash: String,
    /// What was found.
    pub verdict: Verdict,
    /// Which changes decided, or could not be decided. Empty where the verdict is [`Verdict::Compatible`].
    pub places: Vec<Change>,
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No record is lost.
    Compatible,
    /// A record is lost.
    Breaking,
    /// Neither was proved.
    Undecided,
}

/// One change and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A JSON Pointer: into the schema for a change of it, into the record for a field.
    pub pointer: String,
    /// What changed and what to do. Never a value of anybody's record.
    pub message: String,
}
