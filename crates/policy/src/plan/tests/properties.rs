//! The projection against a second opinion: every leaf of a record with the path that leads to it,
//! compared with each pointer of the allow-list.

use proptest::prelude::*;

use super::*;

/// Names that look like each other once escaped, and the two tokens with a meaning of their own.
const NAMES: [&str; 9] = ["a", "b", "a/b", "~", "~1", "/", "", "*", "0"];

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(String),
    Element,
}

fn any_record() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u16>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let name = prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

pub(super) fn any_path() -> impl Strategy<Value = Pointer> {
    prop::collection::vec(prop::sample::select(&NAMES[..]), 1..4).prop_map(|names| {
        let escaped = names.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
        escaped.map(|token| format!("/{token}")).collect::<String>().parse().unwrap()
    })
}

pub(super) fn any_fields() -> impl Strategy<Value = BTreeSet<FieldGrant>> {
    prop::collection::btree_set(any_path().prop_map(|path| FieldGrant { path }), 0..6)
}

/// Appends every value with its path, containers before what they hold.
fn places(value: &Value, path: &[Step], found: &mut Vec<(Vec<Step>, Value)>) {
    found.push((path.to_vec(), value.clone()));
    let mut beneath = |step, value| places(value, &[path, &[step]].concat(), found);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| beneath(Step::Member(name.clone()), v));
        }
        Value::Array(elements) => elements.iter().for_each(|v| beneath(Step::Element, v)),
        _ => {}
    }
}

fn all_places(value: &Value) -> Vec<(Vec<Step>, Value)> {
    let mut found = Vec::new();
    places(value, &[], &mut found);
    found
}

fn fits(token: &str, step: &Step) -> bool {
    match step {
        Step::Member(name) => name == token && token != "*",
        Step::Element => token == "*",
    }
}

/// Says whether a pointer leads to this place or to something around it.
fn granted(fields: &BTreeSet<FieldGrant>, path: &[Step]) -> bool {
    fields.iter().any(|grant| {
        let tokens: Vec<String> = grant.path.tokens().collect();
        tokens.len() <= path.len() && tokens.iter().zip(path).all(|(t, s)| fits(t, s))
    })
}

/// Says whether a pointer leads to something beneath this place.
fn on_the_way(fields: &BTreeSet<FieldGrant>, path: &[Step]) -> bool {
    fields.iter().any(|grant| {
        let tokens: Vec<String> = grant.path.tokens().collect();
        tokens.len() > path.len() && tokens.iter().zip(path).all(|(t, s)| fits(t, s))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn unlisted_pointer_never_appears(fields in any_fields(), record in any_record()) {
        let out = Plan::compile(&fields, None).project(&record);
        for (path, value) in all_places(&out) {
            let container = value.is_object() || value.is_array();
            let allowed = granted(&fields, &path) || (container && on_the_way(&fields, &path));
            prop_assert!(allowed || path.is_empty(), "{path:?} in {out}");
        }
    }

    #[test]
    fn exactly_the_granted_values_are_released(fields in any_fields(), record in any_record()) {
        let out = Plan::compile(&fields, None).project(&record);
        let of = |value: &Value| -> Vec<_> {
            let mut all = all_places(value);
            all.retain(|(path, _)| granted(&fields, path));
            all
        };
        prop_assert_eq!(of(&out), of(&record));
    }

    #[test]
    fn projecting_twice_changes_nothing(fields in any_fields(), record in any_record()) {
        let plan = Plan::compile(&fields, None);
        let once = plan.project(&record);
        prop_assert_eq!(plan.project(&once), once);
    }

    #[test]
    fn a_passing_key_is_the_same_before_and_after(
        fields in any_fields(), key in any_path(), record in any_record(),
    ) {
        let plan = Plan::compile(&fields, None);
        if plan.passes(std::slice::from_ref(&key)) {
            let at_key = |value: &Value| -> Vec<_> {
                let single = BTreeSet::from([FieldGrant { path: key.clone() }]);
                let mut all = all_places(value);
                all.retain(|(path, _)| granted(&single, path));
                all
            };
            prop_assert_eq!(at_key(&plan.project(&record)), at_key(&record));
        }
    }
}
