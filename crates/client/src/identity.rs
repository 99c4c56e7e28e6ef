//! Who a program is to the hub: a certificate, its key, and whom it trusts.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// What a connection needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and its intermediates, in PEM.
    pub cert_pem: String,
    /// The private key, in PEM.
    pub key_pem: String,
    /// The authorities that the hub's certificate must chain to, in PEM.
    pub ca_pem: String,
    /// The hub's address, for example `https://localhost:7443`; of several nodes all of them, with
    /// commas between: where one does not answer, the next is asked.
    pub endpoint: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Why an identity could not be loaded.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl Identity {
    /// Reads `cert.pem`, `key.pem` and `ca.pem` of a directory, as `ndxp pki` writes it.
    ///
    /// # Errors
    /// [`IdentityError::Read`] names the file.
    pub fn load(directory: &Path, endpoint: impl Into<String>) -> Result<Self, IdentityError> {
        Self::load_with_ca(directory, &directory.join("ca.pem"), endpoint)
    }

    /// Reads `cert.pem` and `key.pem` of a directory, and the authorities from a file elsewhere.
    ///
    /// # Errors
    /// [`IdentityError::Read`] names the file.
    pub fn load_with_ca(
        directory: &Path,
        ca: &Path,
        endpoint: impl Into<String>,
    ) -> Result<Self, IdentityError> {
        Ok(Self {
            cert_pem: read(&directory.join("cert.pem"))?,
            key_pem: read(&directory.join("key.pem"))?,
            ca_pem: read(ca)?,
            endpoint: endpoint.into(),
        })
    }
}

fn read(path: &Path) -> Result<String, IdentityError> {
    std::fs::read_to_string(path)
        .map_err(|source| IdentityError::Read { path: path.to_owned(), source })
}
