//! Documents that references lead to, and what else a schema is read in.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use jsonschema::{Retrieve, Uri};
use serde_json::Value;

use crate::schema::Dialect;

/// Documents by their URI, handed in by the caller: they stand in for what nobody fetches.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    by_uri: Arc<BTreeMap<String, Value>>,
}

impl Documents {
    /// Returns whether a document has this URI; a fragment does not count.
    #[must_use]
    pub fn contains(&self, uri: &str) -> bool {
        self.get(uri).is_some()
    }

    pub(crate) fn get(&self, uri: &str) -> Option<&Value> {
        let (uri, _) = uri.split_once('#').unwrap_or((uri, ""));
        self.by_uri.get(uri)
    }
}

impl FromIterator<(String, Value)> for Documents {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(documents: T) -> Self {
        Self { by_uri: Arc::new(documents.into_iter().collect()) }
    }
}

impl Retrieve for Documents {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let found = self.get(uri.as_str()).cloned();
        found.ok_or_else(|| "nothing is fetched, and no document was handed in for it".into())
    }
}

/// What a schema is read in, besides the profile.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// What references may lead to.
    pub documents: Documents,
    /// The dialect where `$schema` is absent; 2020-12 if this is absent too.
    pub dialect: Option<Dialect>,
}
