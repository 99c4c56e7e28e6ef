//! A development authority: the certificates of a hub on one desk, in a demonstration or a test.
//!
//! It is not a national authority: it keeps its root key in a file, and every name that it signs
//! begins with `DEVELOPMENT`, so that nobody mistakes one for the other.
//!
//! INVARIANT: [`Authority::issue`] writes exactly one subject alternative name, the principal's
//! URI; [`Authority::issue_custom`] alone can break that, for tests of those who must refuse it.
//!
//! The caller brings the instant; random bytes for keys come from the operating system.

mod authority;
mod directory;
mod file;
mod issued;

pub use authority::{Authority, IssueError};
pub use directory::{Directory, DirectoryError, KeyPairPaths};
pub use issued::{InvalidSerial, Issued, Serial, Validity};
