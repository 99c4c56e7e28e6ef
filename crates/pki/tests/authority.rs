//! What the authority signs, and where it lies on disk.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, slice};

use ndxp_model::{PrincipalName, Timestamp};
use ndxp_pki::{Authority, Directory, DirectoryError, Issued, Serial, Validity};
use x509_parser::{extensions::GeneralName, pem::parse_x509_pem, prelude::*};

fn now() -> Timestamp {
    "2026-07-01T00:00:00Z".parse().unwrap()
}

fn authority() -> Authority {
    Authority::create("ndxp.example".parse().unwrap(), now()).unwrap()
}

fn with_certificate<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let (_, block) = parse_x509_pem(pem.as_bytes()).unwrap();
    look(&block.parse_x509().unwrap())
}

fn uris(issued: &Issued) -> Vec<String> {
    with_certificate(&issued.chain_pem, |certificate| {
        let names = certificate.subject_alternative_name().unwrap();
        names.map_or(vec![], |names| {
            names
                .value
                .general_names
                .iter()
                .map(|name| match name {
                    GeneralName::URI(uri) => (*uri).to_owned(),
                    other => panic!("not a URI: {other:?}"),
                })
                .collect()
        })
    })
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn principal_certificate_names_its_uri_alone_and_says_development() {
    let authority = authority();
    for name in ["agency/tax/system/portal", "agency/tax/officer/officer-1"] {
        let name: PrincipalName = name.parse().unwrap();
        let issued = authority.issue(&name, Validity::days(now(), 1)).unwrap();
        assert_eq!(uris(&issued), [format!("spiffe://ndxp.example/{name}")]);
        with_certificate(&issued.chain_pem, |certificate| {
            assert!(certificate.subject().to_string().contains("DEVELOPMENT"));
            assert!(certificate.issuer().to_string().contains("CN=DEVELOPMENT intermediate"));
            assert_eq!(certificate.validity().not_before.timestamp() * 1000, now().millis());
            let day = now().millis() + 86_400_000;
            assert_eq!(certificate.validity().not_after.timestamp() * 1000, day);
            let serial: Serial = hex::encode(certificate.raw_serial()).parse().unwrap();
            assert_eq!(serial, issued.serial);
        });
    }
}

#[test]
fn custom_certificate_has_the_names_that_were_asked_for() {
    let authority = authority();
    for names in [vec![], vec!["spiffe://a/b".to_owned(), "spiffe://a/c".to_owned()]] {
        let issued = authority.issue_custom(&names, Validity::days(now(), 1)).unwrap();
        assert_eq!(uris(&issued), names);
    }
}

#[test]
fn server_certificate_has_dns_names_and_addresses() {
    let issued =
        authority().issue_server(&["localhost", "127.0.0.1"], Validity::days(now(), 1)).unwrap();
    with_certificate(&issued.chain_pem, |certificate| {
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let expected = [GeneralName::DNSName("localhost"), GeneralName::IPAddress(&[127, 0, 0, 1])];
        assert_eq!(names.value.general_names, expected);
    });
}

#[test]
fn keys_are_readable_by_their_owner_only() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path());
    let authority = authority();
    directory.save_authority(&authority, now()).unwrap();
    let name = "agency/tax/system/portal".parse().unwrap();
    let issued = authority.issue(&name, Validity::days(now(), 1)).unwrap();
    let paths = directory.save_principal(&name, &issued).unwrap();

    assert_eq!(paths.key, place.path().join("agencies/tax/systems/portal/key.pem"));
    for key in [paths.key, place.path().join("root.key"), place.path().join("intermediate.key")] {
        assert_eq!(mode(&key), 0o600, "{}", key.display());
    }
}

#[test]
fn loaded_authority_signs_under_the_same_intermediate() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path());
    let made = authority();
    directory.save_authority(&made, now()).unwrap();

    let loaded = directory.load_authority().unwrap();
    assert_eq!(loaded.domain(), made.domain());
    assert_eq!(loaded.ca_pem(), made.ca_pem());
    let name = "agency/tax/officer/officer-1".parse().unwrap();
    let issued = loaded.issue(&name, Validity::days(now(), 1)).unwrap();
    with_certificate(&made.ca_pem(), |intermediate| {
        with_certificate(&issued.chain_pem, |certificate| {
            certificate.verify_signature(Some(intermediate.public_key())).unwrap();
        });
    });
}

#[test]
fn second_authority_is_refused_where_one_is() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path());
    directory.save_authority(&authority(), now()).unwrap();
    let second = directory.save_authority(&authority(), now());
    assert!(matches!(second, Err(DirectoryError::Occupied { .. })), "{second:?}");
}

#[test]
fn revoked_serials_stay_on_every_later_list() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path());
    let authority = authority();
    directory.save_authority(&authority, now()).unwrap();
    let mut serials = vec![];
    for system in ["portal", "portal", "vault"] {
        let name = format!("agency/tax/system/{system}").parse().unwrap();
        let issued = authority.issue(&name, Validity::days(now(), 1)).unwrap();
        directory.save_principal(&name, &issued).unwrap();
        assert_eq!(directory.serial_of(&name).unwrap(), issued.serial);
        directory.revoke(&authority, slice::from_ref(&issued.serial), now()).unwrap();
        directory.revoke(&authority, slice::from_ref(&issued.serial), now()).unwrap();
        serials.push(issued.serial);
    }

    assert_eq!(directory.revoked().unwrap(), serials);
    let pem = fs::read(directory.crl()).unwrap();
    let (_, block) = parse_x509_pem(&pem).unwrap();
    let (_, list) = parse_x509_crl(&block.contents).unwrap();
    let listed: Vec<Serial> = list
        .iter_revoked_certificates()
        .map(|entry| hex::encode(entry.raw_serial()).parse().unwrap())
        .collect();
    assert_eq!(listed, serials);
}

#[test]
fn serials_have_one_text_each() {
    let serial = |text: &str| text.parse::<Serial>().map(|serial| serial.to_string()).ok();
    assert_eq!(serial("00AB"), Some("ab".to_owned()));
    assert_eq!(serial("0100"), Some("0100".to_owned()));
    for wrong in ["", "00", "abc", "xy", &"11".repeat(21)] {
        assert_eq!(serial(wrong), None, "{wrong}");
    }
}

#[test]
fn a_nation_of_certificates_has_a_serial_each() {
    let authority = authority();
    let serials: std::collections::BTreeSet<Serial> = (0..600)
        .map(|number| {
            let name = format!("agency/a{number}/system/s").parse().unwrap();
            authority.issue(&name, Validity::days(now(), 1)).unwrap().serial
        })
        .collect();
    assert_eq!(serials.len(), 600);
}
