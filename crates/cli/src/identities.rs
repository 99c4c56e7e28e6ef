//! Directories of certificates that the commands can be pointed at: `cert.pem`, `key.pem`, and
//! beside them whom to trust (`ca.pem`) and where the hub is (`hub`).

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use ndxp_model::{PrincipalName, Timestamp, TrustDomain};
use ndxp_pki::{Authority, Directory, KeyPairPaths, Validity};

/// How long a development certificate holds.
pub(crate) const DAYS: u32 = 365;
/// The names that the hub's own certificate carries unless others are said.
pub(crate) const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Makes an authority with a server certificate where there is none, and loads it.
pub(crate) fn authority(
    directory: &Directory,
    domain: &TrustDomain,
    now: Timestamp,
) -> Result<Authority> {
    if !directory.ca().exists() {
        directory.save_authority(&Authority::create(domain.clone(), now)?, now)?;
    }
    let authority = directory.load_authority()?;
    if !directory.server().cert.exists() {
        directory.save_server(&authority.issue_server(&SERVER_NAMES, validity(now, DAYS))?)?;
    }
    Ok(authority)
}

/// A validity from an hour ago: the clock of whoever checks may be behind.
pub(crate) fn validity(now: Timestamp, days: u32) -> Validity {
    let hour_ago = Timestamp::from_millis(now.millis() - 3_600_000);
    Validity { not_before: hour_ago, ..Validity::days(now, days) }
}

/// Issues a principal's certificate and makes its directory complete.
pub(crate) fn issue(
    directory: &Directory,
    authority: &Authority,
    name: &PrincipalName,
    validity: Validity,
) -> Result<()> {
    let paths = directory.save_principal(name, &authority.issue(name, validity)?)?;
    if let Some(home) = paths.cert.parent() {
        write(&home.join("ca.pem"), &authority.ca_pem())?;
        let hub = directory.path().join("hub");
        if hub.is_file() {
            let address = fs::read_to_string(&hub)
                .with_context(|| format!("cannot read {}", hub.display()))?;
            write(&home.join("hub"), &address)?;
        }
    }
    Ok(())
}

/// Issues what a node shows to the hub's other nodes into `home`, by the nodes' own authority: whoever
/// it signs for speaks for any agency, so it signs for nobody else. It is made for `domain` where there
/// is none.
pub(crate) fn issue_node(
    directory: &Directory,
    domain: &TrustDomain,
    home: &Path,
    validity: Validity,
    now: Timestamp,
) -> Result<KeyPairPaths> {
    let place = directory.nodes_authority();
    if !place.ca().exists() {
        place.save_authority(&Authority::create(domain.clone(), now)?, now)?;
    }
    let authority = place.load_authority()?;
    let ours = authority.domain();
    ensure!(ours == domain, "the nodes' authority is one of {ours}, not of {domain}");
    Ok(Directory::save_node(home, &authority, &authority.issue_node(validity)?)?)
}

/// Says where the hub is, for a directory of certificates: the file `hub` at its top, and the one
/// of each principal that has a certificate.
pub(crate) fn name_hub<'a>(
    directory: &Directory,
    address: &str,
    principals: impl IntoIterator<Item = &'a PrincipalName>,
) -> Result<()> {
    let text = format!("{address}\n");
    write(&directory.path().join("hub"), &text)?;
    for name in principals {
        if let Some(home) = directory.principal(name).cert.parent() {
            let file = home.join("hub");
            if home.is_dir() && fs::read_to_string(&file).ok().as_ref() != Some(&text) {
                write(&file, &text)?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
