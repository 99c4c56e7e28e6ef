use super::*;
use crate::{Effort, Label, Mode, Policy, Profile, compare};

/// An address that people have twice, behind a definition of a definition.
const BASE: &str = r##"{"x-ndxp-classification":"internal","type":"object","properties":{
    "id":{"type":"string"},
    "home":{"$ref":"#/$defs/place"},
    "work":{"type":"object","properties":{"desk":{"type":"string"}}},
    "children":{"type":"array","items":{"$ref":"#/$defs/child"}}},
    "$defs":{
    "place":{"type":"object","properties":{"street":{"$ref":"#/$defs/text"},"floor":{"type":"integer"}}},
    "text":{"type":"string","maxLength":80},
    "child":{"type":"object","properties":{"name":{"$ref":"#/$defs/text"},"born":{"type":"string"}}}}}"##;

const FIELDS: [&str; 9] = [
    "/id",
    "/home",
    "/home/street",
    "/home/floor",
    "/work",
    "/work/desk",
    "/children",
    "/children/*/name",
    "/children/*/born",
];

fn parse(value: &Value) -> Schema {
    Schema::parse(value.to_string().as_bytes(), &Profile::default()).unwrap()
}

/// The base, with a value put at a place.
fn edited(place: &str, value: &str) -> Schema {
    let mut document: Value = serde_json::from_str(BASE).unwrap();
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        "" => drop(parent.remove(name)),
        value => drop(parent.insert(name.to_owned(), serde_json::from_str(value).unwrap())),
    }
    parse(&document)
}

fn first(old: &Schema, new: &Schema, field: &str) -> Option<String> {
    moved(old, new, field).into_iter().next().map(|one| one.place)
}

/// Which of the fields a change at that place touches.
fn check(place: &str, value: &str, expected: &[&str]) {
    let (old, new) = (parse(&serde_json::from_str(BASE).unwrap()), edited(place, value));
    let found = compare(&old, &new, Mode::Full, Policy::Role, Effort::default());
    assert!(!found.changes.is_empty(), "{place}");
    let touched = FIELDS.into_iter().filter(|field| {
        let (before, after) = (old.reach(field), new.reach(field));
        found.changes.iter().any(|change| change.touches(&before, &after))
    });
    assert_eq!(touched.collect::<Vec<_>>(), expected, "{place} {value}");
}

#[test]
fn a_change_behind_references_touches_every_field_that_leads_there() {
    let through_text = ["/home", "/home/street", "/children", "/children/*/name"];
    check("/$defs/text/maxLength", "90", &through_text);
    check("/$defs/text/x-ndxp-personal-data", r#""basic""#, &through_text);
    check("/$defs/child/properties/born/type", r#""integer""#, &["/children", "/children/*/born"]);
    check("/$defs/place/properties/floor", "", &["/home", "/home/floor"]);
    check("/$defs/place/properties/door", r#"{"type":"string"}"#, &["/home"]);
}

#[test]
fn a_change_touches_the_field_what_it_lies_in_and_no_sibling() {
    check("/properties/work/properties/desk/minLength", "1", &["/work", "/work/desk"]);
    check("/properties/work/required", r#"["desk"]"#, &["/work", "/work/desk"]);
    check("/required", r#"["id"]"#, &["/id"]);
    check("/properties/new", r#"{"type":"string"}"#, &[]);
    check("/additionalProperties", "false", &[]);
    check("/minProperties", "1", &[]);
    check("/properties/work/type", r#"["object","null"]"#, &["/work", "/work/desk"]);
    check("/then", r#"{"required":["id"]}"#, &FIELDS);
}

#[test]
fn words_for_people_touch_no_field() {
    check("/properties/id/title", r#""A title""#, &[]);
    check("/properties/id/x-ndxp-lint-ignore", r#"{"NDX021":"so be it"}"#, &[]);
}

#[test]
fn a_classification_that_moves_is_found_below_the_field() {
    let old = parse(&serde_json::from_str(BASE).unwrap());
    let (low, high) = (Label::Internal, Label::Secret);
    let new = edited("/$defs/text/x-ndxp-classification", r#""secret""#);
    let places = |field| {
        let found = moved(&old, &new, field).into_iter();
        found.map(|one| (one.place, one.was, one.is)).collect::<Vec<_>>()
    };
    assert_eq!(places("/home"), [("/home/street".to_owned(), low, high)]);
    assert_eq!(places("/children/*/name"), [("/children/*/name".to_owned(), low, high)]);
    assert_eq!(places("/work"), []);
    // One that is new counts against what held there for anything.
    let new = edited(
        "/$defs/place/properties/door",
        r#"{"type":"string","x-ndxp-classification":"secret"}"#,
    );
    assert_eq!(first(&old, &new, "/home").as_deref(), Some("/home/door"));
    assert_eq!(moved(&new, &old, "/home"), []);
}

#[test]
fn a_schema_that_leads_to_itself_is_walked_once() {
    let tree = |more: &str| {
        parse(&serde_json::from_str(&format!(
            r##"{{"x-ndxp-classification":"internal","$defs":{{"node":{{"properties":{{"next":{{"$ref":"#/$defs/node"}},
                "list":{{"items":{{"$ref":"#/$defs/node"}}}},"text":{{"type":"string"{more}}}}}}}}},
                "properties":{{"root":{{"$ref":"#/$defs/node"}},"other":{{"type":"string"}}}}}}"##
        ))
        .unwrap())
    };
    let (old, new) = (tree(""), tree(r#","minLength":1,"x-ndxp-classification":"secret""#));
    let found = compare(&old, &new, Mode::Full, Policy::Role, Effort::default());
    let touches = |field| {
        let (before, after) = (old.reach(field), new.reach(field));
        found.changes.iter().any(|change| change.touches(&before, &after))
    };
    assert!(touches("/root") && touches("/root/next/list/*/text"));
    assert!(!touches("/other"));
    assert_eq!(first(&old, &new, "/root").as_deref(), Some("/root/text"));
}
