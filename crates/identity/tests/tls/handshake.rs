//! Who gets a connection, who gets one in quarantine, who fails in TLS.

use crate::support::{Bench, DAY, accept, after, authority, start, system};
use ndxp_identity::{HandshakeFailure, Limits, NameProblem, Quarantine, QuarantinedCall, Standing};
use ndxp_pki::{Authority, Issued, Validity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Connects with `certificate` and returns what its calls are answered with, after a byte went
/// through: the connection works, in quarantine or not.
async fn verdict_at(
    bench: &Bench,
    mut incoming: ndxp_identity::Incoming,
    certificate: &Issued,
) -> Result<String, Quarantine> {
    let mut client = bench.connect(Some(certificate)).await;
    let (mut stream, peer) = accept(&mut incoming).await;
    stream.write_all(b"x").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'x');
    assert_eq!(peer.certificate.serial, certificate.serial.as_str());
    assert_eq!(bench.connections.count(), 1);
    peer.principal(crate::support::clock(&bench.now)()).map(ToString::to_string)
}

/// Connects with `certificate` and returns why the handshake failed; the client saw an alert.
async fn failure(bench: &mut Bench, certificate: Option<&Issued>) -> (HandshakeFailure, String) {
    let mut client = bench.connect(certificate).await;
    // It already sends: the alert must survive that.
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    client.flush().await.unwrap();
    let alert = client.read_u8().await.unwrap_err().to_string();
    let failed = bench.failures.recv().await.unwrap();
    assert_eq!(bench.connections.count(), 0);
    (failed.cause, alert)
}

async fn failure_of(
    revoked: Option<&[&Issued]>,
    certificate: Option<&Issued>,
) -> (HandshakeFailure, String) {
    let (mut bench, _incoming) = Bench::start(revoked, Limits::default()).await;
    failure(&mut bench, certificate).await
}

