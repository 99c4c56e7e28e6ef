//! The words of both sides.

/// The prefix of custom properties that hold keywords of JSON Schema; annotations keep their own names.
pub(super) const PREFIX: &str = "jsonSchema.";

/// The custom property of a schema that is `true` or `false`.
pub(super) const WHOLE: &str = "jsonSchema";

/// The tag of personal data.
pub(super) const PERSONAL: &str = "personal-data";

/// Formats of texts that are logical types of their own.
pub(super) const TIMES: [(&str, &str); 3] =
    [("date", "date"), ("date-time", "timestamp"), ("time", "time")];

/// Returns the keywords that a logical type has options for, under the same name.
pub(super) fn options(logical_type: &str) -> &'static [&'static str] {
    match logical_type {
        "string" => &["minLength", "maxLength", "pattern", "format"],
        "integer" | "number" => {
            &["multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]
        }
        "object" => &["minProperties", "maxProperties"],
        "array" => &["minItems", "maxItems", "uniqueItems"],
        _ => &[],
    }
}

/// Returns the name of the custom property that keeps a keyword.
pub(super) fn custom(keyword: &str) -> String {
    if keyword.starts_with("x-") { keyword.to_owned() } else { format!("{PREFIX}{keyword}") }
}

/// Returns the keyword that a custom property keeps, if it is one of ours.
pub(super) fn kept(property: &str) -> Option<&str> {
    property.strip_prefix(PREFIX).or_else(|| property.starts_with("x-").then_some(property))
}
