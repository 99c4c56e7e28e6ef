//! `--explain`: the pages of `docs/lint`, in the binary.

use anyhow::{Result, bail};
use ndxp_schema::lint::{RULES, Severity};

const OWN_RULES: &str = include_str!("../../../../../../docs/lint/rules.md");

/// Returns the page of a rule, the list of all, or how to write one.
pub(super) fn page(id: &str) -> Result<String> {
    match id.to_uppercase().as_str() {
        "ALL" => Ok(list()),
        "RULES" => Ok(OWN_RULES.to_owned()),
        id => match RULES.iter().find(|rule| rule.id == id) {
            Some(rule) => Ok(rule.page.to_owned()),
            None => bail!("there is no rule {id}; `--explain all` lists them"),
        },
    }
}

fn list() -> String {
    let line = |rule: &ndxp_schema::lint::Rule| {
        let level = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{}  {level:7}  {:22}  {}\n", rule.id, rule.name, rule.summary)
    };
    RULES.iter().map(line).collect()
}