#[tokio::test]
async fn good_certificate_names_its_principal() {
    let (bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let issued = system(&bench.authority, "portal");
    let client = bench.connect(Some(&issued)).await;
    let (_stream, peer) = accept(&mut incoming).await;

    let name = "agency/tax/system/portal".parse().unwrap();
    assert_eq!(peer.principal(start()), Ok(&name));
    assert_eq!(peer.certificate.standing, Standing::Good);
    assert!(peer.certificate.issuer.contains("DEVELOPMENT intermediate ndxp.example"));
    assert_eq!(peer.remote, client.get_ref().0.local_addr().unwrap());
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(bench.connections.count_of(&name), 1);
}

#[tokio::test]
async fn good_certificate_expires_under_a_live_connection() {
    let (bench, mut incoming) = Bench::start(None, Limits::default()).await;
    let issued = system(&bench.authority, "portal");
    let mut client = bench.connect(Some(&issued)).await;
    let (mut stream, peer) = accept(&mut incoming).await;

    let end = peer.certificate.not_after;
    assert!(peer.principal(after(end, 999)).is_ok());
    assert_eq!(bench.connections.condemn_expired(after(end, 999)), 0);
    assert_eq!(peer.principal(after(end, 1000)), Err(Quarantine::Expired));
    assert_eq!(bench.connections.condemn_expired(after(end, 1000)), 1);
    assert!(stream.read_u8().await.is_err());
    assert!(client.read_u8().await.is_err());
}

/// A bench and a certificate of its own authority, made by `issue`.
async fn with_own(
    crl: Option<&[&Issued]>,
    issue: impl FnOnce(&Authority) -> Issued,
) -> (Bench, ndxp_identity::Incoming, Issued) {
    let (bench, incoming) = Bench::start(crl, Limits::default()).await;
    let issued = issue(&bench.authority);
    (bench, incoming, issued)
}

fn dated(authority: &Authority, from: i64, days: u32) -> Issued {
    let name = "agency/tax/system/portal".parse().unwrap();
    authority.issue(&name, Validity::days(after(start(), from), days)).unwrap()
}

fn named(authority: &Authority, names: &[&str]) -> Issued {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    authority.issue_custom(&names, Validity::days(after(start(), -1000), 1)).unwrap()
}

#[tokio::test]
async fn dates_out_of_range_are_quarantined_with_and_without_lists() {
    for crl in [None, Some(&[][..])] {
        for (from, expected) in [(-3 * DAY, Quarantine::Expired), (DAY, Quarantine::NotYetValid)] {
            // The authority holds from a day before its birth: the certificate is older than it
            // in the first case, and good at its end.
            let (bench, incoming, issued) = with_own(crl, |own| dated(own, from, 2)).await;
            let got = verdict_at(&bench, incoming, &issued).await;
            assert_eq!(got, Err(expected), "from {from}, lists {}", crl.is_some());
        }
    }
}

#[tokio::test]
async fn revoked_certificate_is_quarantined_whatever_its_dates() {
    for (from, days) in [(-1000, 1), (-3 * DAY, 2), (DAY, 1)] {
        let (bench, incoming, issued) = with_own(None, |own| dated(own, from, days)).await;
        bench.revoke(&[&issued]);
        let got = verdict_at(&bench, incoming, &issued).await;
        assert_eq!(got, Err(Quarantine::Revoked), "from {from}");
    }
}

#[tokio::test]
async fn chain_through_a_presented_intermediate_is_judged_alike() {
    // Older than the intermediate: the chain was good at the certificate's end only.
    let older = -3 * DAY + DAY / 2;
    let cases = [
        (-1000, Ok("agency/tax/system/portal".to_owned())),
        (older, Err(Quarantine::Expired)),
        (DAY, Err(Quarantine::NotYetValid)),
    ];
    for (from, expected) in cases {
        let (bench, incoming, issued) = with_own(None, |own| dated(own, from, 2)).await;
        bench.trust_the_root_alone(&[]);
        let got = verdict_at(&bench, incoming, &issued).await;
        assert_eq!(got, expected, "from {from}");

        let (bench, incoming, issued) = with_own(None, |own| dated(own, from, 2)).await;
        bench.trust_the_root_alone(&[&issued]);
        let got = verdict_at(&bench, incoming, &issued).await;
        assert_eq!(got, Err(Quarantine::Revoked), "from {from}");
    }
}

#[tokio::test]
async fn names_that_are_no_principals_are_quarantined() {
    let one = "spiffe://ndxp.example/agency/tax/system/portal";
    let cases: [(&[&str], NameProblem); 6] = [
        (&[], NameProblem::NoSan),
        (&[one, "spiffe://ndxp.example/agency/tax/system/vault"], NameProblem::SeveralSans),
        (&[one, "https://portal.example/"], NameProblem::SeveralSans),
        (&["spiffe://other.example/agency/tax/system/portal"], NameProblem::ForeignDomain),
        (&["spiffe://ndxp.example/agency/tax/robot/portal"], NameProblem::NotAPrincipal),
        (&["https://ndxp.example/agency/tax/system/portal"], NameProblem::NotAPrincipal),
    ];
    for (names, problem) in cases {
        let (bench, incoming, issued) = with_own(Some(&[]), |own| named(own, names)).await;
        let got = verdict_at(&bench, incoming, &issued).await;
        assert_eq!(got, Err(Quarantine::Name(problem)), "{names:?}");
    }
}

#[tokio::test]
async fn no_certificate_fails_in_tls() {
    let (cause, alert) = failure_of(None, None).await;
    assert_eq!(cause, HandshakeFailure::NoCertificate);
    assert!(alert.contains("CertificateRequired"), "{alert}");
}

#[tokio::test]
async fn unknown_authority_fails_in_tls_even_under_the_same_name() {
    // Same trust domain, so the same distinguished names; only the keys differ.
    let (cause, alert) = failure_of(None, Some(&system(&authority(), "portal"))).await;
    assert_eq!(cause, HandshakeFailure::UnknownAuthority);
    assert!(alert.contains("UnknownCA"), "{alert}");

    let other = Authority::create("other.example".parse().unwrap(), start()).unwrap();
    let (cause, _) = failure_of(None, Some(&system(&other, "portal"))).await;
    assert_eq!(cause, HandshakeFailure::UnknownAuthority);
}

#[tokio::test]
async fn wrong_dates_hide_no_unknown_authority() {
    for domain in ["ndxp.example", "other.example"] {
        let other = Authority::create(domain.parse().unwrap(), start()).unwrap();
        for from in [-3 * DAY, DAY] {
            for crl in [None, Some(&[][..])] {
                let (cause, _) = failure_of(crl, Some(&dated(&other, from, 2))).await;
                assert_eq!(cause, HandshakeFailure::UnknownAuthority, "{domain}, from {from}");
            }
        }
    }
}

#[tokio::test]
async fn failed_handshake_reports_what_was_claimed() {
    let (mut bench, _incoming) = Bench::start(None, Limits::default()).await;
    let client = bench.connect(Some(&system(&authority(), "portal"))).await;
    let failed = bench.failures.recv().await.unwrap();
    assert_eq!(failed.remote, client.get_ref().0.local_addr().unwrap());
    assert!(failed.claimed.unwrap().starts_with("agency/tax/system/portal, serial "));
}

#[tokio::test]
async fn server_certificate_is_no_client_certificate() {
    let (mut bench, _incoming) = Bench::start(None, Limits::default()).await;
    let server = bench.server.clone();
    let (cause, _) = failure(&mut bench, Some(&server)).await;
    assert_eq!(cause, HandshakeFailure::BadCertificate);
}

#[tokio::test]
async fn status_unknown_to_every_list_fails_in_tls() {
    let (mut bench, _incoming) = Bench::start(None, Limits::default()).await;
    let elsewhere = Authority::create("other.example".parse().unwrap(), start()).unwrap();
    bench.settings.send_replace(bench.settings_with(&elsewhere.crl(&[], start()).unwrap()));
    let issued = system(&bench.authority, "portal");
    let (cause, _) = failure(&mut bench, Some(&issued)).await;
    assert_eq!(cause, HandshakeFailure::RevocationUnknown);
}

#[tokio::test]
async fn expired_list_is_believed_for_its_grace_and_not_longer() {
    let (mut bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let next_update = bench.settings.borrow().crl_dates().unwrap().next_update;
    let name = "agency/tax/system/portal".parse().unwrap();
    let year = Validity::days(start(), 365);
    let issued = bench.authority.issue(&name, year).unwrap();
    bench.server = bench.authority.issue_server(&["localhost"], year).unwrap();
    bench.revoke(&[]);

    bench.set_now(after(next_update, DAY - 60_000));
    let _client = bench.connect(Some(&issued)).await;
    let (_stream, peer) = accept(&mut incoming).await;
    assert_eq!(peer.certificate.standing, Standing::Good);
    drop((_stream, _client));

    bench.set_now(after(next_update, DAY + 60_000));
    let mut client = bench.connect(Some(&issued)).await;
    client.read_u8().await.unwrap_err();
    assert_eq!(bench.failures.recv().await.unwrap().cause, HandshakeFailure::RevocationUnknown);
}

#[tokio::test]
async fn eleventh_call_in_quarantine_aborts_the_connection() {
    let (bench, mut incoming, issued) = with_own(None, |own| named(own, &[])).await;
    let mut client = bench.connect(Some(&issued)).await;
    let (mut stream, peer) = accept(&mut incoming).await;
    for call in 1..=10 {
        assert_eq!(peer.quarantined_call(), QuarantinedCall::Answer, "call {call}");
    }
    assert!(!peer.kill.is_killed());
    assert_eq!(peer.quarantined_call(), QuarantinedCall::Closed);
    assert!(stream.read_u8().await.is_err());
    assert!(client.read_u8().await.is_err());
}

#[tokio::test]
async fn revocation_without_lists_is_unknown_and_allowed() {
    let (bench, incoming, issued) = with_own(None, |own| system(own, "portal")).await;
    let got = verdict_at(&bench, incoming, &issued).await;
    assert_eq!(got, Ok("agency/tax/system/portal".to_owned()));
}
