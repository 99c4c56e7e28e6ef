use super::*;
use crate::Profile;

pub(super) fn schema(text: &str) -> Schema {
    Schema::parse(text.as_bytes(), &Profile::default()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn compared(old: &str, new: &str, mode: Mode, policy: Policy) -> Comparison {
    compare(&schema(old), &schema(new), mode, policy, Effort::default())
}

#[test]
fn equal_schemas_are_compatible_and_nothing_changed() {
    let comparison =
        compared(r#"{"type":"object"}"#, r#"{ "type": "object" }"#, Mode::Full, Policy::Role);
    assert_eq!(comparison.verdict, Verdict::Compatible);
    assert!(comparison.changes.is_empty() && comparison.witness.is_none());
    assert_eq!(comparison.bump, Bump::Patch);
}

#[test]
fn changes_are_named_with_their_lines() {
    let old = "{\"properties\":{\n\"a\":{\"type\":\"string\"},\n\"b\":{\"maximum\":5}}}";
    let new = "{\"properties\":{\n\"b\":{\"maximum\":9},\n\"c\":{}},\n\"required\":[\"b\"]}";
    let mut comparison = compared(old, new, Mode::Full, Policy::Strict);
    comparison.place(old.as_bytes(), new.as_bytes());
    let found: Vec<_> = comparison
        .changes
        .iter()
        .map(|c| (c.kind, c.pointer.as_str(), c.old_line, c.new_line))
        .collect();
    assert_eq!(
        found,
        [
            ("property-removed", "/properties/a", Some(2), None),
            ("bound-widened", "/properties/b/maximum", Some(3), Some(2)),
            ("property-added", "/properties/c", None, Some(3)),
            ("required-added", "/required", None, Some(4)),
        ]
    );
}

mod exact;
mod hostile;
mod random;
mod table;
mod unusual;
