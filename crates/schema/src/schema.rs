//! A schema: parsed once, checked against the profile's limits, identified by its hash.

mod check;
mod classes;
mod columns;
mod declares;
mod keywords;
mod leaves;
mod places;

use std::{fmt, sync::Arc};

use serde_json::Value;
use thiserror::Error;

use crate::{
    codes::{Asked, CodeListRef, CodeLists, CodesAt, Day, Span},
    documents::Context,
    json,
    position::{self, Position},
    privacy::Privacy,
    profile::{self, Label, Profile},
    validator::{CompileError, Validator},
};

pub use columns::Columns;

pub(crate) use check::closest;
pub(crate) use declares::{applying, applying_in};
pub(crate) use keywords::{Shape, children, hidden_by_ref, in_place, shape};
pub(crate) use leaves::Leaves;
pub(crate) use places::{Anchors, Target, anchors_of, last_token, resolve, standard_metaschema};

/// The dialects of JSON Schema that the hub accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `http://json-schema.org/draft-07/schema#`.
    Draft7,
    /// `https://json-schema.org/draft/2020-12/schema`, also when `$schema` is absent.
    Draft202012,
}

/// A schema that keeps all limits and compiles. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(crate) inner: Arc<Inner>,
}

/// What validators share with the schema they come from.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: Value,
    pub(crate) dialect: Dialect,
    pub(crate) profile: Profile,
    pub(crate) leaves: Leaves,
    pub(crate) anchors: Anchors,
    pub(crate) asked: Asked,
    hash: String,
}

/// One thing wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The JSON Pointer of the place in the schema.
    pub pointer: String,
    /// The place in the bytes.
    pub at: Position,
    /// The keyword concerned, or `json`, `duplicate-key`, `limit`.
    pub keyword: String,
    /// What is expected instead.
    pub message: String,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.at.line, self.at.column, self.keyword, self.message)
    }
}

/// All that is wrong with a schema, in the order of its bytes; at least one problem, at most 100.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct SchemaProblems(pub Vec<SchemaProblem>);

impl Schema {
    /// Parses and checks a schema: strict JSON, limits, dialect, metaschema, patterns, formats, references.
    ///
    /// # Errors
    /// [`SchemaProblems`]: every problem found; bytes that are no JSON stop at the first.
    pub fn parse(bytes: &[u8], profile: &Profile) -> Result<Self, SchemaProblems> {
        Self::parse_in(bytes, profile, &Context::default())
    }

    /// Parses and checks a schema as [`Schema::parse`] does, with documents at hand that it may refer to.
    ///
    /// # Errors
    /// [`SchemaProblems`], as there.
    pub fn parse_in(
        bytes: &[u8],
        profile: &Profile,
        context: &Context,
    ) -> Result<Self, SchemaProblems> {
        let root = json::read(bytes, &profile.schema.json).map_err(SchemaProblems::from)?;
        let checked =
            check::check(&root, profile, context).map_err(|found| locate(bytes, found))?;
        let check::Checked { dialect, leaves, anchors, asked } = checked;
        let hash = profile::sha256(&root);
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                dialect,
                profile: profile.clone(),
                leaves,
                anchors,
                asked,
                hash,
            }),
        })
    }

    /// Returns `sha256:<hex>` of the RFC 8785 form: the schema's identity, whatever its spacing and order of keys.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.inner.hash
    }

    /// Returns the dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Returns the document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.inner.root
    }

    /// Tells whether the schema declares the property at `pointer`, for example `/address/street` or `/children/*/name`.
    ///
    /// A property is declared when `properties` names it at a place reachable from the root through `properties`, items
    /// (token `*` or an index), `$ref` and the keywords that apply schemas in place, `not` apart.
    #[must_use]
    pub fn declares(&self, pointer: &str) -> bool {
        declares::declares(&self.inner, pointer)
    }

    /// Returns the kinds of values that the root's properties have.
    #[must_use]
    pub fn columns(&self) -> Columns {
        Columns::of(&self.inner)
    }

    /// Returns what tells personal places of records from the others.
    #[must_use]
    pub fn privacy(&self) -> Privacy {
        Privacy::of(&self.inner)
    }

    /// Returns the leaves of a record that no `x-ndxp-classification` covers, their own or inherited; at most 100.
    #[must_use]
    pub fn unclassified(&self) -> Vec<String> {
        classes::unclassified(&self.inner)
    }

    /// Returns the places of records that `x-ndxp-sunset` announces the end of, with the date; at most 100.
    #[must_use]
    pub fn sunsets(&self) -> Vec<(String, String)> {
        classes::sunsets(&self.inner)
    }

    /// Returns the classification of a record's place, its own or inherited.
    #[must_use]
    pub fn classification(&self, pointer: &str) -> Option<Label> {
        classes::classification(&self.inner, pointer)
    }

    /// Returns the schemas that apply at a record's place, through references and the keywords that apply in place.
    #[must_use]
    pub fn applying_at(&self, pointer: &str) -> Vec<&Value> {
        classes::applying_at(&self.inner, pointer)
    }

    /// Compiles the schema. Costly (milliseconds): keep the validator, and compile off the async threads.
    ///
    /// # Errors
    /// [`CompileError`] when the validator refuses what the checks let through.
    pub fn compile(&self) -> Result<Validator, CompileError> {
        Validator::compile(Arc::clone(&self.inner), None)
    }

    /// Returns the code lists that the schema asks; those of formats first.
    #[must_use]
    pub fn code_lists(&self) -> Vec<CodeListRef> {
        let asked = &self.inner.asked;
        let formats = asked.formats.iter().filter_map(|name| {
            let codes = self.inner.profile.national_format(name)?.codes.as_ref()?;
            Some(CodeListRef { dataset: codes.dataset.clone(), sha256: None })
        });
        let mut found: Vec<_> = formats.chain(asked.keywords.values().cloned()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Compiles the schema with code lists, for a day and all others on which its lists say the same:
    /// [`Validator::span`]. A list that is not at hand decides nothing.
    ///
    /// # Errors
    /// [`CompileError`], as there.
    pub fn compile_at(&self, lists: &CodeLists, day: Day) -> Result<Validator, CompileError> {
        let codes = CodesAt::new(&self.inner.asked, lists, &self.inner.profile.national, day);
        Validator::compile(Arc::clone(&self.inner), Some(codes))
    }

    /// Returns the span of days around one in which the schema's lists say the same.
    #[must_use]
    pub fn span(&self, lists: &CodeLists, day: Day) -> Span {
        CodesAt::new(&self.inner.asked, lists, &self.inner.profile.national, day).span
    }
}

impl From<json::Refusal> for SchemaProblems {
    fn from(refusal: json::Refusal) -> Self {
        Self(vec![SchemaProblem {
            pointer: refusal.pointer.unwrap_or_default(),
            at: refusal.at,
            keyword: refusal.keyword.as_str().to_owned(),
            message: refusal.message,
        }])
    }
}

fn locate(bytes: &[u8], found: Vec<check::Found>) -> SchemaProblems {
    let mut problems: Vec<SchemaProblem> = found
        .into_iter()
        .take(check::MAX_PROBLEMS)
        .map(|found| SchemaProblem {
            at: position::value(bytes, &found.pointer)
                .map_or_else(|| position::at(bytes, 0), |span| span.start),
            pointer: found.pointer,
            keyword: found.keyword,
            message: found.message,
        })
        .collect();
    problems.sort_by_key(|problem| problem.at);
    SchemaProblems(problems)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
