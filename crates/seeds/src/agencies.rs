//! Agencies with their systems and officers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use ndxp_model::{AgencyId, AgencyKind, Officer, OfficerId, System, Title};
use serde::Serialize;

use crate::{
    Description, FileTree,
    description::{AgencyEntry, Nation, ProvinceEntry, SystemEntry},
    latin,
    units::Unit,
};

/// An agency's file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AgencyFile {
    pub(crate) id: AgencyId,
    pub(crate) name: Title,
    pub(crate) kind: AgencyKind,
    systems: Vec<System>,
    officers: Vec<Officer>,
    /// The unit of a province.
    #[serde(skip)]
    pub(crate) unit: Option<Unit>,
}

/// Every agency by its id.
pub(crate) type Agencies = BTreeMap<AgencyId, AgencyFile>;

/// Adds a file per agency and returns them all.
pub(crate) fn generate(description: &Description, tree: &mut FileTree) -> Result<Agencies> {
    let nation = &description.nation;
    let mut agencies = Agencies::new();
    for unit in description.units.iter().filter(|unit| unit.is_province()) {
        add(&mut agencies, province(nation, unit)?)?;
    }
    for entry in &nation.agency {
        add(&mut agencies, body(nation, entry)?)?;
    }
    check_sums(nation, &agencies)?;
    ensure!(agencies.contains_key(&nation.authority.agency), "the authority is no agency");
    for (id, agency) in &agencies {
        tree.insert_json(format!("agencies/{id}.json"), agency)?;
    }
    Ok(agencies)
}

fn add(agencies: &mut Agencies, agency: AgencyFile) -> Result<()> {
    let id = agency.id.clone();
    let names = agency.systems.iter().map(|system| &system.name).chain([&agency.name]);
    for name in names {
        ensure!(latin::is_composed(&name.vi), "{id}: {} is not in composed Unicode", name.vi);
    }
    let systems: BTreeSet<_> = agency.systems.iter().map(|s| &s.id).collect();
    ensure!(systems.len() == agency.systems.len(), "{id}: two systems have one id");
    ensure!(agencies.insert(id.clone(), agency).is_none(), "{id}: two agencies have this id");
    Ok(())
}

fn check_sums(nation: &Nation, agencies: &Agencies) -> Result<()> {
    let systems: usize = agencies.values().map(|agency| agency.systems.len()).sum();
    let (found, expected) = ((agencies.len(), systems), &nation.expected);
    ensure!(
        found == (expected.agencies, expected.systems),
        "{} agencies and {} systems are described, {} and {} expected",
        found.0,
        found.1,
        expected.agencies,
        expected.systems
    );
    Ok(())
}

fn body(nation: &Nation, entry: &AgencyEntry) -> Result<AgencyFile> {
    let name = Title { vi: entry.vi.clone(), en: entry.en.clone() };
    assemble(nation, &entry.class, entry.id.clone(), (name.clone(), name), &entry.systems)
}

fn province(nation: &Nation, unit: &Unit) -> Result<AgencyFile> {
    let special = nation.province.iter().find(|entry| entry.code == unit.code);
    let bare = unit.name.strip_prefix("Thành phố ").unwrap_or(&unit.name);
    let (vi, en) =
        if unit.is_municipality() { ("thành phố", "City") } else { ("tỉnh", "Province") };
    let english = special.and_then(|entry| entry.en.clone()).unwrap_or_else(|| latin::fold(bare));
    let place = Title { vi: format!("{vi} {bare}"), en: format!("{english} {en}") };
    let name = Title {
        vi: format!("Ủy ban nhân dân {}", place.vi),
        en: format!("People's Committee of {}", place.en),
    };
    let id = match special.and_then(|entry| entry.id.clone()) {
        Some(id) => id,
        None => latin::slug(bare).parse().with_context(|| unit.name.clone())?,
    };
    let own = special.map_or(&[][..], |entry: &ProvinceEntry| &entry.systems);
    let agency = assemble(nation, "provinces", id, (name, place), own)?;
    Ok(AgencyFile { unit: Some(unit.clone()), ..agency })
}

/// Puts an agency together; of the two names the second is the one appended to its systems'.
fn assemble(
    nation: &Nation,
    class: &str,
    id: AgencyId,
    (name, short): (Title, Title),
    own: &[SystemEntry],
) -> Result<AgencyFile> {
    let class = nation.class.get(class).with_context(|| format!("{id}: no class {class}"))?;
    let common = class.systems.iter().map(|system| System {
        id: system.id.clone(),
        name: Title {
            vi: format!("{} {}", system.vi, short.vi),
            en: format!("{}, {}", system.en, short.en),
        },
    });
    let own = own.iter().map(|system| System {
        id: system.id.clone(),
        name: Title { vi: system.vi.clone(), en: system.en.clone() },
    });
    let systems = common.chain(own).collect();
    let officers = officers(nation, &id);
    Ok(AgencyFile { id, name, kind: class.kind, systems, officers, unit: None })
}

fn officers(nation: &Nation, id: &AgencyId) -> Vec<Officer> {
    let authority = &nation.authority;
    if *id != authority.agency {
        return nation.officer.clone();
    }
    let roles: BTreeSet<_> = authority.roles.iter().copied().collect();
    let officer = |id: &OfficerId| Officer { id: id.clone(), roles: roles.clone() };
    authority.officers.iter().map(officer).collect()
}
