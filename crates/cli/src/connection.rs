//! Whom to talk to, and as whom.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result, bail};
use ndxp_client::{Client, Identity};
use ndxp_model::{Principal, PrincipalName};

/// Where a hub listens unless something else is said.
const DEFAULT_HUB: &str = "https://localhost:7443";

/// Flags of every command that talks to a hub.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Connect {
    /// The hub's address [default: the file `hub` beside the certificate, then
    /// https://localhost:7443]
    #[arg(
        long,
        global = true,
        env = "NDXP_HUB",
        value_name = "URL",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    hub: Option<String>,
    /// A directory with cert.pem, key.pem and ca.pem: who you are
    #[arg(
        long,
        global = true,
        env = "NDXP_IDENTITY",
        value_name = "DIR",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    identity: Option<PathBuf>,
    /// Who you are, out of the hub's directory: tax/portal for a system,
    /// tax/officer/steward-1 for an officer
    #[arg(
        long = "as",
        global = true,
        env = "NDXP_AS",
        value_name = "NAME",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    name: Option<Caller>,
    /// A development hub's directory, for --as
    #[arg(
        long,
        global = true,
        env = "NDXP_DATA",
        value_name = "DIR",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    data: Option<PathBuf>,
    /// The W3C trace context that the calls belong to
    #[arg(
        long,
        global = true,
        env = "TRACEPARENT",
        value_name = "TRACE",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    traceparent: Option<String>,
}

/// A principal as people write it: `tax/portal`, `tax/officer/steward-1`, or in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) PrincipalName);

impl FromStr for Caller {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let full = match parts.as_slice() {
            [agency, system] => format!("agency/{agency}/system/{system}"),
            [agency, kind @ ("system" | "officer"), id] => format!("agency/{agency}/{kind}/{id}"),
            _ => text.to_owned(),
        };
        let wrong = |_| "must be AGENCY/SYSTEM or AGENCY/officer/OFFICER".to_owned();
        full.parse().map(Self).map_err(wrong)
    }
}

impl Connect {
    /// Makes what the flags would.
    #[cfg(feature = "schema")]
    pub(crate) fn of(
        hub: Option<String>,
        identity: Option<PathBuf>,
        name: Option<Caller>,
        data: Option<PathBuf>,
    ) -> Self {
        Self { hub, identity, name, data, traceparent: None }
    }

    /// Talks to the hub of a directory, at the address that stands there.
    #[cfg(feature = "hub")]
    pub(crate) fn in_directory(data: PathBuf) -> Self {
        Self { data: Some(data), ..Self::default() }
    }

    /// Connects; the first call makes the connection.
    pub(crate) fn client(&self) -> Result<Client> {
        let client = Client::lazy(&self.resolve()?)?;
        Ok(match &self.traceparent {
            Some(traceparent) => client.with_traceparent(traceparent),
            None => client,
        })
    }

    /// Returns the directory of certificates that the flags name, if they do.
    pub(crate) fn certificates(&self) -> Option<PathBuf> {
        self.data.as_ref().map(|data| data.join("pki"))
    }

    /// Returns the address that the flags name, if they do.
    pub(crate) fn hub(&self) -> Option<&str> {
        self.hub.as_deref()
    }

    fn resolve(&self) -> Result<Identity> {
        let (directory, certificates) = match (&self.identity, &self.name, &self.data) {
            (Some(directory), _, _) => (directory.clone(), None),
            (None, Some(name), Some(data)) => {
                let certificates = data.join("pki");
                (directory_of(&certificates, &name.0), Some(certificates))
            }
            (None, Some(_), None) => bail!("--as needs --data, the directory of the hub"),
            (None, None, _) => {
                bail!("say who you are: --identity DIR, or --as AGENCY/SYSTEM with --data DIR")
            }
        };
        identity(&directory, certificates.as_deref(), self.hub())
    }
}

/// Returns the directory of a principal's certificate, as `ndxp pki` writes it.
pub(crate) fn directory_of(certificates: &Path, name: &PrincipalName) -> PathBuf {
    let (kind, id) = match &name.principal {
        Principal::System(id) => ("systems", id.as_str()),
        Principal::Officer(id) => ("officers", id.as_str()),
    };
    certificates.join("agencies").join(name.agency.as_str()).join(kind).join(id)
}

/// Loads an identity; the authorities and the address may stand beside the certificate or at the
/// top of the directory of certificates.
pub(crate) fn identity(
    directory: &Path,
    certificates: Option<&Path>,
    hub: Option<&str>,
) -> Result<Identity> {
    let places = [Some(directory), certificates];
    let beside = |name: &str| {
        places.iter().flatten().map(|place| place.join(name)).find(|path| path.is_file())
    };
    let endpoint = match (hub, beside("hub")) {
        (Some(hub), _) => hub.to_owned(),
        (None, Some(file)) => fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .trim()
            .to_owned(),
        (None, None) => DEFAULT_HUB.to_owned(),
    };
    let ca = beside("ca.pem").unwrap_or_else(|| directory.join("ca.pem"));
    Ok(Identity::load_with_ca(directory, &ca, endpoint)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn callers_are_written_short_or_in_full() {
        let name = |text: &str| text.parse::<Caller>().map(|caller| caller.0.to_string());
        let system = Ok("agency/tax/system/portal".to_owned());
        assert_eq!(name("tax/portal"), system);
        assert_eq!(name("tax/system/portal"), system);
        assert_eq!(name("agency/tax/system/portal"), system);
        let officer = Ok("agency/tax/officer/steward-1".to_owned());
        assert_eq!(name("tax/officer/steward-1"), officer);
        assert!(name("tax").is_err());
        assert!(name("tax/Portal").is_err());
    }

    #[test]
    fn address_comes_from_the_flag_then_from_the_file() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["cert.pem", "key.pem", "ca.pem"] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        let endpoint = |hub| identity(dir.path(), None, hub).unwrap().endpoint;
        assert_eq!(endpoint(None), DEFAULT_HUB);
        fs::write(dir.path().join("hub"), "https://localhost:9\n").unwrap();
        assert_eq!(endpoint(None), "https://localhost:9");
        assert_eq!(endpoint(Some("https://hub.example:1")), "https://hub.example:1");
    }

    #[test]
    fn missing_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = identity(dir.path(), None, None).unwrap_err();
        assert!(format!("{error:#}").contains("cert.pem"), "{error:#}");
    }
}
