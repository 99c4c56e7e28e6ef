use super::*;
use crate::Profile;

const SCHEMA: &str = r#"{"type":"object","required":["id","tags"],"additionalProperties":false,"properties":{
    "id":{"type":"string","format":"vn-cccd"},"born":{"format":"date","type":"string"},
    "code":{"type":"string","pattern":"^[A-Z]{2}[0-9]{3}$"},"n":{"type":"integer","minimum":3,"maximum":9,"multipleOf":3},
    "tags":{"type":"array","minItems":1,"uniqueItems":true,"items":{"enum":["a","b","c"]}}}}"#;

fn schema() -> Schema {
    Schema::parse(SCHEMA.as_bytes(), &Profile::default()).unwrap()
}

#[test]
fn records_are_valid_different_and_the_same_for_the_same_seed() {
    let schema = schema();
    let validator = schema.compile().unwrap();
    let records = |seed| {
        let mut records = Generator::new(&schema, seed).unwrap();
        (0..200).map(|_| records.valid().unwrap()).collect::<Vec<_>>()
    };
    let first = records(1);
    assert!(first.iter().all(|record| validator.decide(record)));
    let different: std::collections::HashSet<String> =
        first.iter().map(ToString::to_string).collect();
    assert!(different.len() > 20, "{}", different.len());
    assert_eq!(first, records(1));
    assert_ne!(first, records(2));
}

#[test]
fn broken_records_name_the_keyword_that_they_break() {
    let schema = schema();
    let validator = schema.compile().unwrap();
    let mut records = Generator::new(&schema, 5).unwrap();
    let broken: Vec<Invalid> = (0..200).map(|_| records.invalid().unwrap()).collect();
    assert!(broken.iter().all(|broken| !validator.decide(&broken.record)));
    let keywords: std::collections::HashSet<&str> =
        broken.iter().map(|b| b.keyword.as_str()).collect();
    for keyword in ["type", "required", "additionalProperties", "enum", "format"] {
        assert!(keywords.contains(keyword), "{keyword} in {keywords:?}");
    }
}

#[test]
fn a_schema_that_accepts_nothing_gives_no_record() {
    let nothing = Schema::parse(b"false", &Profile::default()).unwrap();
    assert_eq!(Generator::new(&nothing, 1).unwrap().valid(), None);
    let everything = Schema::parse(b"true", &Profile::default()).unwrap();
    assert_eq!(Generator::new(&everything, 1).unwrap().invalid(), None);
}
