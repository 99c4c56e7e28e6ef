//! The rules by id. An id is given once and never reused; each has its page in `docs/lint`.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The schema is wrong, or the hub refuses it.
    Error,
    /// The schema says something its author hardly meant.
    Warning,
}

/// A rule of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable id, `NDX` and three digits.
    pub id: &'static str,
    /// A short name.
    pub name: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// What the rule wants, in one sentence.
    pub summary: &'static str,
    /// The page of `docs/lint`, in Markdown.
    pub page: &'static str,
}

macro_rules! rules {
    ($($id:literal $severity:ident $name:literal: $summary:literal;)*) => {
        &[$(Rule {
            id: $id,
            name: $name,
            severity: Severity::$severity,
            summary: $summary,
            page: include_str!(concat!("../../../../docs/lint/", $id, ".md")),
        }),*]
    };
}

/// All rules, in the order of their ids.
pub const RULES: &[Rule] = rules! {
    "NDX000" Error "refused": "the hub accepts the schema";
    "NDX001" Error "misspelt-annotation": "an x-ndxp- keyword is spelt as one of those that exist";
    "NDX002" Error "annotation-value": "an annotation has one of its values";
    "NDX003" Warning "personal-name": "what is named like personal data says whether it is";
    "NDX004" Error "unclassified": "every value of a published dataset has a classification";
    "NDX005" Error "sensitive-example": "no default or example holds personal data";
    "NDX006" Warning "raw-pattern": "a national format is named, not spelt out as a pattern";
    "NDX007" Warning "open-object": "an object of a published dataset is closed";
    "NDX008" Error "unknown-format": "a format is known";
    "NDX009" Warning "required-undeclared": "a required name is declared as a property";
    "NDX010" Error "contradiction": "lower bounds are not above upper bounds";
    "NDX011" Warning "repeated-member": "an enum has each member once";
    "NDX012" Error "refused-example": "a default or example is valid where it stands";
    "NDX013" Warning "undocumented": "schemas and properties say what they are";
    "NDX014" Warning "sunset": "what is deprecated says until when it is there";
    "NDX015" Warning "key-and-subject": "a dataset says which fields are its key and its person, once";
    "NDX016" Warning "closed-beside-branches": "a closed object does not refuse what its branches declare";
    "NDX017" Warning "unknown-keyword": "a keyword exists in the schema's dialect";
    "NDX018" Warning "hidden-by-ref": "in draft-07 nothing but annotations stands beside a $ref";
    "NDX019" Warning "unreachable-member": "an enum's members pass the rules beside it";
    "NDX020" Warning "idle-keyword": "a keyword is about a type that the value can have";
    "NDX021" Warning "unanchored-pattern": "a pattern says where the text begins and ends";
    "NDX022" Warning "unused-definition": "a definition is referred to";
    "NDX090" Error "ignore-without-reason": "an ignored rule has its reason";
    "NDX091" Warning "ignore-of-nothing": "an ignored rule would find something";
};

/// Returns the rule of that id.
pub(super) fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
