//! Whether a case holds, and if not, what happened instead.

use ndxp_schema::{Budget, Profile, json};

use super::{
    super::report::Finding,
    cases::{Case, Record, Suite},
};

/// Findings of a record that are compared with the expected one.
const MAX_FINDINGS: usize = 100;

/// One rule that the record breaks.
struct Broken {
    keyword: String,
    instance_path: String,
    message: String,
}

/// Runs a case; `None` if it holds.
pub(super) fn judge(case: &Case, suite: &Suite, profile: &Profile) -> Option<Finding> {
    let broken = broken(case, suite, profile);
    let message = match (case.valid, broken.is_empty()) {
        (true, true) => return None,
        (true, false) => format!("expected valid, but {}", listed(&broken)),
        (false, true) => format!("expected {}, but the record is valid", expected(case)),
        (false, false) if broken.iter().any(|broken| fits(case, broken)) => return None,
        (false, false) => format!("expected {}, but {}", expected(case), listed(&broken)),
    };
    Some(Finding {
        file: suite.file.clone(),
        line: case.at.line,
        column: case.at.column,
        pointer: Some(case.pointer.clone()),
        keyword: case.keyword.clone().unwrap_or_else(|| "valid".to_owned()),
        message: format!("{}: {message}", case.name),
        ..Finding::default()
    })
}

fn broken(case: &Case, suite: &Suite, profile: &Profile) -> Vec<Broken> {
    let read = match &case.record {
        Record::Value(value) => Ok(value.clone()),
        Record::Raw(text) => json::read(text.as_bytes(), &profile.record),
    };
    let value = match read {
        Ok(value) => value,
        Err(refusal) => {
            return vec![Broken {
                keyword: refusal.keyword.as_str().to_owned(),
                instance_path: refusal.pointer.unwrap_or_default(),
                message: refusal.message,
            }];
        }
    };
    let budget = Budget { errors: MAX_FINDINGS, ..Budget::default() };
    let found = suite.validator.explain(&value, budget).violations.into_iter();
    found
        .map(|violation| Broken {
            keyword: violation.keyword,
            instance_path: violation.instance_path,
            message: violation.message,
        })
        .collect()
}

fn fits(case: &Case, broken: &Broken) -> bool {
    case.keyword.as_ref().is_none_or(|keyword| *keyword == broken.keyword)
        && case.instance_path.as_ref().is_none_or(|path| *path == broken.instance_path)
}

fn expected(case: &Case) -> String {
    let at = case.instance_path.as_deref().map(|path| format!(" at {}", place(path)));
    match &case.keyword {
        Some(keyword) => format!("{keyword} to fail{}", at.unwrap_or_default()),
        None => format!("a refusal{}", at.unwrap_or_default()),
    }
}

fn listed(broken: &[Broken]) -> String {
    let one =
        |b: &Broken| format!("{} fails at {}: {}", b.keyword, place(&b.instance_path), b.message);
    let mut text: Vec<String> = broken.iter().take(3).map(one).collect();
    if let Some(more) = broken.len().checked_sub(4) {
        text.push(format!("{} more", more + 1));
    }
    text.join("; ")
}

fn place(path: &str) -> &str {
    if path.is_empty() { "the root" } else { path }
}
