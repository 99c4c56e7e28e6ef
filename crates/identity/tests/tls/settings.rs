//! Wrong files are named, not guessed at.

use std::{sync::Arc, time::Duration};

use crate::support::{authority, start};
use ndxp_identity::{CRL_GRACE, ServerTls, TlsConfigError, TlsMaterial};
use ndxp_pki::Validity;

struct Files {
    chain: String,
    key: String,
    authorities: String,
    crl: Option<String>,
}

impl Files {
    fn good() -> Self {
        let authority = authority();
        let server = authority.issue_server(&["localhost"], Validity::days(start(), 1)).unwrap();
        Self {
            chain: server.chain_pem,
            key: server.key_pem,
            authorities: authority.ca_pem(),
            crl: Some(authority.crl(&[], start()).unwrap()),
        }
    }

    fn read(&self) -> Result<Arc<ServerTls>, TlsConfigError> {
        let material = TlsMaterial {
            chain_pem: self.chain.as_bytes(),
            key_pem: self.key.as_bytes(),
            client_ca_pem: self.authorities.as_bytes(),
            crl_pem: self.crl.as_ref().map(String::as_bytes),
            crl_grace: CRL_GRACE,
        };
        ServerTls::new(&material, "ndxp.example".parse().unwrap(), Arc::new(start))
    }
}

fn problem(break_it: impl FnOnce(&mut Files)) -> String {
    let mut files = Files::good();
    break_it(&mut files);
    files.read().unwrap_err().to_string()
}

#[test]
fn good_files_tell_their_dates() {
    let settings = Files::good().read().unwrap();
    let second = |at: ndxp_model::Timestamp| at.millis().div_euclid(1000);
    assert_eq!(second(settings.not_after()), second(start()) + 86_400);
    let dates = settings.crl_dates().unwrap();
    assert_eq!(second(dates.next_update) - second(dates.this_update), 30 * 86_400);
}

#[test]
fn wrong_file_is_named() {
    let cut = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n".to_owned();
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let no_list = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_owned();
    let text = "the server's certificate file is not PEM";
    assert_eq!(problem(|files| files.chain = cut.clone()), text);
    let text = "the server's certificate file does not begin with a certificate";
    assert_eq!(problem(|files| files.chain = String::new()), text);
    assert_eq!(problem(|files| files.chain = no_der.clone()), text);
    let text = "the server's key file holds no private key";
    assert_eq!(problem(|files| files.key = files.chain.clone()), text);
    let text = "the server's key does not fit its certificate";
    assert_eq!(problem(|files| files.key = Files::good().key), text);
    let text = "the client authorities' file is not PEM";
    assert_eq!(problem(|files| files.authorities = cut.clone()), text);
    let text = "a certificate of the client authorities' file cannot be used";
    assert_eq!(problem(|files| files.authorities = no_der.clone()), text);
    let text = "the client authorities' file holds no certificate";
    assert_eq!(problem(|files| files.authorities = files.key.clone()), text);
    let text = "the revocation list's file holds no list";
    assert_eq!(problem(|files| files.crl = Some(String::new())), text);
    let text = "a revocation list cannot be used";
    assert_eq!(problem(|files| files.crl = Some(no_list.clone())), text);
}

#[test]
fn list_of_ten_thousand_is_read_within_the_reload_budget() {
    let authority = authority();
    let serials: Vec<ndxp_pki::Serial> =
        (1..=10_000).map(|number| format!("{number:032x}").parse().unwrap()).collect();
    let mut files = Files::good();
    files.crl = Some(authority.crl(&serials, start()).unwrap());
    let began = std::time::Instant::now();
    files.read().unwrap();
    // The target is 200 ms for an optimised build on an idle machine; ten times that catches a
    // quadratic reader without being a test of the machine.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
