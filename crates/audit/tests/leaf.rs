//! The leaf's format: golden files of every kind, the strict reader, the round trip.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "leaf/golden.rs"]
mod golden;
#[path = "leaf/reader.rs"]
mod reader;
#[path = "leaf/round_trip.rs"]
mod round_trip;

use std::num::NonZeroU64;

use ndxp_audit::{
    Boot, Caller, DatasetAt, Delivered, Delivery, Deny, Entry, EntryId, Publish, Registry, Release,
    Sha256Hex, Stamp, Under, Way,
};
use ndxp_model::Timestamp;

fn stamp() -> Stamp {
    let id = [
        1, 0x93, 0x8f, 0x2c, 0x7b, 0x1e, 0x7c, 0x40, 0x9d, 0x52, 0x8f, 0x1a, 0x6b, 0x3c, 0x2d, 0x4e,
    ];
    Stamp {
        id: EntryId(id),
        t: Timestamp::from_millis(1_764_021_600_123),
        gw: "n3-17".parse().unwrap(),
        seq: 918_273,
    }
}

fn hash(byte: u8) -> Sha256Hex {
    [byte; 32].into()
}

fn under() -> Under {
    Under {
        agr: "agr-0042@7".parse().unwrap(),
        agrh: hash(0x9b),
        pol: hash(0xc1),
        purp: "soc-benefit-eligibility".parse().unwrap(),
        basis: "law-0012".parse().unwrap(),
    }
}

fn dataset(text: &str) -> DatasetAt {
    text.parse().unwrap()
}

fn publish() -> Publish {
    Publish {
        by: "agency/tax/system/portal".parse().unwrap(),
        ds: dataset("tax/income@3"),
        n: 500,
        vid: hash(0x5f),
        under: None,
    }
}

fn release() -> Release {
    Release {
        by: "agency/social-security/system/benefits".parse().unwrap(),
        way: Way::Stream,
        ds: dataset("tax/income@3"),
        sub: "social-security/income".parse().unwrap(),
        under: under(),
        rng: Some(vec![
            Delivered { partition: 3, first: 918_200, last: 918_411 },
            Delivered { partition: 5, first: 0, last: 0 },
        ]),
        n: 213,
        again: false,
    }
}

fn deny() -> Deny {
    Deny {
        by: Caller::Principal("agency/health/system/clinic".parse().unwrap()),
        ds: Some(dataset("tax/income")),
        op: "SUBSCRIBE".parse().unwrap(),
        why: "PURPOSE_NOT_ALLOWED".parse().unwrap(),
        clause: Some(8),
        purp: Some("statistics".parse().unwrap()),
        agr: Some("agr-0043@1".parse().unwrap()),
        n: NonZeroU64::MIN,
    }
}

fn registry() -> Registry {
    Registry {
        by: "agency/hub/officer/officer-1".parse().unwrap(),
        op: "SuspendAgreement".parse().unwrap(),
        position: 4_711,
        hash: hash(0x11),
    }
}

fn delivery() -> Delivery {
    Delivery {
        by: "agency/land/officer/steward-1".parse().unwrap(),
        ds: dataset("tax/income"),
        sub: "land/all".parse().unwrap(),
        op: "PurgeDeadLetters".parse().unwrap(),
        n: Some(3),
    }
}

fn seek() -> Delivery {
    let by = "agency/land/system/portal".parse().unwrap();
    Delivery { by, op: "SeekSubscription".parse().unwrap(), n: None, ..delivery() }
}

fn boot() -> Boot {
    Boot {
        version: "0.1.0".parse().unwrap(),
        position: 4_712,
        incarnation: "01938f2c7b1e7c409d528f1a6b3c2d4e".parse().unwrap(),
    }
}

/// Every kind, with its optional members once there and once not.
fn samples() -> Vec<(&'static str, Entry)> {
    let elsewhere = Publish {
        by: "agency/social-security/system/benefits".parse().unwrap(),
        under: Some(under()),
        ..publish()
    };
    let by = "agency/social-security/officer/steward-1".parse().unwrap();
    let looked = Release { by, way: Way::DeadLetter, rng: None, n: 1, again: true, ..release() };
    let filtered = Release { rng: None, again: true, ds: dataset("tax/income"), ..release() };
    let early = Deny {
        ds: None,
        op: "RegisterSystem".parse().unwrap(),
        why: "ROLE_REQUIRED".parse().unwrap(),
        clause: None,
        purp: None,
        agr: None,
        n: NonZeroU64::new(1_207).unwrap(),
        ..deny()
    };
    let unnamed = Deny {
        by: Caller::Certificate(hash(0x33)),
        op: "connect".parse().unwrap(),
        why: "CERTIFICATE_NAME_INVALID".parse().unwrap(),
        clause: Some(1),
        n: NonZeroU64::MIN,
        ..early.clone()
    };
    vec![
        ("publish", Entry::Publish(publish())),
        ("publish-elsewhere", Entry::Publish(elsewhere)),
        ("release", Entry::Release(release())),
        ("release-filtered-again", Entry::Release(filtered)),
        ("release-dead-letter", Entry::Release(looked)),
        ("deny", Entry::Deny(deny())),
        ("deny-repeated", Entry::Deny(early)),
        ("deny-unnamed", Entry::Deny(unnamed)),
        ("registry", Entry::Registry(registry())),
        ("delivery", Entry::Delivery(delivery())),
        ("delivery-seek", Entry::Delivery(seek())),
        ("boot", Entry::Boot(boot())),
    ]
}
