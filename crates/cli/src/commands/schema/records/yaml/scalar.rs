//! Scalars of YAML's core schema (YAML 1.2.2, section 10.3).

use ndxp_schema::json::MAX_INTEGER;
use saphyr_parser::ScalarStyle;
use serde_json::Value;

/// Returns the value of a scalar, or why JSON has none for it.
pub(super) fn value(
    text: &str,
    style: ScalarStyle,
    tag: Option<&str>,
) -> Result<Value, &'static str> {
    if tag == Some("str") || tag.is_none() && style != ScalarStyle::Plain {
        return Ok(Value::from(text));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Ok(Value::Null),
        "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
        _ => number(text).unwrap_or_else(|| Ok(Value::from(text))),
    }
}

/// `None`: the text is no number.
fn number(text: &str) -> Option<Result<Value, &'static str>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((digits, radix)) = based(text) {
        return Some(i64::from_str_radix(digits, radix).map_err(|_| TOO_LARGE).and_then(integer));
    }
    if digits(unsigned) {
        return Some(text.parse().map_err(|_| TOO_LARGE).and_then(integer));
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err("a number that JSON does not have"));
    }
    let begins =
        unsigned.strip_prefix('.').unwrap_or(unsigned).starts_with(|c: char| c.is_ascii_digit());
    let plain = unsigned.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    if !begins || !plain {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // As the strict JSON reader: from 2^53 on a double may stand for another integer.
    let exact = number.is_finite() && number.abs() < 9_007_199_254_740_992.0;
    Some(if exact { Ok(Value::from(number)) } else { Err(TOO_LARGE) })
}

const TOO_LARGE: &str = "an integer beyond 2^53, or a number that cannot be told from one";

fn based(text: &str) -> Option<(&str, u32)> {
    let (digits, radix) = match text.split_at_checked(2)? {
        ("0x", digits) => (digits, 16),
        ("0o", digits) => (digits, 8),
        _ => return None,
    };
    (!digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))).then_some((digits, radix))
}

fn integer(number: i64) -> Result<Value, &'static str> {
    if number.unsigned_abs() > MAX_INTEGER { Err(TOO_LARGE) } else { Ok(Value::from(number)) }
}
