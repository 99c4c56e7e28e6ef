//! The second half of an explanation: down to the places that fail, with their paths.

use serde_json::{Map, Value};

use super::{
    Place, Violation, branch, hints, leaf,
    objects::{self, Token},
    walk::Walk,
    words,
};
use crate::{pointer, schema::hidden_by_ref};

/// What was found so far.
pub(super) struct Report {
    pub(super) violations: Vec<Violation>,
    /// The first place where the walk could not tell; it is named when nothing certain was found.
    pub(super) suspect: Option<Violation>,
    pub(super) truncated: bool,
    max: usize,
}

impl Report {
    pub(super) fn new(max: usize) -> Self {
        Self { violations: Vec::new(), suspect: None, truncated: false, max }
    }

    /// Returns an empty report of the same size, for a branch on trial.
    pub(super) fn trial(&self) -> Self {
        Self::new(self.max)
    }

    pub(super) fn push(&mut self, violation: Violation) {
        if self.violations.len() < self.max {
            self.violations.push(violation);
        } else {
            self.truncated = true;
        }
    }

    pub(super) fn absorb(&mut self, trial: Self) {
        for violation in trial.violations {
            self.push(violation);
        }
        self.suspect = self.suspect.take().or(trial.suspect);
        self.truncated |= trial.truncated;
    }
}

/// One keyword of the schema, as it applies to one value.
pub(super) struct Rule<'a> {
    pub(super) siblings: &'a Map<String, Value>,
    pub(super) keyword: &'a str,
    pub(super) rule: &'a Value,
    /// The keyword's place.
    pub(super) place: String,
    pub(super) value: &'a Value,
    pub(super) path: &'a str,
}

impl Rule<'_> {
    pub(super) fn violation(&self, message: String) -> Violation {
        Violation {
            instance_path: self.path.to_owned(),
            schema_path: self.place.clone(),
            keyword: self.keyword.to_owned(),
            message,
        }
    }
}

/// Reports all that fails below `place` for `value`.
pub(super) fn visit(
    walk: &mut Walk<'_>,
    place: &Place<'_>,
    value: &Value,
    path: &str,
    report: &mut Report,
) {
    let rules = match place.schema {
        Value::Object(rules) => rules,
        Value::Bool(false) => {
            report.push(Violation {
                instance_path: path.to_owned(),
                schema_path: place.pointer.clone(),
                keyword: "false".to_owned(),
                message: format!("nothing is allowed here, found {}", words::kind(value)),
            });
            return;
        }
        _ => return,
    };
    let only_ref = hidden_by_ref(walk.dialect(), place.schema);
    let _ = walk.deeper(|walk| {
        let before = report.violations.len();
        for (keyword, rule) in unevaluated_last(rules) {
            if report.truncated || (only_ref && keyword != "$ref") {
                continue;
            }
            // A branch that fails evaluates nothing: what it failed for is what to mend.
            if is_unevaluated(keyword) && report.violations.len() > before {
                continue;
            }
            let answer = walk.rule_holds(rules, keyword, rule, value);
            if answer == Some(true) || walk.exhausted() && answer.is_none() {
                continue;
            }
            let place = pointer::join(&place.pointer, keyword);
            let rule = Rule { siblings: rules, keyword, rule, place, value, path };
            fails(walk, &rule, answer.is_none(), report);
        }
        Some(())
    });
}

fn unevaluated_last(rules: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let (last, first): (Vec<_>, Vec<_>) = rules.iter().partition(|(name, _)| is_unevaluated(name));
    first.into_iter().chain(last)
}

fn is_unevaluated(keyword: &str) -> bool {
    matches!(keyword, "unevaluatedItems" | "unevaluatedProperties")
}

