//! The table of changes, in both policies and directions.

use super::*;

/// Compares in both directions; `yes` means compatible.
fn check(change: &str, old: &str, new: &str, strict: [bool; 2], role: [bool; 2]) {
    let found =
        |policy| [Mode::Backward, Mode::Forward].map(|mode| compared(old, new, mode, policy));
    for (policy, expected) in [(Policy::Strict, strict), (Policy::Role, role)] {
        for (comparison, yes) in found(policy).iter().zip(expected) {
            let verdict = if yes { Verdict::Compatible } else { Verdict::Breaking };
            assert_eq!(comparison.verdict, verdict, "{change}, {policy:?}: {comparison:?}");
            assert_eq!(comparison.witness.is_some(), !yes, "{change}, {policy:?}: {comparison:?}");
        }
    }
}

const YES_NO: [bool; 2] = [true, false];
const NO_YES: [bool; 2] = [false, true];
const YES: [bool; 2] = [true, true];
const NO: [bool; 2] = [false, false];

fn open(properties: &str, required: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]}}"#)
}

fn closed(properties: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{properties}}},"additionalProperties":false}}"#)
}

const A: &str = r#""a":{"type":"string"}"#;
const AB: &str = r#""a":{"type":"string"},"b":{"type":"integer"}"#;

#[test]
fn optional_properties_come_and_go() {
    check("add, open", &open(A, ""), &open(AB, ""), NO_YES, YES);
    check("add, closed", &closed(A), &closed(AB), YES_NO, YES);
    check("remove, open", &open(AB, ""), &open(A, ""), YES_NO, YES);
    check("remove, closed", &closed(AB), &closed(A), NO_YES, YES);
}

#[test]
fn required_properties_break_readers_of_old_records() {
    let optional = &open(AB, "");
    let required = &open(AB, r#""b""#);
    check("optional to required", optional, required, NO_YES, NO_YES);
    check("required to optional", required, optional, YES_NO, YES_NO);
    check("add required", &open(A, ""), required, NO_YES, NO_YES);
    check("remove required", required, &open(A, ""), YES_NO, YES_NO);
}

#[test]
fn a_default_does_not_help_a_required_property() {
    let with_default = r#"{"type":"object","properties":{"b":{"default":1}},"required":["b"]}"#;
    check("default", r#"{"type":"object"}"#, with_default, NO_YES, NO_YES);
}

#[test]
fn values_widen_and_change() {
    let of = |value: &str| open(&format!(r#""a":{value}"#), "");
    check("enum", &of(r#"{"enum":["x"]}"#), &of(r#"{"enum":["x","y"]}"#), YES_NO, YES_NO);
    check("bound", &of(r#"{"maximum":5}"#), &of(r#"{"maximum":9}"#), YES_NO, YES_NO);
    check("number", &of(r#"{"type":"integer"}"#), &of(r#"{"type":"number"}"#), YES_NO, YES_NO);
    check("type", &of(r#"{"type":"integer"}"#), &of(r#"{"type":"string"}"#), NO, NO);
    check(
        "format",
        &of(r#"{"type":"string","format":"date"}"#),
        &of(r#"{"type":"string"}"#),
        YES_NO,
        YES_NO,
    );
    check(
        "pattern",
        &of(r#"{"pattern":"^[a-c]+$"}"#),
        &of(r#"{"pattern":"^[a-z]+$"}"#),
        YES_NO,
        YES_NO,
    );
}

#[test]
fn annotations_change_nothing() {
    let old = r#"{"title":"a","properties":{"a":{"default":1,"x-ndxp-owner":"x"}}}"#;
    let new = r#"{"title":"b","description":"c","properties":{"a":{"examples":[2]}}}"#;
    check("annotations", old, new, YES, YES);
    let comparison = compared(old, new, Mode::Full, Policy::Role);
    assert_eq!(comparison.bump, Bump::Patch);
    assert!(
        comparison.changes.iter().all(|change| change.kind == "annotation-changed"),
        "{comparison:?}"
    );
}

#[test]
fn dialects_are_compared_as_sets() {
    let draft7 = r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}"#;
    let modern = r#"{"prefixItems":[{"type":"string"}],"items":false}"#;
    check("dialects", draft7, modern, YES, YES);
    let wider = r#"{"prefixItems":[{"type":"string"}]}"#;
    check("dialects", draft7, wider, YES_NO, YES_NO);
}

#[test]
fn maps_hide_nothing_from_readers() {
    let map = |value: &str| format!(r#"{{"type":"object","additionalProperties":{value}}}"#);
    check("map", &map(r#"{"type":"integer"}"#), &map(r#"{"type":"number"}"#), YES_NO, YES_NO);
    let reader = r#"{"type":"object","properties":{"a":{}},"maxProperties":1}"#;
    let writer = r#"{"type":"object","properties":{"a":{},"b":{}}}"#;
    // The reader sees only `a` of what the writer sends, and the writer's own schema counts both.
    check("hidden properties are not counted", writer, reader, NO_YES, YES);
    let needs_hidden = r#"{"type":"object","properties":{"a":{}},"required":["b"]}"#;
    check("a property that is hidden cannot be required", writer, needs_hidden, NO_YES, NO_YES);
}

#[test]
fn recursive_schemas_are_proved() {
    let tree = |leaf: &str| {
        format!(
            r##"{{"$ref":"#/$defs/n","$defs":{{"n":{{"type":"object","properties":{{"v":{leaf},"kids":{{"type":"array","items":{{"$ref":"#/$defs/n"}}}}}}}}}}}}"##
        )
    };
    check("tree", &tree(r#"{"type":"integer"}"#), &tree(r#"{"type":"number"}"#), YES_NO, YES_NO);
}
