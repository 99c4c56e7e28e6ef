//! The layers over each other: each key keeps its last value and where that stands.

use std::collections::BTreeMap;

use super::{
    Config, ConfigError, Place,
    document::{self, Found},
    keys::{self, KEYS, Key},
    nearest::nearest,
    value::Values,
};

/// Variables that belong to the commands, not to the hub's configuration.
const OTHERS: &[&str] = &["NDXP_CONFIG", "NDXP_HUB", "NDXP_IDENTITY", "NDXP_IDENTITIES", "NDXP_AS"];

/// The texts of all keys.
#[derive(Debug)]
pub(crate) struct Layers(BTreeMap<&'static str, (String, Place)>);

/// A configuration, and where each of its values stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) config: Config,
    /// Each key with its text and its place, in the order of the file.
    pub(crate) values: Vec<(&'static Key, String, Place)>,
}

impl Layers {
    pub(crate) fn defaults() -> Self {
        let value = |key: &Key| (key.name, (key.default.to_owned(), Place::Default));
        Self(KEYS.iter().map(value).collect())
    }

    pub(crate) fn add_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        for entry in document::read(name, text)? {
            match entry.value {
                Found::Text(value) => self.put(&entry.key, value, entry.place)?,
                Found::EmptySection if keys::sections().any(|known| known == entry.key) => {}
                Found::EmptySection => return Err(unknown(&entry.key, entry.place)),
                Found::Other(found) => {
                    let key = keys::find(&entry.key);
                    let key = key.ok_or_else(|| unknown(&entry.key, entry.place.clone()))?;
                    return Err(ConfigError::Value {
                        place: entry.place,
                        key: key.name.to_owned(),
                        expected: "a text or a whole number",
                        found: found.to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Takes the variables of the keys. A variable that begins like one of a section's but is no
    /// key is a mistake; any other belongs to somebody else.
    pub(crate) fn add_env(&mut self, env: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
        for (name, value) in env.iter().filter(|(name, _)| name.starts_with("NDXP_")) {
            let place = Place::Env(name.clone());
            let key = KEYS.iter().zip(&variables).find(|(_, variable)| *variable == name);
            if let Some((key, _)) = key {
                self.put(key.name, value.clone(), place)?;
            } else if is_of_a_section(name) && !OTHERS.contains(&name.as_str()) {
                let nearest = nearest(name, variables.iter().map(String::as_str));
                let nearest = nearest.map(str::to_owned);
                return Err(ConfigError::Unknown { place, key: name.clone(), nearest });
            }
        }
        Ok(())
    }

    pub(crate) fn put(
        &mut self,
        key: &str,
        value: String,
        place: Place,
    ) -> Result<(), ConfigError> {
        match keys::find(key) {
            Some(known) => {
                self.0.insert(known.name, (value, place));
                Ok(())
            }
            None => Err(unknown(key, place)),
        }
    }

    pub(crate) fn finish(
        self,
        typed: impl FnOnce(&Values<'_>) -> Result<Config, ConfigError>,
    ) -> Result<Resolved, ConfigError> {
        let config = typed(&Values(&self.0))?;
        let value = |key: &'static Key| {
            let (text, place) = self.0.get(key.name)?;
            Some((key, text.clone(), place.clone()))
        };
        Ok(Resolved { config, values: KEYS.iter().filter_map(value).collect() })
    }
}

fn unknown(key: &str, place: Place) -> ConfigError {
    let nearest = nearest(key, KEYS.iter().map(|known| known.name)).map(str::to_owned);
    ConfigError::Unknown { place, key: key.to_owned(), nearest }
}

fn is_of_a_section(variable: &str) -> bool {
    keys::sections()
        .any(|section| variable.starts_with(&format!("NDXP_{}_", section.to_ascii_uppercase())))
}
