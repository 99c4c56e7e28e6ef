//! What the join counted and found.

use std::{collections::BTreeMap, fmt};

/// What was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The file `ends` is a lower bound of every partition.
    Ends,
    /// Offsets are contiguous but for what was deleted, times do not go back, bytes decode.
    Record,
    /// A leaf is a canonical line with the members of its kind; its id occurs once.
    Leaf,
    /// Each boot's leaves are counted without a hole.
    Sequence,
    /// A data record and its publish entry fit.
    Publish,
    /// A handed record and its release entry fit.
    Release,
    /// A subscription's history is possible, and its cursor passes nothing.
    Delivery,
    /// A registry record and its entry fit.
    Registry,
    /// What a publisher was told is in the log.
    Published,
    /// A key's records are in the order of their acknowledgements.
    KeyOrder,
    /// What a consumer received is what was released.
    Received,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was judged.
    pub check: Check,
    /// Where, for example `ndxp.audit.main/0@17`.
    pub at: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} {}", self.check, self.at, self.what)
    }
}

/// How much was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Leaves by kind.
    pub leaves: BTreeMap<String, u64>,
    /// Data records, each joined with its publish entry.
    pub records: u64,
    /// Data records that retention has let go.
    pub expired: u64,
    /// Data records that compaction has removed.
    pub compacted: u64,
    /// Frames of which only the entry is left: compaction has removed who was handed what.
    pub forgotten: u64,
    /// Records of the delivery topic that hand out a frame.
    pub handed: u64,
    /// Records in those frames.
    pub handed_records: u64,
    /// Registry records that took place.
    pub commands: u64,
    /// Registry records at the end whose entry the next boot will write.
    pub commands_pending: u64,
    /// Missing leaves just before a boot's last ones, as a crash leaves them.
    pub holes_at_end: u64,
    /// Acknowledged calls and their records, by the publishers' own files.
    pub published: (u64, u64),
    /// Acknowledged records that are no longer there.
    pub published_gone: u64,
    /// Data records of those publishers that no file acknowledges: their answer was lost.
    pub unacknowledged: u64,
    /// Received frames and their records, by the consumers' own files.
    pub received: (u64, u64),
    /// Frames that were released at the end of a stream and did not arrive.
    pub unreceived: u64,
}

/// The result of a join.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How much was judged.
    pub counts: Counts,
    /// What does not fit, in order of the checks; empty if all does.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn find(&mut self, check: Check, at: String, what: String) {
        self.findings.push(Finding { check, at, what });
    }

    /// Says whether something of this check was found.
    #[must_use]
    pub fn found(&self, check: Check) -> bool {
        self.findings.iter().any(|finding| finding.check == check)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let leaves: Vec<_> = counts.leaves.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        writeln!(
            f,
            "leaves: {}; {} holes at a boot's end",
            leaves.join(", "),
            counts.holes_at_end
        )?;
        let (records, expired, compacted) = (counts.records, counts.expired, counts.compacted);
        writeln!(f, "data records: {records}; {expired} expired, {compacted} compacted away")?;
        let (frames, records, gone) = (counts.handed, counts.handed_records, counts.forgotten);
        writeln!(
            f,
            "frames handed out: {frames} of {records} records; {gone} known by entry only"
        )?;
        let pending = counts.commands_pending;
        writeln!(f, "commands: {}; {pending} whose entry the next boot writes", counts.commands)?;
        let (calls, records) = counts.published;
        let (lost, gone) = (counts.unacknowledged, counts.published_gone);
        writeln!(
            f,
            "acknowledged: {calls} calls of {records} records, {gone} of them gone; {lost} records without"
        )?;
        let (frames, records) = counts.received;
        let lost = counts.unreceived;
        writeln!(
            f,
            "received: {frames} frames of {records} records; {lost} frames did not arrive"
        )?;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        match self.findings.len() {
            0 => writeln!(f, "nothing found"),
            n => writeln!(f, "{n} findings"),
        }
    }
}
