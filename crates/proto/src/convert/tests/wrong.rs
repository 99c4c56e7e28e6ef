//! Wrong inputs are refused at the place where they are wrong.

use crate::{
    agreement, common,
    convert::{
        access, agency, agency_name, agreement_name, dataset, dataset_name, instant, officer, op,
        optional_instant, page, record_id, request_id, revision_name, schema_name,
        subscription_name, system, terms, timestamp,
    },
    error::{Reason, Refusal},
    registry,
};

/// Checks that a refusal names exactly these paths.
#[track_caller]
fn check<T: std::fmt::Debug>(read: Result<T, Refusal>, paths: &[&str]) {
    match read {
        Ok(value) => assert!(paths.is_empty(), "accepted: {value:?}"),
        Err(refusal) => {
            assert_eq!(refusal.reason, Reason::InvalidField);
            let found: Vec<&str> = refusal.violations.iter().map(|v| v.path.as_str()).collect();
            assert_eq!(found, paths, "{refusal}");
        }
    }
}

fn good_title() -> Option<common::Title> {
    Some(common::Title { vi: "Thuế".to_owned(), en: "Tax".to_owned() })
}

fn good_agency() -> registry::Agency {
    registry::Agency { id: "tax".to_owned(), name: good_title(), kind: 1, suspended: false }
}

pub(super) fn good_dataset() -> registry::Dataset {
    registry::Dataset {
        name: "agencies/tax/datasets/income".to_owned(),
        title: good_title(),
        category: 1,
        classification: 1,
        key_fields: vec!["/id".to_owned()],
        ..Default::default()
    }
}

fn good_terms() -> agreement::Terms {
    let purpose =
        agreement::Purpose { code: "statistics".to_owned(), basis: "nd-47-2024".to_owned() };
    agreement::Terms {
        id: "agr-1".to_owned(),
        provider: "agencies/tax".to_owned(),
        consumer: "agencies/statistics".to_owned(),
        dataset: "agencies/tax/datasets/income".to_owned(),
        operations: vec![1],
        purposes: vec![purpose],
        fields: vec![agreement::Field { path: "/id".to_owned() }],
        rows: None,
        not_before: timestamp(ndxp_model::Timestamp::from_millis(0)),
        not_after: timestamp(ndxp_model::Timestamp::from_millis(1)),
    }
}

/// Changes one thing of a good message.
fn with<T>(mut message: T, change: impl FnOnce(&mut T)) -> Option<T> {
    change(&mut message);
    Some(message)
}

#[test]
fn names_of_another_form_are_refused() {
    for name in
        ["", "tax", "agencies", "agencies/", "agencies/Tax", "agencies/tax/", "/agencies/tax"]
    {
        check(agency_name(name, "parent"), &["parent"]);
    }
    for name in
        ["agencies/tax", "agencies/tax/datasets/", "agencies/tax/subscriptions/a", "a/b/c/d"]
    {
        check(dataset_name(name, "name"), &["name"]);
    }
    check(subscription_name("agencies/tax/datasets/a", "name"), &["name"]);
    check(agreement_name("agreements/agr-1@2", "name"), &["name"]);
    for name in ["agreements/agr-1", "agreements/@1", "agreements/a@0", "agreements/a@01", "a@1"] {
        check(revision_name(name, "name"), &["name"]);
    }
    for version in ["", "0", "+1", "01", "4294967296", "x"] {
        let name = format!("agencies/tax/datasets/income/schemas/{version}");
        check(schema_name(&name, "name"), &["name"]);
    }
}

#[test]
fn a_refused_name_is_not_echoed() {
    let text = agency_name("agencies/SECRET", "name").map_err(|refusal| refusal.to_string());
    assert!(text.is_err_and(|text| !text.contains("SECRET")));
}

#[test]
fn small_fields_are_refused_at_their_path() {
    check(request_id(""), &["request_id"]);
    check(request_id("42"), &["request_id"]);
    check(op(0, "records[17].op"), &["records[17].op"]);
    check(op(99, "records[17].op"), &["records[17].op"]);
    for id in ["", "a b", "é", &"a".repeat(129)] {
        check(record_id(id, "records[17].record_id"), &["records[17].record_id"]);
    }
}

#[test]
fn pages_outside_of_the_limits_are_refused() {
    check(page(-1, ""), &["page_size"]);
    check(page(501, ""), &["page_size"]);
    for token in ["0", "zz", "ff", &"61".repeat(257)] {
        check(page(0, token), &["page_token"]);
    }
    check(page(501, "zz"), &["page_size", "page_token"]);
}

