//! The flags that say by which rules schemas and records are judged; the hub's, unless told otherwise.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use ndxp_schema::{
    CodeLists, Context, Dialect, FormatMode, National, Profile, Refs, Schema, SchemaLimits, json,
};
use serde_json::Value;

use super::lock::Lock;

/// Documents of all `--resolve` folders together; a folder with more was hardly meant.
const MAX_DOCUMENTS: usize = 10_000;
/// Bytes of all of them together.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Rules {
    /// Whether formats decide, as in the hub, or only inform
    #[arg(long, value_enum, default_value_t = Formats::Assert, hide_possible_values = true, value_name = "assert|annotate")]
    formats: Formats,
    /// Whether the hub's limits hold for schemas and references
    #[arg(long, value_enum, default_value_t = Limits::Hub, hide_possible_values = true, value_name = "hub|none")]
    limits: Limits,
    /// The dialect of schemas without $schema [default: 2020-12]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "2020-12|draft-07")]
    dialect: Option<DialectName>,
    /// The national profile: vn, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "vn")]
    profile: String,
    /// The hub's rules as `ndxp schema pull` left them; by others nothing is judged
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    lock: Option<PathBuf>,
    /// Local files that stand in for references: below the folder, under the prefix
    #[arg(long, value_name = "URI-PREFIX=DIR", value_parser = mapping)]
    resolve: Vec<Mapping>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Formats {
    Assert,
    Annotate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Limits {
    Hub,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DialectName {
    #[value(name = "2020-12", alias = "draft2020-12")]
    Draft202012,
    #[value(name = "draft-07", alias = "draft7", alias = "7")]
    Draft7,
}

/// A folder and the beginning of its files' addresses.
#[derive(Debug, Clone)]
struct Mapping {
    prefix: String,
    folder: PathBuf,
}

/// Parses a schema, or says everything that is wrong with it, a line each behind its name.
pub(super) fn parse(
    name: &str,
    bytes: &[u8],
    profile: &Profile,
    context: &Context,
) -> Result<Schema> {
    Schema::parse_in(bytes, profile, context).map_err(|problems| {
        let lines: Vec<_> = problems.0.iter().map(|problem| format!("{name}:{problem}")).collect();
        anyhow!("the schema has problems\n{}", lines.join("\n"))
    })
}

fn mapping(text: &str) -> Result<Mapping, String> {
    // An address may hold `=`, a folder hardly does.
    let (prefix, folder) = text.rsplit_once('=').ok_or("must be URI-PREFIX=DIR")?;
    if prefix.is_empty() || folder.is_empty() {
        return Err("must be URI-PREFIX=DIR".to_owned());
    }
    Ok(Mapping { prefix: prefix.trim_end_matches('/').to_owned(), folder: folder.into() })
}

impl Rules {
    /// Returns the profile and what schemas are read in. Every document is read here, before any schema: no file is
    /// opened because a schema names it.
    pub(super) fn load(&self) -> Result<(Profile, Context)> {
        let mut documents = Documents::default();
        for mapping in &self.resolve {
            documents.add(&mapping.folder, &mapping.prefix)?;
        }
        let dialect = self.dialect.map(|name| match name {
            DialectName::Draft202012 => Dialect::Draft202012,
            DialectName::Draft7 => Dialect::Draft7,
        });
        let documents = documents.found.into_iter().collect();
        Ok((self.profile()?, Context { documents, dialect }))
    }

    fn profile(&self) -> Result<Profile> {
        let Some(path) = &self.lock else { return self.of(national(&self.profile)?) };
        let lock = Lock::read(path)?;
        let profile = self.of(lock.national(path)?)?;
        lock.confirm(path, &profile)?;
        Ok(profile)
    }

    /// Returns the code lists that a schema's records are judged by: none without a lock, and of a list's own records
    /// all but that one. A state that the schema names must be there.
    pub(super) fn code_lists(
        &self,
        dataset: &Path,
        schema: &Schema,
        profile: &Profile,
    ) -> Result<CodeLists> {
        let Some(path) = &self.lock else { return Ok(CodeLists::new(&profile.national)) };
        let all = Lock::read(path)?.code_lists(path, profile)?;
        let own = dataset.to_str().filter(|name| all.sha256s().contains_key(*name));
        let own = own.filter(|_| !dataset.exists());
        for list in schema.code_lists() {
            let Some(sha256) = &list.sha256 else { continue };
            if own != Some(&list.dataset) && !all.has_state(&list.dataset, sha256) {
                bail!(
                    "verdicts would not be the hub's; code list {}: none here, {sha256} in the schema ({})",
                    list.dataset,
                    path.display()
                );
            }
        }
        Ok(own.map_or_else(|| all.clone(), |own| all.without(own)))
    }

    /// Returns the lock that was named.
    pub(super) fn lock(&self) -> Option<&Path> {
        self.lock.as_deref()
    }

    /// Returns the file of a schema: of a dataset, where there is a lock that names it.
    pub(super) fn schema_file(&self, schema: &Path, profile: &Profile) -> Result<PathBuf> {
        let name = schema.to_str().and_then(|text| text.parse().ok());
        let (Some(path), Some(name), false) = (&self.lock, name, schema.exists()) else {
            return Ok(schema.to_owned());
        };
        Lock::read(path)?.schema(path, &name, profile)
    }

    fn of(&self, national: Arc<National>) -> Result<Profile> {
        let hub = Profile { national, ..Profile::default() };
        let formats = match self.formats {
            Formats::Assert => FormatMode::Assert,
            Formats::Annotate => FormatMode::Annotate,
        };
        Ok(match self.limits {
            Limits::Hub => Profile { formats, ..hub },
            Limits::None => Profile {
                formats,
                refs: Refs::Offline,
                schema: SchemaLimits::none(),
                record: SchemaLimits::none().json,
                ..hub
            },
        })
    }
}

/// Reads a national profile: one that is built in, or a file.
pub(crate) fn national(profile: &str) -> Result<Arc<National>> {
    if let Some(built_in) = National::built_in(profile) {
        return Ok(built_in);
    }
    let bytes = fs::read(profile).with_context(|| format!("no profile {profile}"))?;
    Ok(Arc::new(National::parse(&bytes).with_context(|| profile.to_owned())?))
}

#[derive(Default)]
struct Documents {
    found: Vec<(String, Value)>,
    bytes: u64,
}

impl Documents {
    fn add(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else { continue };
            let uri = format!("{prefix}/{name}");
            // A link could lead round in a circle, or out of the folder that was named.
            let kind = entry.file_type().with_context(context)?;
            if kind.is_dir() {
                self.add(&path, &uri)?;
            } else if kind.is_file() && name.ends_with(".json") {
                self.read(&path, uri)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, path: &Path, uri: String) -> Result<()> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.bytes += bytes.len() as u64;
        if self.found.len() >= MAX_DOCUMENTS || self.bytes > MAX_DOCUMENT_BYTES {
            bail!("--resolve: more than {MAX_DOCUMENTS} files or {MAX_DOCUMENT_BYTES} bytes");
        }
        // Suites hold documents on purpose that are no schemas; one that is not JSON leads nowhere when it is named.
        if let Ok(document) = json::read(&bytes, &SchemaLimits::none().json) {
            self.found.push((uri, document));
        }
        Ok(())
    }
}
