//! One synthetic value: by the field's sample rule, else by its shape.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    Datum, Place,
    identity::{Citizen, day_of, tax_code},
};
use crate::{
    description::{FieldEntry, Presence, Sample, Shape},
    ordered::Ordered,
    units::Unit,
};

const ITEMS_OF_A_LIST: u32 = 3;
/// Between the numbers of the citizens in one list: beyond the records of any dataset.
const NEXT_ITEM: u32 = 1000;
const MINUTES_BETWEEN_RECORDS: u32 = 317;

/// Spreads a number: equal inputs give equal outputs, near ones unrelated ones.
pub(super) fn scatter(what: &str, n: u32) -> u64 {
    // FNV-1a, then the last steps of SplitMix64: short, and fixed for ever, unlike std's hasher.
    let bytes = what.bytes().chain(n.to_le_bytes());
    let folded = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
}

/// Makes the members of an object, in order.
pub(super) fn object(fields: &[FieldEntry], place: Place<'_>) -> Result<Ordered<Datum>> {
    let mut members = Ordered(Vec::new());
    for field in fields {
        if let Some(datum) = member(field, &members, place).with_context(|| field.name.clone())? {
            members.0.push((field.name.clone(), datum));
        }
    }
    Ok(members)
}

fn member(field: &FieldEntry, before: &Ordered<Datum>, place: Place<'_>) -> Result<Option<Datum>> {
    if let Some((name, text)) = &field.only_if {
        if leaf(before, name)? != json!(text) {
            return Ok(None);
        }
    } else if place.scatter(&format!("{} absent", field.name)).is_multiple_of(4) {
        match field.presence {
            Presence::Required => {}
            Presence::Optional => return Ok(None),
            Presence::Nullable => return Ok(Some(Datum::Leaf(Value::Null))),
        }
    }
    Ok(Some(match &field.is {
        Shape::Object(fields) => Datum::Object(object(fields, place)?),
        Shape::List(fields) => list(fields, place)?,
        shape => Datum::Leaf(match &field.sample {
            Some(sample) => by_sample(sample, shape, field, before, place)?,
            None => by_shape(shape, field, place)?,
        }),
    }))
}

fn list(fields: &[FieldEntry], place: Place<'_>) -> Result<Datum> {
    let item = |index| {
        let group = place.group + index * NEXT_ITEM;
        object(fields, Place { group, step: index + 1, ..place }).map(Datum::Object)
    };
    (0..ITEMS_OF_A_LIST).map(item).collect::<Result<_>>().map(Datum::List)
}

fn leaf(members: &Ordered<Datum>, name: &str) -> Result<Value> {
    match members.0.iter().find(|(member, _)| member == name) {
        Some((_, Datum::Leaf(value))) => Ok(value.clone()),
        _ => bail!("{name} is no field before this one"),
    }
}

fn integer(members: &Ordered<Datum>, name: &str) -> Result<i64> {
    leaf(members, name)?.as_i64().with_context(|| format!("{name} is no integer"))
}

fn by_sample(
    sample: &Sample,
    shape: &Shape,
    field: &FieldEntry,
    before: &Ordered<Datum>,
    place: Place<'_>,
) -> Result<Value> {
    Ok(match (sample, shape) {
        (Sample::Template(template), _) => json!(fill(template, place)?),
        (Sample::Cycle, Shape::OneOf(values)) => json!(turn(values, place.step - 1)?),
        (Sample::Step, _) => json!(place.step),
        (Sample::Sex, _) => json!(Citizen(place.group).sex()),
        (Sample::BirthDate, _) => json!(Citizen(place.group).birth_date()),
        (Sample::Other(further), _) => {
            by_shape(shape, field, Place { group: place.group + further, ..place })?
        }
        (Sample::ProvinceAgency, _) => json!(province_agency(place)?),
        (Sample::Years([first, last]), _) => {
            let year = u64::try_from(between(*first, *last, place.scatter(&field.name))?)?;
            json!(day_of(year, place.scatter(&format!("{} day", field.name))))
        }
        (Sample::Range([low, high]), _) => {
            json!(between(*low, *high, scatter(&field.name, place.record))?)
        }
        (Sample::Percent { of, rate }, _) => json!(integer(before, of)? * rate / 100),
        (Sample::Sum(names), _) => {
            let parts = names.iter().map(|name| integer(before, name));
            json!(parts.sum::<Result<i64>>()?)
        }
        (Sample::Cycle, _) => bail!("cycle needs one-of"),
    })
}

