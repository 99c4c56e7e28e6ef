use super::*;
use crate::{Profile, Schema};

mod hostile;
mod random;
mod suite;

fn explained(schema: &str, record: &str) -> Explanation {
    let profile = Profile::default();
    let schema = Schema::parse(schema.as_bytes(), &profile).unwrap();
    let record = crate::json::read(record.as_bytes(), &profile.record).unwrap();
    schema.compile().unwrap().explain(&record, Budget::default())
}

/// Each violation as `instance_path | schema_path | keyword`.
fn check(schema: &str, record: &str, expected: &[&str]) {
    let found = explained(schema, record);
    let found: Vec<String> = found
        .violations
        .iter()
        .map(|v| format!("{} | {} | {}", v.instance_path, v.schema_path, v.keyword))
        .collect();
    assert_eq!(found, expected, "{schema} {record}");
}

fn check_words(schema: &str, record: &str, expected: &[&str]) {
    let found: Vec<String> =
        explained(schema, record).violations.into_iter().map(|v| v.message).collect();
    assert_eq!(found, expected, "{schema} {record}");
}

const PERSON: &str = r##"{
    "type": "object",
    "required": ["id", "name"],
    "additionalProperties": false,
    "properties": {
        "id": {"format": "vn-cccd"},
        "name": {"type": "string", "minLength": 2},
        "children": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/child"}}
    },
    "$defs": {"child": {"type": "object", "properties": {"year": {"type": "integer", "minimum": 1900}}}}
}"##;

