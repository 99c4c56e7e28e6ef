//! JSON Schemas (2020-12) of datasets, members in the order in which `ndxp schema fmt` puts them.

use ndxp_model::{AgencyId, Classification};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    description::{DatasetEntry, FieldEntry, Personal, Presence, Shape},
    ordered::Ordered,
};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const UNITS: &str = "home-affairs/administrative-units";
const MOST_ITEMS: u32 = 100;

/// A schema or a subschema.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    dialect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type")]
    types: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_items: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Ordered<Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Node>>,
    #[serde(flatten)]
    annotations: Annotations,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Annotations {
    #[serde(rename = "x-ndxp-classification", skip_serializing_if = "Option::is_none")]
    classification: Option<Classification>,
    #[serde(rename = "x-ndxp-personal-data", skip_serializing_if = "Option::is_none")]
    personal: Option<Personal>,
    #[serde(rename = "x-ndxp-codelist", skip_serializing_if = "Option::is_none")]
    codelist: Option<&'static str>,
    #[serde(rename = "x-ndxp-owner", skip_serializing_if = "Option::is_none")]
    owner: Option<AgencyId>,
    #[serde(rename = "x-ndxp-legal-basis", skip_serializing_if = "Option::is_none")]
    legal_basis: Option<String>,
    #[serde(rename = "x-ndxp-retention", skip_serializing_if = "Option::is_none")]
    retention: Option<String>,
}

/// Returns the schema of a dataset's records.
pub(crate) fn generate(dataset: &DatasetEntry) -> Node {
    Node {
        dialect: Some(DIALECT),
        title: Some(dataset.title.vi.clone()),
        description: Some(dataset.about.clone()),
        annotations: Annotations {
            owner: Some(dataset.name.agency.clone()),
            legal_basis: Some(dataset.legal_basis.clone()),
            retention: Some(dataset.retention.clone()),
            ..Annotations::default()
        },
        ..object(&dataset.fields, dataset.classification)
    }
}

/// Returns a closed object: a field that is not described is a mistake of the publisher.
fn object(fields: &[FieldEntry], class: Classification) -> Node {
    let named = |entry: &FieldEntry| (entry.name.clone(), field(entry, class));
    let required = fields.iter().filter(|entry| entry.presence != Presence::Optional);
    Node {
        types: json!("object"),
        properties: Some(Ordered(fields.iter().map(named).collect())),
        required: Some(required.map(|entry| entry.name.clone()).collect()),
        additional_properties: Some(false),
        ..Node::default()
    }
}

fn field(entry: &FieldEntry, class: Classification) -> Node {
    let class = entry.class.unwrap_or(class);
    let mut node = shape(&entry.is, class);
    node.title = Some(entry.vi.clone());
    node.description = Some(entry.en.clone());
    node.annotations.personal = entry.personal;
    if entry.presence == Presence::Nullable {
        node.types = json!([node.types, "null"]);
        if let Some(values) = &mut node.values {
            values.push(Value::Null);
        }
    }
    node
}

fn shape(shape: &Shape, class: Classification) -> Node {
    let leaf = |types: &str| Node {
        types: json!(types),
        annotations: Annotations { classification: Some(class), ..Annotations::default() },
        ..Node::default()
    };
    let formatted = |format| Node { format: Some(format), ..leaf("string") };
    match shape {
        Shape::Text(longest) => {
            Node { min_length: Some(1), max_length: Some(*longest), ..leaf("string") }
        }
        Shape::Code(pattern) => Node { pattern: Some(pattern.clone()), ..leaf("string") },
        Shape::OneOf(values) => {
            Node { values: Some(values.iter().map(|text| json!(text)).collect()), ..leaf("string") }
        }
        Shape::Integer([low, high]) => {
            Node { minimum: Some(*low), maximum: Some(*high), ..leaf("integer") }
        }
        Shape::Number([low, high]) => {
            Node { minimum: Some(*low), maximum: Some(*high), ..leaf("number") }
        }
        Shape::Flag => leaf("boolean"),
        Shape::Date => formatted("date"),
        Shape::DateTime => formatted("date-time"),
        Shape::CitizenId => formatted("vn-cccd"),
        Shape::TaxCode => formatted("vn-tax-code"),
        Shape::Province => listed(formatted("vn-province")),
        Shape::Commune => listed(formatted("vn-commune")),
        Shape::Object(fields) => object(fields, class),
        Shape::List(fields) => Node {
            types: json!("array"),
            max_items: Some(MOST_ITEMS),
            items: Some(Box::new(object(fields, class))),
            ..Node::default()
        },
    }
}

fn listed(mut node: Node) -> Node {
    node.annotations.codelist = Some(UNITS);
    node
}