#[test]
fn instants_outside_of_the_range_are_refused() {
    check(instant(None, "terms.not_after"), &["terms.not_after"]);
    check(optional_instant(None, "event_time"), &[]);
    let ends = [
        (i64::MAX, 0),
        (i64::MIN, 0),
        (-62_135_596_801, 0),
        (253_402_300_800, 0),
        (0, -1),
        (0, 1_000_000_000),
    ];
    for (seconds, nanos) in ends {
        let message = timestamp(ndxp_model::Timestamp::default());
        let message =
            message.and_then(|message| with(message, |m| (m.seconds, m.nanos) = (seconds, nanos)));
        check(optional_instant(message, "event_time"), &["event_time"]);
    }
}

#[test]
fn agencies_are_refused_at_their_fields() {
    check(agency(Some(good_agency()), "agency"), &[]);
    check(agency(None, "agency"), &["agency"]);
    check(agency(with(good_agency(), |a| a.id = "-".to_owned()), "agency"), &["agency.id"]);
    check(agency(with(good_agency(), |a| a.name = None), "agency"), &["agency.name"]);
    check(agency(with(good_agency(), |a| a.kind = 99), "agency"), &["agency.kind"]);
    let nothing = ["agency.id", "agency.name", "agency.kind"];
    check(agency(Some(registry::Agency::default()), "agency"), &nothing);
    let blank = Some(common::Title { vi: " ".to_owned(), en: String::new() });
    let blank = registry::System { id: "portal".to_owned(), name: blank };
    check(system(Some(blank), "system"), &["system.name.vi", "system.name.en"]);
}

#[test]
fn officers_need_known_roles() {
    let with_roles = |roles| Some(registry::Officer { id: "officer-1".to_owned(), roles });
    check(officer(with_roles(vec![2, 3]), "officer"), &[]);
    check(officer(with_roles(vec![]), "officer"), &["officer.roles"]);
    check(
        officer(with_roles(vec![1, 0, 99]), "officer"),
        &["officer.roles[1]", "officer.roles[2]"],
    );
}

#[test]
fn datasets_are_refused_at_their_fields() {
    let read =
        |change: fn(&mut registry::Dataset)| dataset(with(good_dataset(), change), "dataset");
    check(read(|_| ()), &[]);
    check(read(|d| d.name = "tax/income".to_owned()), &["dataset.name"]);
    check(read(|d| d.key_fields.clear()), &["dataset.key_fields"]);
    check(read(|d| d.key_fields.push("id".to_owned())), &["dataset.key_fields[1]"]);
    check(read(|d| d.filterable_fields.push("/~2".to_owned())), &["dataset.filterable_fields[0]"]);
    check(read(|d| d.subject_fields.push(String::new())), &["dataset.subject_fields[0]"]);
    check(read(|d| d.partitions = 65), &["dataset.partitions"]);
    check(
        read(|d| (d.category, d.classification) = (0, 9)),
        &["dataset.category", "dataset.classification"],
    );
    check(dataset(None, "dataset"), &["dataset"]);
}

#[test]
fn documents_are_refused_at_their_fields() {
    let read = |change: fn(&mut agreement::Terms)| terms(with(good_terms(), change), "terms");
    check(read(|_| ()), &[]);
    check(read(|t| t.id.clear()), &["terms.id"]);
    check(read(|t| t.provider = "tax".to_owned()), &["terms.provider"]);
    check(read(|t| t.operations = vec![1, 7]), &["terms.operations[1]"]);
    check(
        read(|t| t.purposes.push(Default::default())),
        &["terms.purposes[1].code", "terms.purposes[1].basis"],
    );
    check(read(|t| t.fields.push(Default::default())), &["terms.fields[1].path"]);
    check(read(|t| t.rows = Some(Default::default())), &["terms.rows.field", "terms.rows.equals"]);
    check(read(|t| t.not_after = None), &["terms.not_after"]);
    check(terms(None, "terms"), &["terms"]);
}

#[test]
fn documents_that_are_wrong_in_themselves_are_refused() {
    let read = |change: fn(&mut agreement::Terms)| terms(with(good_terms(), change), "terms");
    check(read(|t| t.not_after = t.not_before), &["terms.not_after"]);
    check(read(|t| t.consumer = t.provider.clone()), &["terms.consumer"]);
    check(read(|t| t.provider = "agencies/other".to_owned()), &["terms.dataset"]);
    check(read(|t| t.operations.clear()), &["terms.operations"]);
    check(read(|t| t.fields.clear()), &["terms.fields"]);
    check(
        read(|t| {
            t.purposes.clear();
            t.not_after = t.not_before;
        }),
        &["terms.purposes", "terms.not_after"],
    );
}

#[test]
fn access_is_refused_at_its_fields() {
    check(access(None, "subscription.access"), &["subscription.access"]);
    let wrong =
        common::AccessContext { purpose: String::new(), agreement: "agreements/a".to_owned() };
    check(access(Some(wrong), "access"), &["access.purpose", "access.agreement"]);
}

#[test]
fn the_text_says_the_first_problem_and_how_many_more() {
    let refusal = page(501, "zz").map_err(|refusal| refusal.message);
    assert_eq!(refusal, Err("page_size: must be 1 to 500; 1 more".to_owned()));
}
