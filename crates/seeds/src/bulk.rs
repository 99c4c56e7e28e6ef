//! Many small datasets of the kind that agencies register by the thousand.

use anyhow::{Context, Result, ensure};
use ndxp_model::{Category, Classification, DatasetName, Title};

use crate::{
    agencies::{Agencies, AgencyFile},
    description::{DatasetEntry, FieldEntry, Presence, Shape},
};

const CATEGORIES: [Category; 3] = [Category::Reference, Category::Master, Category::Event];
const CLASSES: [Classification; 3] =
    [Classification::Public, Classification::Internal, Classification::Confidential];
const FEWEST_FIELDS: usize = 3;

/// Returns `count` datasets, the first for the first agency, the second for the second, in turn.
pub(crate) fn datasets(agencies: &Agencies, count: u32) -> Result<Vec<DatasetEntry>> {
    ensure!(!agencies.is_empty(), "no agency to own a dataset");
    (1..=count).zip(agencies.values().cycle()).map(|(n, owner)| dataset(n, owner)).collect()
}

fn dataset(n: u32, owner: &AgencyFile) -> Result<DatasetEntry> {
    let mut fields = pool();
    let spare = fields.len() - FEWEST_FIELDS + 1;
    fields.truncate(FEWEST_FIELDS + n as usize % spare);
    let name = DatasetName::new(owner.id.clone(), format!("specialised-{n:04}").parse()?);
    Ok(DatasetEntry {
        name,
        title: Title {
            vi: format!("Cơ sở dữ liệu chuyên ngành {n:04} của {}", owner.name.vi),
            en: format!("Specialised database {n:04}, {}", owner.name.en),
        },
        about: format!("Generated dataset {n:04}: it has no records."),
        category: choose(&CATEGORIES, n)?,
        // Divided first, so that each category meets each classification.
        classification: choose(&CLASSES, n / 3)?,
        key: vec!["/code".parse()?],
        filterable: vec!["/status".parse()?],
        subject: Vec::new(),
        partitions: 1,
        legal_basis: "Nghị định 47/2024/NĐ-CP".to_owned(),
        retention: "P10Y".to_owned(),
        records: None,
        group: 1,
        fields,
    })
}

fn choose<T: Copy>(from: &[T], n: u32) -> Result<T> {
    from.get(n as usize % from.len()).copied().context("nothing to choose from")
}

fn pool() -> Vec<FieldEntry> {
    let status = ["active", "closed"].map(str::to_owned).to_vec();
    vec![
        field("code", Shape::Code("^[A-Z0-9-]{1,32}$".to_owned()), "Mã", "Code"),
        field("name", Shape::Text(200), "Tên", "Name"),
        field("status", Shape::OneOf(status), "Trạng thái", "Status"),
        field("province_code", Shape::Province, "Tỉnh, thành phố", "Province"),
        field("amount_dong", Shape::Integer([0, 9_000_000_000_000_000]), "Số tiền", "Dong"),
        field("valid_from", Shape::Date, "Có hiệu lực từ", "In force from"),
        field("updated_at", Shape::DateTime, "Cập nhật lúc", "Last change"),
    ]
}

fn field(name: &str, is: Shape, vi: &str, en: &str) -> FieldEntry {
    FieldEntry {
        name: name.to_owned(),
        is,
        vi: vi.to_owned(),
        en: en.to_owned(),
        presence: Presence::Required,
        class: None,
        personal: None,
        sample: None,
        only_if: None,
    }
}
