//! Where an authority and what it issued lie on disk.
//!
//! ```text
//! domain                                   the trust domain
//! ca.pem                                   trust bundle: intermediate and root
//! root.{pem,key}  intermediate.{pem,key}   the authority
//! crl.pem  revoked.txt                     the revocation list; its serials, one a line
//! server/{cert,key}.pem
//! nodes-ca/                                the authority of the hub's nodes, with files as above
//! nodes/{cert,key,ca}.pem                  what a node of it has
//! agencies/<agency>/systems/<system>/{cert,key}.pem
//! agencies/<agency>/officers/<officer>/{cert,key}.pem
//! ```

use std::{
    io,
    path::{Path, PathBuf},
};

use ndxp_model::{Principal, PrincipalName, Timestamp, TrustDomain};
use thiserror::Error;

use crate::{
    Authority, InvalidSerial, IssueError, Issued, Serial, authority::AuthorityFiles, file,
};

/// Why a file of the directory could not be read or written.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be written; what was there before is whole.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// An authority is there already: its certificates would be worth nothing under a new one.
    #[error("{path} holds an authority already")]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// The file `domain` does not hold a trust domain.
    #[error("the file domain does not hold a trust domain")]
    Domain(#[source] ndxp_model::InvalidId),
    /// A line of `revoked.txt` is not a serial number.
    #[error("line {line} of revoked.txt")]
    Revoked {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: InvalidSerial,
    },
    /// A file does not begin with a certificate.
    #[error("{path} does not begin with a certificate")]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// The authority's files are no certificates, or the revocation list could not be signed.
    #[error("the authority cannot be used")]
    Authority(#[from] IssueError),
}

/// The files of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairPaths {
    /// The certificate and its intermediate, in PEM.
    pub cert: PathBuf,
    /// The private key in PEM, readable by its owner only.
    pub key: PathBuf,
}