#[test]
fn a_valid_record_has_no_violation() {
    check(PERSON, r#"{"id":"001234567890","name":"ab","children":[{"year":1900.0}]}"#, &[]);
}

#[test]
fn all_violations_are_listed_with_both_places() {
    check(
        PERSON,
        r#"{"id":"1","nme":"x","children":[{},{"year":1.5},{"year":1}]}"#,
        &[
            "/nme | /additionalProperties | additionalProperties",
            "/children/1/year | /$defs/child/properties/year/minimum | minimum",
            "/children/1/year | /$defs/child/properties/year/type | type",
            "/children/2/year | /$defs/child/properties/year/minimum | minimum",
            "/children | /properties/children/maxItems | maxItems",
            "/id | /properties/id/format | format",
            " | /required | required",
        ],
    );
}

#[test]
fn words_say_what_was_expected_and_what_kind_was_found() {
    check_words(
        PERSON,
        r#"{"id":"123456789","nme":1}"#,
        &[
            "unexpected property; did you mean name?",
            "expected 12 digits (vn-cccd), found 9 digits; vn-cmnd is the 9-digit form",
            "missing property name, string",
        ],
    );
    check_words(
        r#"{"properties":{"n":{"type":"integer"},"t":{"type":"string"},"e":{"const":"ward"},"d":{"format":"date"}}}"#,
        r#"{"n":"7","t":7,"e":"Ward ","d":"1/7/2025"}"#,
        &[
            "expected a text of format date, found a string of 8 characters; as 2025-07-01",
            "expected \"ward\", found a string of 5 characters; upper and lower case and spaces count",
            "expected integer, found a string of 1 character; numbers stand without quotes",
            "expected string, found an integer; texts stand in quotes, also those of digits",
        ],
    );
    check_words(r#"{"enum":["a","b"]}"#, "null", &["expected one of \"a\", \"b\", found null"]);
    check_words(
        r#"{"type":["string","null"]}"#,
        "{}",
        &["expected string or null, found an object of 0 members"],
    );
    check_words(
        r#"{"pattern":"^a$"}"#,
        "\"b\"",
        &["expected a text that matches \"^a$\", found a string of 1 character"],
    );
    check_words(
        r#"{"oneOf":[{"minimum":1},{"maximum":5}]}"#,
        "3",
        &["exactly one alternative must hold, 1 and 2 do"],
    );
}

#[test]
fn places_of_every_keyword() {
    for (schema, record, expected) in [
        ("false", "1", " |  | false"),
        (r#"{"const":1}"#, "2", " | /const | const"),
        (r#"{"not":{"type":"null"}}"#, "null", " | /not | not"),
        (r#"{"multipleOf":0.01}"#, "0.015", " | /multipleOf | multipleOf"),
        (r#"{"exclusiveMinimum":1}"#, "1", " | /exclusiveMinimum | exclusiveMinimum"),
        (r#"{"uniqueItems":true}"#, "[1,1.0]", " | /uniqueItems | uniqueItems"),
        (r#"{"contains":{"type":"null"}}"#, "[1]", " | /contains | contains"),
        (r#"{"contains":{},"maxContains":1}"#, "[1,2]", " | /contains | contains"),
        (r#"{"prefixItems":[{"type":"null"}]}"#, "[1]", "/0 | /prefixItems/0/type | type"),
        (r#"{"prefixItems":[{}],"items":false}"#, "[1,2]", "/1 | /items | items"),
        (r#"{"properties":{"a/b":false}}"#, r#"{"a/b":1}"#, "/a~1b | /properties/a~1b | false"),
        (
            r#"{"patternProperties":{"^a":{"type":"null"}}}"#,
            r#"{"ab":1}"#,
            "/ab | /patternProperties/^a/type | type",
        ),
        (
            r#"{"additionalProperties":{"type":"null"}}"#,
            r#"{"ab":1}"#,
            "/ab | /additionalProperties/type | type",
        ),
        (
            r#"{"propertyNames":{"maxLength":1}}"#,
            r#"{"ab":1}"#,
            "/ab | /propertyNames | propertyNames",
        ),
        (
            r#"{"dependentRequired":{"a":["b"]}}"#,
            r#"{"a":1}"#,
            " | /dependentRequired | dependentRequired",
        ),
        (
            r#"{"dependentSchemas":{"a":{"required":["b"]}}}"#,
            r#"{"a":1}"#,
            " | /dependentSchemas/a/required | required",
        ),
        (r#"{"if":{"minimum":5},"then":{"maximum":9}}"#, "10", " | /then/maximum | maximum"),
        (r#"{"if":{"minimum":5},"else":{"const":1}}"#, "2", " | /else/const | const"),
        (r#"{"allOf":[{},{"type":"null"}]}"#, "2", " | /allOf/1/type | type"),
        (
            r#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#,
            r#"{"a":1,"b":1}"#,
            "/b | /unevaluatedProperties | unevaluatedProperties",
        ),
        (r#"{"unevaluatedItems":false}"#, "[1]", " | /unevaluatedItems | unevaluatedItems"),
        (r#"{"format":"date"}"#, "\"2025-02-30\"", " | /format | format"),
        (
            r#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#,
            r#"{"type":1}"#,
            " | /$ref | $ref",
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"]}}"#,
            r#"{"a":1}"#,
            " | /dependencies | dependencies",
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{}],"additionalItems":false}"#,
            "[1,2]",
            "/1 | /additionalItems | additionalItems",
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","contentMediaType":"application/json"}"#,
            "\"{\"",
            " | /contentMediaType | contentMediaType",
        ),
    ] {
        check(schema, record, &[expected]);
    }
}

#[test]
fn the_branch_that_was_meant_is_explained() {
    let shapes = r##"{"oneOf":[
        {"properties":{"kind":{"const":"a"},"n":{"type":"string"}}},
        {"properties":{"kind":{"const":"b"},"n":{"type":"null"}, "m": {"type":"null"}}}]}"##;
    check(
        shapes,
        r#"{"kind":"b","n":1,"m":1}"#,
        &["/m | /oneOf/1/properties/m/type | type", "/n | /oneOf/1/properties/n/type | type"],
    );
    // Without a discriminator the branch that fails deepest.
    check(
        r#"{"anyOf":[{"required":["z"]},{"properties":{"a":{"items":{"type":"null"}}}}]}"#,
        r#"{"a":[1]}"#,
        &["/a/0 | /anyOf/1/properties/a/items/type | type"],
    );
    check_words(
        r#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#,
        "1",
        &["none of 2 alternatives allows an integer"],
    );
}

#[test]
fn the_list_is_cut_at_ten_and_says_so() {
    let found = explained(r#"{"items":{"type":"null"}}"#, "[1,1,1,1,1,1,1,1,1,1,1]");
    assert_eq!((found.violations.len(), found.truncated), (10, true));
    let found = explained(r#"{"items":{"type":"null"}}"#, "[1,1,1,1,1,1,1,1,1,1]");
    assert_eq!((found.violations.len(), found.truncated), (10, false));
}

#[test]
fn a_spent_budget_still_gives_a_violation() {
    let profile = Profile::default();
    let schema = Schema::parse(br#"{"items":{"type":"integer"}}"#, &profile).unwrap();
    let mut items = vec![Value::from(1); 50_000];
    items.push(Value::Null);
    let validator = schema.compile().unwrap();
    for steps in [0, 1, 2, 3, 100, 10_000, 60_000] {
        let found = validator.explain(&Value::Array(items.clone()), Budget { steps, errors: 10 });
        assert_eq!(found.violations.len(), 1, "{steps}");
        assert_eq!(found.truncated, steps < 60_000, "{steps}");
    }
}

#[test]
fn no_message_holds_a_value_of_the_record() {
    let record = r#"{"id":"secret-1","name":7654321,"children":["secret-2",{"year":7654321.5}],"more":"secret-3"}"#;
    for violation in explained(PERSON, record).violations {
        assert!(
            !violation.message.contains("secret") && !violation.message.contains("76543"),
            "{violation:?}"
        );
    }
}
