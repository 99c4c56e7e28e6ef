//! Every record of the files as a value; the first that cannot be read ends the run.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use ndxp_schema::json::{self, Limits};
use serde_json::Value;

use super::{
    super::records::{Input, Records, Source, lines},
    table::Table,
};

/// Hands over each record of the files, in order.
pub(super) fn each_record(
    files: &[PathBuf],
    input: Option<Input>,
    limits: Limits,
    mut take: impl FnMut(Value),
) -> Result<()> {
    for path in files {
        let name = path.display();
        let mut source = Source::new(vec![path.clone()], input, limits);
        let (mut before, mut table) = (0, Table::default());
        while let Some(batch) = source.next()? {
            match batch.records {
                Records::Lines(bytes) => {
                    for (number, line) in lines(&bytes) {
                        let number = before + number;
                        take(read(line, limits).map_err(|(column, message)| {
                            anyhow!("{name}:{number}:{column}: {message}")
                        })?);
                    }
                    before += bytes.iter().filter(|byte| **byte == b'\n').count();
                }
                Records::Whole(bytes) => {
                    let refused = |refusal| anyhow!("{name}:{refusal}");
                    take(json::read(&bytes, &limits).map_err(refused)?);
                }
                Records::Documents(documents) => {
                    for document in documents {
                        match document {
                            Ok(document) => take(document.value),
                            Err(fault) => bail!(
                                "{name}:{}:{}: {}",
                                fault.place.line,
                                fault.place.column,
                                fault.message
                            ),
                        }
                    }
                }
                Records::Rows(rows) => {
                    table.add(rows).map_err(|(line, text)| anyhow!("{name}:{line}:1: {text}"))?;
                }
            }
        }
        table.records(limits).for_each(&mut take);
    }
    Ok(())
}

fn read(line: &[u8], limits: Limits) -> Result<Value, (usize, String)> {
    json::read(line, &limits).map_err(|refusal| (refusal.at.column, refusal.message))
}
