//! The rows of a state by their code: who is in force on which day.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{CodeList, CodeListError, Day, Span};
use crate::{json, profile::CodeListUse};

/// Codes and the days on which each holds.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    by_code: HashMap<Box<str>, Vec<Span>>,
    /// The days on which a row begins or ends, sorted.
    turns: Vec<Day>,
}

/// How a code stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is in force.
    InForce,
    /// It was, until the day before this one.
    Ended(Day),
    /// It will be, from this day on.
    Begins(Day),
    /// The list never has it.
    Unknown,
}

impl Codes {
    /// Reads the rows of a state that have the members `only`.
    pub(super) fn read(
        list: &CodeList,
        members: &CodeListUse,
        only: &BTreeMap<String, Value>,
    ) -> Result<Self, CodeListError> {
        let mut codes = Self::default();
        let mut turns = BTreeSet::new();
        for (row, line) in (1..).zip(list.lines()) {
            let wrong = |problem: String| CodeListError::Row { row, problem };
            let value = json::read(line, &json::Limits::default())
                .map_err(|refusal| wrong(refusal.message))?;
            let (code, span) = read_row(&value, members).map_err(wrong)?;
            if only.iter().any(|(name, wanted)| value.get(name) != Some(wanted)) {
                continue;
            }
            turns.extend([span.from, span.to].into_iter().flatten());
            codes.by_code.entry(code.into()).or_default().push(span);
        }
        if turns.len() > CodeList::MAX_DAYS {
            return Err(CodeListError::TooManyDays);
        }
        codes.turns = turns.into_iter().collect();
        Ok(codes)
    }

    /// Tells whether a code is in force on a day.
    pub(crate) fn has(&self, code: &str, day: Day) -> bool {
        self.by_code.get(code).is_some_and(|spans| spans.iter().any(|span| span.contains(day)))
    }

    /// Tells how a code stands on a day: of several rows, the one nearest before, else the nearest after.
    pub(crate) fn standing(&self, code: &str, day: Day) -> Standing {
        let spans = self.by_code.get(code).map(Vec::as_slice).unwrap_or_default();
        if spans.iter().any(|span| span.contains(day)) {
            return Standing::InForce;
        }
        let ended = spans.iter().filter_map(|span| span.to.filter(|to| *to <= day)).max();
        let begins = spans.iter().filter_map(|span| span.from.filter(|from| *from > day)).min();
        match (ended, begins) {
            (Some(day), _) => Standing::Ended(day),
            (None, Some(day)) => Standing::Begins(day),
            (None, None) => Standing::Unknown,
        }
    }

    /// Returns the span around a day in which no row begins or ends.
    pub(crate) fn span(&self, day: Day) -> Span {
        let behind = self.turns.partition_point(|turn| *turn <= day);
        let from = behind.checked_sub(1).and_then(|n| self.turns.get(n));
        Span { from: from.copied(), to: self.turns.get(behind).copied() }
    }

    /// Returns some codes in force on a day, in order.
    pub(crate) fn some(&self, day: Day, most: usize) -> Vec<String> {
        let in_force = self.by_code.iter();
        let in_force = in_force.filter(|(_, spans)| spans.iter().any(|span| span.contains(day)));
        let all: BTreeSet<String> = in_force.map(|(code, _)| code.to_string()).collect();
        all.into_iter().take(most).collect()
    }
}

fn read_row<'r>(row: &'r Value, members: &CodeListUse) -> Result<(&'r str, Span), String> {
    let code = row.get(&members.code).and_then(Value::as_str);
    let code = code.ok_or_else(|| format!("the code stands in {} as a text", members.code))?;
    let (from, to) = (day_of(row, &members.valid_from)?, day_of(row, &members.valid_to)?);
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        return Err(format!("{} is not after {}", members.valid_to, members.valid_from));
    }
    Ok((code, Span { from, to }))
}

fn day_of(row: &Value, member: &str) -> Result<Option<Day>, String> {
    match row.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if Day::parse(text).is_some() => Ok(Day::parse(text)),
        Some(_) => Err(format!("{member} is a date as 2025-07-01, or null")),
    }
}
