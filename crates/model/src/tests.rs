//! What the texts of the model's types may be.
#![expect(clippy::unwrap_used, reason = "a test stops at the first failure")]

use std::str::FromStr;

use proptest::prelude::*;

use crate::{
    AgencyId, AgreementRef, DatasetName, Op, Pointer, PrincipalName, RecordId, RequestId,
    SchemaVersion, Timestamp, Topic, TrustDomain,
};

/// Checks which texts a type accepts, and that it prints an accepted one as it was.
fn check<T: FromStr + ToString>(good: &[&str], bad: &[&str]) {
    for text in good {
        let read = T::from_str(text).map(|value| value.to_string()).ok();
        assert_eq!(read.as_deref(), Some(*text), "should be accepted as it is");
    }
    for text in bad {
        assert!(T::from_str(text).is_err(), "should be refused: {text:?}");
    }
}

#[test]
fn ids_are_short_and_plain() {
    let long = "a".repeat(63);
    check::<AgencyId>(
        &["tax", "a", "0-9", &long],
        &["", "-a", "a-", "A", "a_b", "a.b", "ế", &"a".repeat(64)],
    );
}

#[test]
fn names_have_two_parts() {
    check::<DatasetName>(&["tax/income"], &["tax", "tax/", "/income", "tax/income/x", "tax/In"]);
    let name: DatasetName = "tax/income".parse().unwrap();
    assert_eq!(name.resource(), "agencies/tax/datasets/income");
    assert_eq!(DatasetName::from_resource(&name.resource()).unwrap(), name);
    assert_eq!(Topic::Data(name).to_string(), "ndxp.data.tax.income");
}

#[test]
fn a_number_has_one_spelling() {
    check::<AgreementRef>(
        &["agr-1@7", "agr-1@10"],
        &["agr-1", "agr-1@", "agr-1@07", "agr-1@+7", "agr-1@0", "agr-1@4294967296"],
    );
    check::<SchemaVersion>(&["1", "4294967295"], &["0", "01", "+1", "-1", "", "x"]);
}

#[test]
fn principals_name_system_or_officer() {
    let good = ["agency/tax/system/portal", "agency/tax/officer/steward-1"];
    check::<PrincipalName>(
        &good,
        &["", "tax/portal", "agency/tax/person/x", "agency/tax/system/x/y"],
    );
    let domain: TrustDomain = "ndxp.example".parse().unwrap();
    let name: PrincipalName = good[0].parse().unwrap();
    let uri = name.uri(&domain);
    assert_eq!(uri, "spiffe://ndxp.example/agency/tax/system/portal");
    assert_eq!(PrincipalName::from_uri(&uri, &domain).unwrap(), name);
    for foreign in [
        "spiffe://other.example/agency/tax/system/portal",
        "https://ndxp.example/agency/tax/system/portal",
        "spiffe://ndxp.example",
    ] {
        assert!(PrincipalName::from_uri(foreign, &domain).is_err(), "{foreign}");
    }
}

#[test]
fn pointers_are_escaped_and_have_tokens() {
    check::<Pointer>(&["/a", "/a/b", "/a~1b/~0", "/"], &["", "a", "/a~", "/a~2"]);
    let pointer: Pointer = "/a~1b/~01".parse().unwrap();
    assert_eq!(pointer.tokens().collect::<Vec<_>>(), ["a/b", "~1"]);
}

#[test]
fn record_ids_are_printable() {
    check::<RecordId>(
        &["a", "A:1/2#x", &"x".repeat(128)],
        &["", "a b", "é", "a\n", &"x".repeat(129)],
    );
    check::<RequestId>(&["01938f2c-7b1e-7c40-9d52-8f1a6b3c2d4e"], &["", "1", "01938f2c"]);
}

#[test]
fn operations_print_as_they_read() {
    for op in [Op::Upsert, Op::Delete, Op::Event] {
        assert_eq!(op.as_str().parse(), Ok(op));
    }
    assert!("upsert".parse::<Op>().is_err());
}

proptest! {
    #[test]
    fn instants_print_as_they_read(millis in -62_135_596_800_000_i64..253_402_207_200_000) {
        let instant = Timestamp::from_millis(millis);
        prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = (text.parse::<AgencyId>(), text.parse::<Pointer>(), text.parse::<Timestamp>());
        let _ = (text.parse::<PrincipalName>(), text.parse::<AgreementRef>());
    }
}
