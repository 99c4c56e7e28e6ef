//! Records of a schema, and records that break it: the same seed gives the same records.
//!
//! Every record is judged by the validator before it is handed out.
//!
//! ```
//! use ndxp_schema::{Profile, Schema, generate::Generator};
//!
//! let text = br#"{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":7}}}"#;
//! let schema = Schema::parse(text, &Profile::default()).map_err(|e| e.to_string())?;
//! let validator = schema.compile().map_err(|e| e.to_string())?;
//! let mut records = Generator::new(&schema, 17).map_err(|e| e.to_string())?;
//! let record = records.valid().ok_or("nothing is valid")?;
//! assert!(validator.decide(&record));
//! let broken = records.invalid().ok_or("nothing is invalid")?;
//! assert!(!validator.decide(&broken.record));
//! # Ok::<(), String>(())
//! ```

pub(crate) mod chance;
mod mutate;
mod sample;

use serde_json::Value;

use crate::{
    Budget, CodeLists, CompileError, Day, Schema, Validator,
    compare::{
        ir::Id,
        solve::{Found, Goal, Lit, Solver},
        world::World,
    },
};
use chance::Chance;

/// Tries for one record before the next way is taken.
const TRIES: usize = 40;
/// Steps of one record.
const STEPS: usize = 20_000;
/// Codes of a list that records are made with.
const MAX_CODES: usize = 4_096;
/// Valid records that invalid ones are made of.
const KEPT: usize = 16;

/// A record that the schema refuses, and by what.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalid {
    /// The record.
    pub record: Value,
    /// The keyword that it breaks; only this one, where such a record was found.
    pub keyword: String,
    /// The JSON Pointer of the place in the record.
    pub instance_path: String,
}

/// Makes records of one schema.
pub struct Generator<'s> {
    schema: &'s Schema,
    validator: Validator,
    world: World<'s>,
    root: Id,
    chance: Chance,
    kept: Vec<Value>,
    /// The record that the rules find without chance; asked for once.
    solved: Option<Option<Value>>,
}

impl std::fmt::Debug for Generator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator").field("schema", &self.schema.hash()).finish_non_exhaustive()
    }
}

impl<'s> Generator<'s> {
    /// Prepares to make records; the same `seed` gives the same ones.
    ///
    /// # Errors
    /// [`CompileError`] if the schema does not compile.
    pub fn new(schema: &'s Schema, seed: u64) -> Result<Self, CompileError> {
        Ok(Self::of(schema, schema.compile()?, seed))
    }

    /// Prepares to make records whose codes are in force on a day.
    ///
    /// # Errors
    /// [`CompileError`], as there.
    pub fn with_lists(
        schema: &'s Schema,
        lists: &CodeLists,
        day: Day,
        seed: u64,
    ) -> Result<Self, CompileError> {
        Ok(Self::of(schema, schema.compile_at(lists, day)?, seed))
    }

    fn of(schema: &'s Schema, validator: Validator, seed: u64) -> Self {
        let (mut world, root) = World::of_one(schema, STEPS);
        world.trusts_lists = true;
        let codes = validator.some_codes(MAX_CODES).into_iter();
        world.codes = codes.map(|(name, codes)| (name, codes.into())).collect();
        let chance = Chance::new(seed);
        Self { schema, validator, world, root, chance, kept: Vec::new(), solved: None }
    }

    /// Returns a record that the schema accepts. `None`: none was found, or there is none.
    pub fn valid(&mut self) -> Option<Value> {
        for _ in 0..TRIES {
            self.world.refill(STEPS);
            let value = sample::Sampler { world: &mut self.world, chance: &mut self.chance }
                .value(vec![self.root], 0);
            if self.validator.decide(&value) && mutate::is_record(&value) {
                return Some(self.keep(value));
            }
        }
        self.changed().or_else(|| self.solved())
    }

    /// Makes one try out of the steps that are left of all tries together.
    pub(crate) fn attempt(&mut self) -> Option<Value> {
        if self.world.is_spent() {
            return None;
        }
        let value = sample::Sampler { world: &mut self.world, chance: &mut self.chance }
            .value(vec![self.root], 0);
        mutate::is_record(&value).then_some(value)
    }

    /// Returns a record that the schema refuses, with one fault if that is possible. `None`: none was found.
    pub fn invalid(&mut self) -> Option<Invalid> {
        if self.kept.is_empty() {
            self.valid();
        }
        let mut worse = None;
        for _ in 0..TRIES * 2 {
            let start = self.chance.pick(&self.kept).cloned().unwrap_or(Value::Null);
            let value = mutate::changed(start, &mut self.chance);
            if self.validator.decide(&value) || !mutate::is_record(&value) {
                continue;
            }
            let found = self.validator.explain(&value, Budget::default());
            let single = found.violations.len() == 1 && !found.truncated;
            let Some(first) = found.violations.into_iter().next() else { continue };
            let broken = Invalid {
                record: value,
                keyword: first.keyword,
                instance_path: first.instance_path,
            };
            if single {
                return Some(broken);
            }
            worse = worse.or(Some(broken));
        }
        worse
    }

    fn keep(&mut self, value: Value) -> Value {
        if self.kept.len() < KEPT {
            self.kept.push(value.clone());
        } else {
            let at = self.chance.below(KEPT);
            if let Some(place) = self.kept.get_mut(at) {
                *place = value.clone();
            }
        }
        value
    }

    /// A valid record near one that is known.
    fn changed(&mut self) -> Option<Value> {
        for _ in 0..TRIES {
            let start = self.chance.pick(&self.kept)?.clone();
            let value = mutate::changed(start, &mut self.chance);
            if self.validator.decide(&value) && mutate::is_record(&value) {
                return Some(self.keep(value));
            }
        }
        self.chance.pick(&self.kept).cloned()
    }

    /// The record that the rules find, for schemas that chance does not meet.
    fn solved(&mut self) -> Option<Value> {
        if self.solved.is_none() {
            let (mut world, root) = World::of_one(self.schema, STEPS * 4);
            world.trusts_lists = true;
            let wanted = Lit { id: root, yes: true, reader: false };
            let found = match Solver::new(world).solve(Goal::new(vec![wanted], None)) {
                Found::Value(value) if self.validator.decide(&value) => Some(value),
                _ => None,
            };
            self.solved = Some(found);
        }
        let found = self.solved.clone().flatten()?;
        Some(self.keep(found))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
