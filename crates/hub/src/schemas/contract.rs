//! A schema with the lists that it asks: a validator for each span of days.

use std::sync::{Arc, PoisonError, RwLock};

use ndxp_audit::Sha256Hex;
use ndxp_model::Timestamp;
use ndxp_schema::{CodeLists, CompileError, Schema, Span, Validator};

/// How many validators of one schema are kept. Records come from few spans, mostly the present one.
const SPANS: usize = 32;

/// What records are judged by.
#[derive(Debug)]
pub(crate) struct Contract {
    /// `sha256:` and the hash of the schema's RFC 8785 form.
    pub(crate) hash: String,
    /// The identity of its verdicts.
    pub(crate) verdict: Sha256Hex,
    by: By,
}

#[derive(Debug)]
enum By {
    /// No list decides, or none that ever changes: one validator for all days.
    Always(Validator),
    Day {
        schema: Schema,
        lists: CodeLists,
        kept: RwLock<Vec<Arc<Validator>>>,
    },
}

/// A validator, lent or shared.
#[derive(Debug)]
pub(crate) enum On<'c> {
    Always(&'c Validator),
    Day(Arc<Validator>),
}

impl std::ops::Deref for On<'_> {
    type Target = Validator;
    fn deref(&self) -> &Validator {
        match self {
            Self::Always(validator) => validator,
            Self::Day(validator) => validator,
        }
    }
}

impl Contract {
    /// Compiles a schema. Costly.
    pub(super) fn new(
        schema: Schema,
        lists: CodeLists,
        now: Timestamp,
    ) -> Result<Self, CompileError> {
        let validator = schema.compile_at(&lists, lists.day(now.millis()))?;
        let (hash, verdict) = (schema.hash().to_owned(), validator.identity().digest().into());
        let by = if validator.span() == Span::default() {
            By::Always(validator)
        } else {
            By::Day { schema, lists, kept: RwLock::new(vec![Arc::new(validator)]) }
        };
        Ok(Self { hash, verdict, by })
    }

    /// Tells whether the validator for an instant is there.
    pub(crate) fn is_ready(&self, at: Timestamp) -> bool {
        match &self.by {
            By::Always(_) => true,
            By::Day { lists, kept, .. } => find(lists, kept, at).is_some(),
        }
    }

    /// Returns the validator for an event of an instant. Costly where there is none yet.
    pub(crate) fn on(&self, at: Timestamp) -> Result<On<'_>, CompileError> {
        let (schema, lists, kept) = match &self.by {
            By::Always(validator) => return Ok(On::Always(validator)),
            By::Day { schema, lists, kept } => (schema, lists, kept),
        };
        if let Some(found) = find(lists, kept, at) {
            return Ok(On::Day(found));
        }
        let made = Arc::new(schema.compile_at(lists, lists.day(at.millis()))?);
        let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SPANS {
            kept.remove(0);
        }
        kept.push(Arc::clone(&made));
        Ok(On::Day(made))
    }
}

fn find(
    lists: &CodeLists,
    kept: &RwLock<Vec<Arc<Validator>>>,
    at: Timestamp,
) -> Option<Arc<Validator>> {
    let day = lists.day(at.millis());
    let kept = kept.read().unwrap_or_else(PoisonError::into_inner);
    kept.iter().find(|validator| validator.span().contains(day)).cloned()
}
