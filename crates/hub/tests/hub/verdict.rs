//! Invariant 8: the hub's verdict on a record is the schema crate's, with the same paths.

use ndxp_schema::{Budget, Profile, Schema, json};
use ndxp_testkit::{citizens, upsert};

use crate::{
    contract::paths,
    setup::{citizen, pair},
};

/// What the schema crate says alone: the paths of what is wrong.
fn alone(schema: &Schema, payload: &[u8]) -> Vec<String> {
    let value = match json::read(payload, &json::Limits::default()) {
        Ok(value) => value,
        Err(refusal) => return vec![format!("records[0]{}", refusal.pointer.unwrap_or_default())],
    };
    let validator = schema.compile().unwrap();
    if validator.decide(&value) {
        return Vec::new();
    }
    let found = validator.explain(&value, Budget::default()).violations.into_iter();
    found.map(|violation| format!("records[0]{}", violation.instance_path)).collect()
}

#[tokio::test]
async fn invariant_8_hub_and_schema_crate_give_the_same_verdict_and_paths() {
    let hub = pair().await;
    let spec = citizens("tax/citizens");
    let schema = Schema::parse(spec.schema.as_bytes(), &Profile::default()).unwrap();
    let payloads: Vec<Vec<u8>> = [
        citizen(1).as_str(),
        r#"{"id":"2","province":"01","income":0}"#,
        r#"{"id":"2","province":"01","income":-1}"#,
        r#"{"id":"2","province":"01","income":1.0}"#,
        r#"{"id":"2","province":"01","income":1e400}"#,
        r#"{"id":"2","province":"01","income":12345678901234567890123}"#,
        r#"{"id":"2","province":"01","income":1.5,"name":5}"#,
        r#"{"id":"2","province":"012345678901234567890123456789"}"#,
        r#"{"id":"2","province":"01","more":1}"#,
        r#"{"id":2}"#,
        "{}",
        "[]",
        "null",
        "\"text\"",
        r#"{"id":"2","province":"01"} "#,
        r#"{"id":"2","province":"01"}x"#,
        "\u{feff}{}",
        r#"{"id":"2","province":"\ud800"}"#,
        r#"{"id":"2","province":"01","province":"01"}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    for (n, payload) in payloads.into_iter().enumerate() {
        let expected = alone(&schema, &payload);
        let text = String::from_utf8_lossy(&payload).into_owned();
        let record = upsert(&format!("r-{n}"), payload);
        let found = match hub.publish("tax", "tax/citizens", vec![record]).await {
            Ok(_) => Vec::new(),
            Err(status) => paths(&status),
        };
        assert_eq!(found, expected, "{text}");
    }
}
