//! How many streams each system has open: one system's streams must not cost the others theirs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_model::PrincipalName;
use ndxp_proto::error::{Reason, Refusal};

type Counts = Arc<Mutex<HashMap<PrincipalName, usize>>>;

/// The counts of a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streams(Counts);

/// A place among a system's streams, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Counts,
    name: PrincipalName,
}

impl Streams {
    /// Takes a place.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn open(&self, name: &PrincipalName, most: usize) -> Result<Place, Refusal> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name.clone()).or_default();
        if *count >= most {
            let text = format!("this system has {most} streams open");
            return Err(Refusal::new(Reason::TooManyStreams, text, "close a stream first")
                .with("limit", most.to_string()));
        }
        *count += 1;
        Ok(Place { counts: Arc::clone(&self.0), name: name.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
    }
}