/// Reports one keyword that fails, or that the walk cannot tell.
fn fails(walk: &mut Walk<'_>, rule: &Rule<'_>, unknown: bool, report: &mut Report) {
    let before = report.violations.len();
    match (rule.keyword, rule.rule) {
        ("$ref", Value::String(target)) => {
            if let Some(place) = walk.resolve(target) {
                visit(walk, &place, rule.value, rule.path, report);
            }
        }
        ("allOf", Value::Array(all)) => {
            for (n, schema) in all.iter().enumerate() {
                let place = Place { schema, pointer: format!("{}/{n}", rule.place) };
                visit(walk, &place, rule.value, rule.path, report);
            }
        }
        ("anyOf" | "oneOf", Value::Array(branches)) => branch::report(walk, rule, branches, report),
        ("if", condition) => conditional(walk, rule, condition, report),
        ("not", _) => {
            report_if(!unknown, report, || rule.violation(words::excluded(rule.rule, rule.value)))
        }
        ("required", names) => required(rule, names, report),
        ("propertyNames", _) => names(walk, rule, report),
        ("contains", _) => report_if(!unknown, report, || contains(walk.dialect(), rule)),
        _ if objects::is_about_parts(walk.dialect(), rule.keyword) => parts(walk, rule, report),
        _ => {
            let message = words::leaf(walk, rule.keyword, rule.rule, rule.value);
            report_if(!unknown, report, || rule.violation(message));
        }
    }
    if report.violations.len() == before && !report.truncated {
        let message =
            format!("the rule {} does not hold for {}", rule.keyword, words::kind(rule.value));
        if unknown {
            report.suspect.get_or_insert_with(|| rule.violation(message));
        } else {
            report.push(rule.violation(message));
        }
    }
}

fn report_if(certain: bool, report: &mut Report, violation: impl FnOnce() -> Violation) {
    if certain {
        report.push(violation());
    }
}

fn conditional(walk: &mut Walk<'_>, rule: &Rule<'_>, condition: &Value, report: &mut Report) {
    let Some(holds) = walk.holds(condition, rule.value) else { return };
    let branch = if holds { "then" } else { "else" };
    let Some(schema) = rule.siblings.get(branch) else { return };
    let base = rule.place.strip_suffix("if").unwrap_or(&rule.place);
    visit(
        walk,
        &Place { schema, pointer: format!("{base}{branch}") },
        rule.value,
        rule.path,
        report,
    );
}

fn required(rule: &Rule<'_>, names: &Value, report: &mut Report) {
    for name in leaf::missing(names, rule.value) {
        let wanted = hints::wanted(rule.siblings, name);
        report.push(rule.violation(format!("missing property {name}{wanted}")));
    }
}

fn names(walk: &mut Walk<'_>, rule: &Rule<'_>, report: &mut Report) {
    for name in rule.value.as_object().into_iter().flat_map(Map::keys) {
        if walk.holds_for_name(rule.rule, name) == Some(false) {
            let path = pointer::join(rule.path, name);
            let message = "the property's name is not allowed".to_owned();
            report.push(Violation { instance_path: path, ..rule.violation(message) });
        }
    }
}

fn contains(dialect: crate::schema::Dialect, rule: &Rule<'_>) -> Violation {
    let (least, most) = objects::contains_bounds(dialect, rule.siblings);
    let wanted = match most {
        usize::MAX => format!("at least {}", words::count(least, "matching item")),
        most => format!("{least} to {}", words::count(most, "matching item")),
    };
    rule.violation(format!("expected {wanted} in {}", words::kind(rule.value)))
}

fn parts(walk: &mut Walk<'_>, rule: &Rule<'_>, report: &mut Report) {
    if matches!(rule.keyword, "dependentRequired" | "dependencies") {
        for (name, wanted) in objects::missing_dependents(rule.rule, rule.value) {
            report.push(rule.violation(format!("missing property {wanted}, which {name} demands")));
        }
    }
    let parts = objects::parts(walk, rule.siblings, rule.keyword, rule.rule, rule.value);
    for part in parts.unwrap_or_default() {
        if report.truncated {
            return;
        }
        let answer = walk.holds(part.schema, part.value);
        if answer == Some(true) || walk.exhausted() && answer.is_none() {
            continue;
        }
        let path = part.value_token.below(rule.path);
        if part.schema == &Value::Bool(false) && matches!(part.schema_token, Token::Here) {
            let message = unwanted(rule, part.value_token.name().unwrap_or_default());
            report.push(Violation { instance_path: path, ..rule.violation(message) });
            continue;
        }
        let place = Place { schema: part.schema, pointer: part.schema_token.below(&rule.place) };
        visit(walk, &place, part.value, &path, report);
    }
}

fn unwanted(rule: &Rule<'_>, token: &str) -> String {
    if rule.value.is_array() {
        return format!("one item too many in {}", words::kind(rule.value));
    }
    words::unexpected(rule.siblings, rule.value, token)
}
