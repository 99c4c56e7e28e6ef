//! A file of cases: read strictly, its schema compiled, every case with its place.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use ndxp_schema::{
    Context as Rules, Profile, SchemaLimits, Validator, json,
    position::{self, Position},
};
use serde_json::{Map, Value};

use super::super::rules;
use crate::input;

/// A file of cases, ready to run.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) file: String,
    pub(super) validator: Validator,
    pub(super) cases: Vec<Case>,
}

/// One record, and what the schema has to say of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Its place in the file.
    pub(super) pointer: String,
    pub(super) at: Position,
    pub(super) record: Record,
    pub(super) valid: bool,
    /// The keyword that has to fail.
    pub(super) keyword: Option<String>,
    /// The place in the record where something has to fail.
    pub(super) instance_path: Option<String>,
}

#[derive(Debug)]
pub(super) enum Record {
    Value(Value),
    /// Text that the record's reader sees first.
    Raw(String),
}

const MEMBERS: [&str; 6] = ["name", "valid", "data", "raw", "keyword", "instance_path"];

/// Reads a file of cases and the schema that it names.
pub(super) fn load(path: &Path, profile: &Profile, context: &Rules) -> Result<Suite> {
    let file = path.display().to_string();
    let bytes = input::read(path)?;
    // The members of a case stand three levels below the file.
    let limits = json::Limits { max_depth: 126, ..SchemaLimits::none().json };
    let document = json::read(&bytes, &limits).map_err(|refusal| anyhow!("{file}:{refusal}"))?;
    let validator = compile(&document, path, &file, profile, context)?;
    let Some(tests) = document.get("tests").and_then(Value::as_array) else {
        bail!("{file}: `tests` is missing: an array of cases");
    };
    let cases = tests.iter().enumerate().map(|(n, test)| {
        let pointer = format!("/tests/{n}");
        let at = position::value(&bytes, &pointer)
            .map_or_else(|| position::at(&bytes, 0), |span| span.start);
        case(test, pointer, at).with_context(|| format!("{file}:{}:{}", at.line, at.column))
    });
    let cases = cases.collect::<Result<_>>()?;
    Ok(Suite { file, validator, cases })
}

fn compile(
    document: &Value,
    path: &Path,
    file: &str,
    profile: &Profile,
    context: &Rules,
) -> Result<Validator> {
    let (bytes, name) = match document.get("schema") {
        Some(Value::String(reference)) => {
            let beside = path.parent().unwrap_or_else(|| Path::new("")).join(reference);
            (input::read(&beside).with_context(|| file.to_owned())?, beside.display().to_string())
        }
        Some(inline @ (Value::Object(_) | Value::Bool(_))) => {
            (inline.to_string().into_bytes(), format!("{file}#/schema"))
        }
        _ => bail!("{file}: `schema` is missing: the path of a schema, or a schema"),
    };
    let schema = rules::parse(&name, &bytes, profile, context)?;
    schema.compile().context(name)
}

fn case(test: &Value, pointer: String, at: Position) -> Result<Case> {
    let Value::Object(members) = test else { bail!("a case is an object") };
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        bail!("unknown member `{unknown}`; a case has {}", MEMBERS.join(", "));
    }
    let Some(valid) = members.get("valid").and_then(Value::as_bool) else {
        bail!("`valid` is missing: true or false");
    };
    let record = match (members.get("data"), text(members, "raw")?) {
        (Some(data), None) => Record::Value(data.clone()),
        (None, Some(raw)) => Record::Raw(raw),
        _ => bail!("a case has either `data` or `raw`"),
    };
    let (keyword, instance_path) = (text(members, "keyword")?, text(members, "instance_path")?);
    if valid && (keyword.is_some() || instance_path.is_some()) {
        bail!("a valid record breaks nothing: leave out `keyword` and `instance_path`");
    }
    let Some(name) = text(members, "name")? else { bail!("`name` is missing") };
    Ok(Case { name, pointer, at, record, valid, keyword, instance_path })
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => bail!("`{name}` is a text"),
    }
}
