//! Every record of the audit topic is a leaf, and each boot counted its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Check, Report, leaf::Leaf, store::Log};

/// How many leaves may overtake one that a crash then loses. They are enqueued as soon as they are
/// counted, so only calls that run at the same moment change places.
const OVERTAKEN_BY: u64 = 256;

/// Leaves by index.
pub(super) type Leaves = BTreeMap<u64, Leaf>;

/// Reads all leaves.
pub(super) fn leaves(log: &Log, report: &mut Report) -> Leaves {
    let mut leaves = Leaves::new();
    let mut ids = BTreeSet::new();
    for record in &log.audit.records {
        let at = log.audit.at(record.offset);
        if record.key.is_some() || record.covered.is_some() || !record.headers.is_empty() {
            report.find(Check::Leaf, at.clone(), "has a key, headers or an entry".to_owned());
        }
        match Leaf::read(record.offset, &record.value) {
            Ok(leaf) => {
                if !ids.insert(leaf.text("id").to_owned()) {
                    report.find(Check::Leaf, at, "has the id of an earlier leaf".to_owned());
                }
                *report.counts.leaves.entry(leaf.kind().to_owned()).or_default() += 1;
                leaves.insert(record.offset, leaf);
            }
            Err(what) => report.find(Check::Leaf, at, what.to_owned()),
        }
    }
    leaves
}

/// Each `gw` has one boot, and its `seq` no hole but where a crash may leave one.
pub(super) fn sequences(leaves: &Leaves, report: &mut Report) {
    let mut boots: BTreeMap<&str, Vec<&Leaf>> = BTreeMap::new();
    for leaf in leaves.values() {
        boots.entry(leaf.text("gw")).or_default().push(leaf);
    }
    for (gw, leaves) in boots {
        let at = |seq: u64| format!("{gw}#{seq}");
        let mut seen = BTreeSet::new();
        for seq in leaves.iter().filter_map(|leaf| leaf.number("seq")) {
            if !seen.insert(seq) {
                report.find(Check::Sequence, at(seq), "was counted twice".to_owned());
            }
        }
        let last = seen.last().copied().unwrap_or_default();
        for missing in (0..last).filter(|seq| !seen.contains(seq)) {
            if last - missing > OVERTAKEN_BY {
                report.find(Check::Sequence, at(missing), "is missing".to_owned());
            } else {
                report.counts.holes_at_end += 1;
            }
        }
        let boots = leaves.iter().filter(|leaf| leaf.kind() == "boot").count();
        if boots > 1 {
            let what = format!("stands for {boots} boots");
            report.find(Check::Sequence, gw.to_owned(), what);
        }
    }
}
