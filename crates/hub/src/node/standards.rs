//! Whether the national profile is one by which the schemas in force can be read.

use std::sync::Arc;

use ndxp_model::{DatasetName, DatasetState};
use ndxp_schema::{Profile, Schema};
use thiserror::Error;

use crate::registry::Registry;

/// A schema in force uses a format that the profile does not have: the profile of another country, or of another time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the national profile {profile} does not fit the registry: the newest schema of {dataset}: {problem}; start with \
     the profile that it was registered under"
)]
pub struct UnknownFormat {
    profile: String,
    dataset: DatasetName,
    problem: String,
}

/// Returns the profile once the newest schema of every active dataset is read by it. Else a publisher would be the
/// first to hear of it.
pub(super) fn confirmed(registry: &Registry, profile: Profile) -> Result<Profile, UnknownFormat> {
    let schemas: Vec<(DatasetName, Arc<str>)> = registry.read(|state| {
        let active = state.datasets.iter().filter(|(_, entry)| entry.state == DatasetState::Active);
        let newest = active.filter_map(|(name, entry)| Some((name, entry.schema(None)?.1)));
        newest.map(|(name, schema)| (name.clone(), Arc::clone(&schema.document))).collect()
    });
    // Nobody is served yet, so there is nobody to keep waiting.
    let unknown = schemas.iter().find_map(|(dataset, schema)| unknown(dataset, schema, &profile));
    unknown.map_or(Ok(profile), Err)
}

/// Whatever else a later engine refuses concerns that dataset alone, and is told when it is used.
fn unknown(dataset: &DatasetName, schema: &str, profile: &Profile) -> Option<UnknownFormat> {
    // Cheaper than a parse by far, and most schemas of a nation need no more.
    if !schema.contains("\"format\"") {
        return None;
    }
    let problems = Schema::parse(schema.as_bytes(), profile).err()?;
    let problem = problems.0.into_iter().find(|problem| problem.keyword == "format")?;
    Some(UnknownFormat {
        profile: profile.national.name().to_owned(),
        dataset: dataset.clone(),
        problem: problem.to_string(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use ndxp_schema::National;

    use super::*;

    #[test]
    fn a_profile_that_lacks_a_format_in_force_is_told_with_the_dataset() {
        let lumen = Arc::new(National::parse(b"name = \"lumen\"").unwrap());
        let lumen = Profile { national: lumen, ..Profile::default() };
        let dataset: DatasetName = "tax/citizens".parse().unwrap();
        let told = |schema: &str, profile: &Profile| {
            unknown(&dataset, schema, profile).map(|problem| problem.to_string())
        };
        let vietnamese = r#"{"properties":{"id":{"format":"vn-cccd"}}}"#;
        let problem = told(vietnamese, &lumen).unwrap();
        assert!(
            problem.contains("profile lumen does not fit") && problem.contains("tax/citizens"),
            "{problem}"
        );
        assert_eq!(told(vietnamese, &Profile::default()), None);
        assert_eq!(told(r#"{"format":"date"}"#, &lumen), None);
        // Not the profile's matter: the dataset is told of it when it is used.
        assert_eq!(told(r#"{"type":"strnig","title":"\"format\""}"#, &lumen), None);
    }
}
