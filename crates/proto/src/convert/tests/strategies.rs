//! Values of the model's types, for properties.

use std::{collections::BTreeSet, fmt::Debug, str::FromStr};

use ndxp_model::{
    Agency, AgencyKind, AgreementRef, Category, Classification, Dataset, DatasetName, FieldGrant,
    Officer, Operation, Pointer, PurposeGrant, Retention, Role, RowFilter, SchemaVersion,
    SubscriptionName, System, Terms, Timestamp, Title, Validity,
};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};

pub(super) fn id<T: FromStr<Err: Debug> + Debug>() -> impl Strategy<Value = T> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?".prop_filter_map("an id", |text: String| text.parse().ok())
}

pub(super) fn dataset_name() -> impl Strategy<Value = DatasetName> {
    (id(), id()).prop_map(|(agency, dataset)| DatasetName::new(agency, dataset))
}

pub(super) fn subscription_name() -> impl Strategy<Value = SubscriptionName> {
    (id(), id()).prop_map(|(agency, name)| SubscriptionName::new(agency, name))
}

pub(super) fn revision() -> impl Strategy<Value = AgreementRef> {
    (id(), 1..=u32::MAX).prop_map(|(id, revision)| AgreementRef { id, revision })
}

pub(super) fn version() -> impl Strategy<Value = SchemaVersion> {
    (1..=u32::MAX).prop_map(SchemaVersion)
}

pub(super) fn instant() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

fn pointer() -> impl Strategy<Value = Pointer> {
    "(/([a-z*]|~0|~1|ệ){0,8}){1,4}".prop_filter_map("a pointer", |text: String| text.parse().ok())
}

fn title() -> impl Strategy<Value = Title> {
    let text = || "[A-Za-zĐđệ][ A-Za-zĐđệ]{0,20}";
    (text(), text()).prop_map(|(vi, en)| Title { vi, en })
}

pub(super) fn agency() -> impl Strategy<Value = Agency> {
    let kind = select(vec![
        AgencyKind::Ministry,
        AgencyKind::GovernmentAgency,
        AgencyKind::Province,
        AgencyKind::Enterprise,
        AgencyKind::Other,
    ]);
    (id(), title(), kind).prop_map(|(id, name, kind)| Agency { id, name, kind })
}

pub(super) fn system() -> impl Strategy<Value = System> {
    (id(), title()).prop_map(|(id, name)| System { id, name })
}

pub(super) fn officer() -> impl Strategy<Value = Officer> {
    let role = select(vec![Role::Authority, Role::Steward, Role::Approver, Role::Operator]);
    (id(), btree_set(role, 1..5)).prop_map(|(id, roles)| Officer { id, roles })
}

pub(super) fn dataset() -> impl Strategy<Value = Dataset> {
    let category =
        select(vec![Category::Reference, Category::Master, Category::Event, Category::Case]);
    let classification = select(vec![
        Classification::Public,
        Classification::Internal,
        Classification::Confidential,
        Classification::Secret,
    ]);
    let fields = (vec(pointer(), 1..4), vec(pointer(), 0..4), vec(pointer(), 0..4));
    (dataset_name(), title(), category, classification, fields, 1_u32..=64).prop_map(
        |(name, title, category, classification, fields, partitions)| {
            let (key_fields, filterable_fields, subject_fields) = fields;
            Dataset {
                name,
                title,
                category,
                classification,
                key_fields,
                filterable_fields,
                subject_fields,
                partitions,
                retention: category_retention(category),
            }
        },
    )
}

fn operations() -> impl Strategy<Value = BTreeSet<Operation>> {
    btree_set(select(vec![Operation::Subscribe, Operation::Publish]), 1..3)
}

fn purpose() -> impl Strategy<Value = PurposeGrant> {
    (id(), id()).prop_map(|(code, basis)| PurposeGrant { code, basis })
}

fn rows() -> impl Strategy<Value = RowFilter> {
    (pointer(), ".{1,12}").prop_map(|(field, equals)| RowFilter { field, equals })
}

fn validity() -> impl Strategy<Value = Validity> {
    (-1_000_000_000_000_i64..4_000_000_000_000, 1_i64..158_112_000_000).prop_map(
        |(from, length)| Validity {
            not_before: Timestamp::from_millis(from),
            not_after: Timestamp::from_millis(from + length),
        },
    )
}

/// Documents in which nothing is wrong.
pub(super) fn terms() -> impl Strategy<Value = Terms> {
    let fields = btree_set(pointer().prop_map(|path| FieldGrant { path }), 1..6);
    let what = (operations(), btree_set(purpose(), 1..4), fields, option::of(rows()), validity());
    (id(), id(), dataset_name(), what)
        .prop_map(|(id, consumer, dataset, (operations, purposes, fields, rows, valid))| Terms {
            id,
            provider: dataset.agency.clone(),
            consumer,
            dataset,
            operations,
            purposes,
            fields,
            rows,
            valid,
        })
        .prop_filter("nothing is wrong", |terms| terms.problems().is_empty())
}

/// A bound for what has one.
fn category_retention(category: Category) -> Option<Retention> {
    let bounds = Retention { max_age_s: Some(172_800), max_bytes: Some(1 << 30) };
    (!category.is_state()).then_some(bounds)
}