fn by_shape(shape: &Shape, field: &FieldEntry, place: Place<'_>) -> Result<Value> {
    let chance = place.scatter(&field.name);
    Ok(match shape {
        Shape::OneOf(values) => json!(mostly_first(values, chance)?),
        Shape::Integer([low, high]) | Shape::Number([low, high]) => {
            json!(between(*low, *high, scatter(&field.name, place.record))?)
        }
        Shape::Flag => json!(chance.is_multiple_of(2)),
        Shape::Date => json!(day_of(2025, chance)),
        Shape::DateTime => json!(instant(place.record)),
        Shape::CitizenId => json!(Citizen(place.group).number()),
        Shape::TaxCode => json!(tax_code(place.group)),
        Shape::Commune => json!(commune(place)?.code),
        Shape::Province => json!(commune(place)?.parent_code),
        Shape::Text(_) | Shape::Code(_) | Shape::Object(_) | Shape::List(_) => {
            bail!("a sample is needed")
        }
    })
}

impl Place<'_> {
    /// Spreads the group's number, so that all records of a group agree.
    fn scatter(self, what: &str) -> u64 {
        scatter(&format!("{} {what}", self.dataset), self.group)
    }
}

fn fill(template: &str, place: Place<'_>) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((plain, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').context("'{' without '}'")?;
        let (letter, width) = name.split_at_checked(1).context("empty braces")?;
        let number = match letter {
            "n" => place.record,
            "g" => place.group,
            _ => bail!("{{{name}}} is neither n nor g"),
        };
        let width = if width.is_empty() { 0 } else { width.parse()? };
        text.push_str(plain);
        text.push_str(&format!("{number:0width$}"));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn turn<T>(values: &[T], n: u32) -> Result<&T> {
    values.iter().cycle().nth(n as usize).context("nothing to choose from")
}

/// Chooses the first value in half of the cases: the usual state of a thing.
fn mostly_first(values: &[String], chance: u64) -> Result<&String> {
    let usual = chance.is_multiple_of(2);
    let index = if usual { 0 } else { (chance / 2) % values.len() as u64 };
    turn(values, u32::try_from(index)?)
}

fn between(low: i64, high: i64, chance: u64) -> Result<i64> {
    ensure!(low <= high, "{low} to {high} is empty");
    let width = u64::try_from(high - low)? + 1;
    Ok(low + i64::try_from(chance % width)?)
}

/// Returns an instant of January 2026 that grows with the number.
fn instant(n: u32) -> String {
    let minutes = n * MINUTES_BETWEEN_RECORDS;
    let (day, hour, minute) = (minutes / 1440 + 5, minutes / 60 % 24, minutes % 60);
    format!("2026-01-{day:02}T{hour:02}:{minute:02}:00+07:00")
}

fn commune(place: Place<'_>) -> Result<&Unit> {
    let units = &place.description.units;
    let communes: Vec<&Unit> = units.iter().filter(|unit| !unit.is_province()).collect();
    ensure!(!communes.is_empty(), "no commune");
    // Not by dataset: a citizen's commune is that of the household with the same number.
    let index = scatter("commune", place.group) % communes.len() as u64;
    communes.get(usize::try_from(index)?).copied().context("no commune")
}

fn province_agency(place: Place<'_>) -> Result<&str> {
    let provinces = place.agencies.values().filter(|agency| agency.unit.is_some());
    let ids: Vec<&str> = provinces.map(|agency| agency.id.as_str()).collect();
    turn(&ids, place.group - 1).copied()
}