/// A directory of development certificates. Every file is written beside its place and renamed
/// into it, so that a hub that reloads never reads half of one.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Names a directory; nothing is touched until something is read or written.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file with the trust bundle.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    /// Returns the file with the revocation list.
    #[must_use]
    pub fn crl(&self) -> PathBuf {
        self.path.join("crl.pem")
    }

    /// Returns the files of the hub's own certificate.
    #[must_use]
    pub fn server(&self) -> KeyPairPaths {
        pair(self.path.join("server"))
    }

    /// Returns the directory of the authority that signs for the hub's nodes and for nobody else.
    /// Its keys are not for the nodes.
    #[must_use]
    pub fn nodes_authority(&self) -> Self {
        Self::new(self.path.join("nodes-ca"))
    }

    /// Returns the directory of what a node shows to the others.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        self.path.join("nodes")
    }

    /// Returns the files of a system's or officer's certificate.
    #[must_use]
    pub fn principal(&self, name: &PrincipalName) -> KeyPairPaths {
        let (kind, id) = match &name.principal {
            Principal::System(id) => ("systems", id.as_str()),
            Principal::Officer(id) => ("officers", id.as_str()),
        };
        pair(self.path.join("agencies").join(name.agency.as_str()).join(kind).join(id))
    }

    /// Writes a new authority, with an empty revocation list as of `now`.
    ///
    /// # Errors
    /// [`DirectoryError::Occupied`] if one is there already; [`DirectoryError::Write`].
    pub fn save_authority(
        &self,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        if self.ca().exists() {
            return Err(DirectoryError::Occupied { path: self.path.clone() });
        }
        let files = &authority.files;
        file::write(&self.path.join("domain"), authority.domain().as_str())?;
        file::write(&self.path.join("root.pem"), &files.root_pem)?;
        file::write_secret(&self.path.join("root.key"), &files.root_key_pem)?;
        file::write(&self.path.join("intermediate.pem"), &files.intermediate_pem)?;
        file::write_secret(&self.path.join("intermediate.key"), &files.intermediate_key_pem)?;
        file::write(&self.path.join("revoked.txt"), "")?;
        file::write(&self.crl(), &authority.crl(&[], now)?)?;
        // Last: this file says that the authority is complete.
        file::write(&self.ca(), &authority.ca_pem())
    }

    /// Reads the authority.
    ///
    /// # Errors
    /// [`DirectoryError::Read`], [`DirectoryError::Domain`], [`DirectoryError::Authority`].
    pub fn load_authority(&self) -> Result<Authority, DirectoryError> {
        let read = |name: &str| file::read(&self.path.join(name));
        let domain: TrustDomain = read("domain")?.trim().parse().map_err(DirectoryError::Domain)?;
        let files = AuthorityFiles {
            root_pem: read("root.pem")?,
            root_key_pem: read("root.key")?,
            intermediate_pem: read("intermediate.pem")?,
            intermediate_key_pem: read("intermediate.key")?,
        };
        Ok(Authority::from_files(domain, files)?)
    }

    /// Writes the hub's own certificate and key.
    ///
    /// # Errors
    /// [`DirectoryError::Write`].
    pub fn save_server(&self, issued: &Issued) -> Result<KeyPairPaths, DirectoryError> {
        save(self.server(), issued)
    }

    /// Writes a principal's certificate and key.
    ///
    /// # Errors
    /// [`DirectoryError::Write`].
    pub fn save_principal(
        &self,
        name: &PrincipalName,
        issued: &Issued,
    ) -> Result<KeyPairPaths, DirectoryError> {
        save(self.principal(name), issued)
    }

    /// Writes into `home` what a node shows to the others, and whom it believes: certificate, key,
    /// and the certificates of their authority.
    ///
    /// # Errors
    /// [`DirectoryError::Write`].
    pub fn save_node(
        home: &Path,
        authority: &Authority,
        issued: &Issued,
    ) -> Result<KeyPairPaths, DirectoryError> {
        file::write(&home.join("ca.pem"), &authority.ca_pem())?;
        save(pair(home.to_owned()), issued)
    }

    /// Returns the serial of the certificate that a principal holds now: what to revoke.
    ///
    /// # Errors
    /// [`DirectoryError::Read`], [`DirectoryError::Certificate`].
    pub fn serial_of(&self, name: &PrincipalName) -> Result<Serial, DirectoryError> {
        let path = self.principal(name).cert;
        let pem = file::read(&path)?;
        Serial::of_certificate(&pem).ok_or(DirectoryError::Certificate { path })
    }

    /// Returns the serials that are revoked, in the order of their revocation.
    ///
    /// # Errors
    /// [`DirectoryError::Read`], [`DirectoryError::Revoked`].
    pub fn revoked(&self) -> Result<Vec<Serial>, DirectoryError> {
        let path = self.path.join("revoked.txt");
        let serial = |(index, line): (usize, &str)| {
            line.trim()
                .parse()
                .map_err(|source| DirectoryError::Revoked { line: index + 1, source })
        };
        file::read(&path)?.lines().enumerate().map(serial).collect()
    }

    /// Adds `serials` to the revoked ones and writes the new revocation list as of `now`.
    /// Revoking twice is revoking once; with no serials it renews the list.
    ///
    /// # Errors
    /// [`DirectoryError`]. If the list could not be written the serials are remembered all the
    /// same, and the next call lists them.
    pub fn revoke(
        &self,
        authority: &Authority,
        serials: &[Serial],
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let mut revoked = self.revoked()?;
        for serial in serials {
            if !revoked.contains(serial) {
                revoked.push(serial.clone());
            }
        }
        let text: String = revoked.iter().map(|serial| format!("{serial}\n")).collect();
        file::write(&self.path.join("revoked.txt"), &text)?;
        file::write(&self.crl(), &authority.crl(&revoked, now)?)
    }
}

fn pair(directory: PathBuf) -> KeyPairPaths {
    KeyPairPaths { cert: directory.join("cert.pem"), key: directory.join("key.pem") }
}

fn save(paths: KeyPairPaths, issued: &Issued) -> Result<KeyPairPaths, DirectoryError> {
    file::write_secret(&paths.key, &issued.key_pem)?;
    file::write(&paths.cert, &issued.chain_pem)?;
    Ok(paths)
}
