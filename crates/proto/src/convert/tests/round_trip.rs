//! What is written is read as the same value.
#![expect(clippy::unwrap_used, reason = "a test's failure is its message")]

use ndxp_model::{AgencyStatus, AgreementId, DatasetState, Op, PurposeCode, RequestId, Timestamp};
use proptest::{option, prelude::*};

use super::strategies as any_of;
use crate::{
    convert::{
        Page, access, access_message, agency, agency_message, agency_name, agency_resource,
        agreement_name, agreement_resource, dataset, dataset_message, dataset_name, duration,
        instant, officer, op, page, request_id, revision_name, revision_resource, schema_name,
        schema_resource, subscription_name, system, terms, timestamp,
    },
    exchange, registry,
};

proptest! {
    #[test]
    fn names_survive(
        agency in any_of::id(),
        agreement in any_of::id(),
        dataset in any_of::dataset_name(),
        subscription in any_of::subscription_name(),
        revision in any_of::revision(),
        version in any_of::version(),
    ) {
        prop_assert_eq!(agency_name(&agency_resource(&agency), "name").unwrap(), agency);
        prop_assert_eq!(agreement_name(&agreement_resource(&agreement), "name").unwrap(), agreement);
        prop_assert_eq!(dataset_name(&dataset.resource(), "name").unwrap(), dataset.clone());
        prop_assert_eq!(subscription_name(&subscription.resource(), "name").unwrap(), subscription);
        prop_assert_eq!(revision_name(&revision_resource(&revision), "name").unwrap(), revision);
        let schema = schema_resource(&dataset, version);
        prop_assert_eq!(schema_name(&schema, "name").unwrap(), (dataset, version));
    }

    #[test]
    fn participants_survive(
        a in any_of::agency(),
        s in any_of::system(),
        o in any_of::officer(),
    ) {
        let message = agency_message(&a, AgencyStatus::Suspended);
        prop_assert!(message.suspended);
        prop_assert_eq!(agency(Some(message), "agency").unwrap(), a);
        prop_assert_eq!(system(Some((&s).into()), "system").unwrap(), s);
        prop_assert_eq!(officer(Some((&o).into()), "officer").unwrap(), o);
    }

    #[test]
    fn datasets_survive(d in any_of::dataset(), version in option::of(any_of::version())) {
        let message = dataset_message(&d, DatasetState::Active, version);
        prop_assert_eq!(message.state(), registry::DatasetState::Active);
        prop_assert_eq!(message.schema_version, version.map_or(0, |version| version.0));
        prop_assert_eq!(dataset(Some(message), "dataset").unwrap(), d);
    }

    #[test]
    fn documents_survive(t in any_of::terms()) {
        prop_assert_eq!(terms(Some((&t).into()), "terms").unwrap(), t);
    }

    #[test]
    fn access_survives(
        purpose in any_of::id::<PurposeCode>(),
        agreement in option::of(any_of::id::<AgreementId>()),
    ) {
        let message = access_message(&purpose, agreement.as_ref());
        prop_assert_eq!(access(Some(message), "access").unwrap(), (purpose, agreement));
    }

    #[test]
    fn instants_survive(t in any_of::instant()) {
        prop_assert_eq!(instant(timestamp(t), "at").unwrap(), t);
    }

    #[test]
    fn any_instant_is_read_within_its_millisecond_or_refused(seconds: i64, nanos: i32) {
        let mut message = timestamp(Timestamp::default()).unwrap();
        (message.seconds, message.nanos) = (seconds, nanos);
        if let Ok(read) = instant(Some(message), "at") {
            let exact = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            prop_assert_eq!(i128::from(read.millis()), exact.div_euclid(1_000_000));
        }
    }

    #[test]
    fn request_ids_survive(bytes: [u8; 16]) {
        let id = RequestId::from_bytes(bytes);
        prop_assert_eq!(request_id(&id.to_string()).unwrap(), id);
    }

    #[test]
    fn page_tokens_survive(last in ".{1,60}", size in 1_i32..=500) {
        let read = page(size, &Page::token(&last)).unwrap();
        prop_assert_eq!(read, Page { size: size.try_into().unwrap(), after: Some(last) });
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".*", number: i32) {
        let _ = (agency_name(&text, "x"), dataset_name(&text, "x"), revision_name(&text, "x"));
        let _ = (schema_name(&text, "x"), request_id(&text), page(number, &text));
    }
}

#[test]
fn operations_of_records_survive() {
    for each in [Op::Upsert, Op::Delete, Op::Event] {
        assert_eq!(op(exchange::Op::from(each).into(), "op").unwrap(), each);
    }
}

#[test]
fn the_range_of_instants_survives_at_both_ends() {
    for end in [i64::MIN, -1, 0, i64::MAX].map(Timestamp::from_millis) {
        assert_eq!(instant(timestamp(end), "at").unwrap(), end);
    }
}

#[test]
fn finer_than_a_millisecond_is_cut_off() {
    let mut message = timestamp(Timestamp::from_millis(-1)).unwrap();
    message.nanos += 999_999;
    assert_eq!(instant(Some(message), "at").unwrap(), Timestamp::from_millis(-1));
}

#[test]
fn durations_keep_their_milliseconds() {
    let written = duration(1_250).unwrap();
    assert_eq!((written.seconds, written.nanos), (1, 250_000_000));
}

#[test]
fn what_is_left_out_has_its_default() {
    let first = Page { size: 50, after: None };
    assert_eq!(page(0, "").unwrap(), first);
    let message = registry::Dataset { partitions: 0, ..super::wrong::good_dataset() };
    assert_eq!(dataset(Some(message), "dataset").unwrap().partitions, 1);
}
