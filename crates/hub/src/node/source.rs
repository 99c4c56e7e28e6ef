//! Where a node's TLS files come from.

use std::{fmt, io, path::PathBuf, sync::Arc};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A TLS file cannot be read.
#[derive(Debug, Error)]
#[error("cannot read the TLS file {path}")]
pub struct TlsReadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// The contents of the TLS files, PEM.
#[derive(Clone)]
pub struct TlsFiles {
    /// The server's certificate and the chain below the root.
    pub chain: Vec<u8>,
    /// The server's key.
    pub key: Vec<u8>,
    /// The authorities that sign clients.
    pub client_ca: Vec<u8>,
    /// The revocation list, if there is one.
    pub crl: Option<Vec<u8>>,
}

impl TlsFiles {
    /// Tells equal contents from others, without keeping the key a second time.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for file in [Some(&self.chain), Some(&self.key), Some(&self.client_ca), self.crl.as_ref()] {
            hash.update([u8::from(file.is_some())]);
            let bytes = file.map_or(&[][..], Vec::as_slice);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        hash.finalize().into()
    }
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsFiles(hidden)")
    }
}

/// Reads the TLS files: asked at the start, once a second after that, and at [`Node::reload`].
/// Called on a thread that may block.
///
/// [`Node::reload`]: crate::Node::reload
#[derive(Clone)]
pub struct TlsSource(Arc<dyn Fn() -> Result<TlsFiles, TlsReadError> + Send + Sync>);

impl TlsSource {
    /// Makes a source of a function that reads all files.
    pub fn new(read: impl Fn() -> Result<TlsFiles, TlsReadError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(super) fn read(&self) -> Result<TlsFiles, TlsReadError> {
        (self.0)()
    }
}

/// Files that never change.
impl From<TlsFiles> for TlsSource {
    fn from(files: TlsFiles) -> Self {
        Self::new(move || Ok(files.clone()))
    }
}

impl fmt::Debug for TlsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsSource")
    }
}
