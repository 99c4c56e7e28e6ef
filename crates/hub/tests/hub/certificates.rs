//! Who gets in: certificates that are not in order, each with its answer.

use std::{sync::Mutex, time::Duration};

use ndxp_audit::{Caller, Entry};
use ndxp_client::proto::registry::{WhoAmIRequest, agency_service_client::AgencyServiceClient};
use ndxp_model::Timestamp;
use ndxp_pki::{Authority, Issued, Validity};
use ndxp_testkit::{Engine, TestHub, journal};
use tonic::{Code, Status};

use crate::{contract::check, leaves};

const PORTAL: &str = "agency/tax/system/portal";

async fn asked(hub: &TestHub, issued: Option<&Issued>) -> Result<String, Status> {
    let mut service = AgencyServiceClient::new(hub.channel_as(issued));
    service.who_am_i(WhoAmIRequest {}).await.map(|answer| answer.into_inner().principal)
}

async fn refused(hub: &TestHub, issued: &Issued, reason: &str) {
    let status = asked(hub, Some(issued)).await.unwrap_err();
    assert_eq!(check(&status), reason, "{status:?}");
    assert_eq!(status.code(), Code::Unauthenticated);
}

fn year(hub: &TestHub) -> Validity {
    Validity::days(hub.clock.now(), 365)
}

#[tokio::test]
async fn good_certificate_tells_its_name() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    let issued = hub.certificate(PORTAL);
    assert_eq!(asked(&hub, Some(&issued)).await.unwrap(), PORTAL);
}

#[tokio::test]
async fn name_of_a_certificate_must_be_one_and_known() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    let uri = |name: &str| format!("spiffe://{}/{name}", hub.authority().domain());
    let custom = |uris: &[String]| hub.authority().issue_custom(uris, year(&hub)).unwrap();
    refused(&hub, &custom(&[]), "CERTIFICATE_NAME_INVALID").await;
    let two = [uri(PORTAL), uri("agency/tax/system/other")];
    refused(&hub, &custom(&two), "CERTIFICATE_NAME_INVALID").await;
    let elsewhere = format!("spiffe://elsewhere.example/{PORTAL}");
    refused(&hub, &custom(&[elsewhere]), "CERTIFICATE_NAME_INVALID").await;
    refused(&hub, &custom(&[uri("agency/tax/system/other")]), "SYSTEM_UNKNOWN").await;
}

#[tokio::test]
async fn refusal_of_a_certificate_without_a_name_has_its_leaf() {
    let hub = TestHub::start().await;
    let unnamed = hub.authority().issue_custom(&[], year(&hub)).unwrap();
    refused(&hub, &unnamed, "CERTIFICATE_NAME_INVALID").await;
    let denied = leaves::entries(&hub.log()).await.into_iter().filter(|entry| match entry {
        Entry::Deny(deny) => matches!(deny.by, Caller::Certificate(_)) && deny.clause == Some(1),
        _ => false,
    });
    assert_eq!(denied.count(), 1, "who is turned away stands in the log");
}

#[tokio::test]
async fn certificate_outside_its_time_is_told_so() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    let later = Timestamp::from_millis(hub.clock.now().millis() + 3_600_000);
    let name = PORTAL.parse().unwrap();
    let early = hub.authority().issue(&name, Validity::days(later, 1)).unwrap();
    refused(&hub, &early, "CERTIFICATE_NOT_YET_VALID").await;
    let short = Validity::lasting(hub.clock.now(), Duration::from_secs(60));
    let short = hub.authority().issue(&name, short).unwrap();
    assert_eq!(asked(&hub, Some(&short)).await.unwrap(), PORTAL);
    hub.clock.advance(Duration::from_secs(61));
    refused(&hub, &short, "CERTIFICATE_EXPIRED").await;
}

#[tokio::test]
async fn certificate_that_expires_loses_its_connection() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    let short = Validity::lasting(hub.clock.now(), Duration::from_secs(60));
    let short = hub.authority().issue(&PORTAL.parse().unwrap(), short).unwrap();
    let channel = hub.channel_as(Some(&short));
    let mut stream = ndxp_testkit::RawStream::call(channel).await.unwrap();
    hub.clock.advance(Duration::from_secs(61));
    let (_, status) = stream.end().await;
    assert!(status.is_some(), "the connection is cut");
}

#[tokio::test]
async fn revoked_certificate_is_told_so() {
    let kept = Mutex::new(None);
    let hub = TestHub::start_with(Engine::memory(), |authority, clock| {
        let validity = Validity::days(clock.now(), 1);
        let issued = authority.issue(&PORTAL.parse().unwrap(), validity).unwrap();
        let crl = authority.crl(std::slice::from_ref(&issued.serial), clock.now()).unwrap();
        *kept.lock().unwrap() = Some(issued);
        Some(crl)
    })
    .await;
    hub.agency("tax").await;
    let revoked = kept.lock().unwrap().take().unwrap();
    refused(&hub, &revoked, "CERTIFICATE_REVOKED").await;
    let fresh = hub.certificate(PORTAL);
    assert_eq!(asked(&hub, Some(&fresh)).await.unwrap(), PORTAL);
}

/// What the transport says, with all that is behind it.
fn alert(status: &Status) -> String {
    format!("{status:?}")
}

#[tokio::test]
async fn no_certificate_and_a_wrong_authority_fail_in_tls_with_a_line_in_the_log() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    let status = asked(&hub, None).await.unwrap_err();
    assert!(alert(&status).contains("CertificateRequired"), "{status:?}");
    let domain = hub.authority().domain().clone();
    let other = Authority::create(domain, hub.clock.now()).unwrap();
    let forged = other.issue(&PORTAL.parse().unwrap(), year(&hub)).unwrap();
    let status = asked(&hub, Some(&forged)).await.unwrap_err();
    assert!(alert(&status).contains("UnknownCA"), "{status:?}");

    let metrics = hub.metrics().await;
    for cause in ["no_certificate", "unknown_authority"] {
        let count = format!("ndxp_tls_handshake_failures_total{{cause=\"{cause}\"}} ");
        assert!(metrics.contains(&count), "{metrics}");
        assert!(journal().contains(&format!("cause={cause}")), "a line in the log: {cause}");
    }
}
