//! A value by chance that keeps the rules it meets; whether it keeps all of them, the validator says.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::chance::Chance;
use crate::{
    codes::KEYWORD,
    compare::{
        automata::Search,
        ir::{Id, Items, Kind, Props, Rule},
        solve::samples,
        world::World,
    },
};

/// Values inside each other from where on as little as possible is made.
const DEEP: usize = 5;
/// Values inside each other beyond which nothing is made.
const DEEPEST: usize = 40;

/// Makes one value.
pub(super) struct Sampler<'a, 's> {
    pub(super) world: &'a mut World<'s>,
    pub(super) chance: &'a mut Chance,
}

/// What one value has to be, choices made.
#[derive(Default)]
struct Wanted {
    kinds: u8,
    listed: Vec<Rc<[Value]>>,
    props: Vec<Rc<Props>>,
    items: Vec<Rc<Items>>,
    contains: Vec<Id>,
    required: Vec<String>,
    names: Vec<Id>,
    patterns: Vec<Rc<str>>,
    formats: Vec<Rc<str>>,
    low: Option<f64>,
    high: Option<f64>,
    step: Option<f64>,
    least: u64,
    most: Option<u64>,
    least_items: u64,
    most_items: Option<u64>,
    least_size: u64,
}

impl Sampler<'_, '_> {
    /// Makes a value that all schemas may accept.
    pub(super) fn value(&mut self, ids: Vec<Id>, depth: usize) -> Value {
        if depth > DEEPEST || !self.world.spend(1) {
            return Value::Null;
        }
        let wanted = self.gather(ids);
        if let Some(values) = wanted.listed.first()
            && let Some(value) = self.chance.pick(values)
        {
            return value.clone();
        }
        match self.kind(wanted.kinds) {
            Kind::Null => Value::Null,
            Kind::Boolean => json!(self.chance.one_in(2)),
            Kind::Integral => self.integer(&wanted),
            Kind::Fractional => self.fraction(&wanted),
            Kind::Text => Value::String(self.text(&wanted)),
            Kind::Array => self.array(&wanted, depth),
            Kind::Object => self.object(&wanted, depth),
        }
    }

    /// Collects the rules, with one branch of each choice.
    fn gather(&mut self, mut open: Vec<Id>) -> Wanted {
        let mut wanted = Wanted { kinds: 127, ..Wanted::default() };
        let mut seen = Vec::new();
        while let Some(id) = open.pop() {
            let id = self.world.arena.real(id);
            if seen.contains(&id) || !self.world.spend(1) {
                continue;
            }
            seen.push(id);
            for rule in self.world.arena.rules(id).iter().flat_map(|rules| rules.iter()) {
                match rule {
                    Rule::All(ids) => open.extend(ids),
                    Rule::Any(ids) | Rule::One(ids) => open.extend(self.chance.pick(ids)),
                    Rule::If(condition, yes, no) => {
                        if self.chance.one_in(2) {
                            open.extend([*condition, *yes]);
                        } else {
                            open.push(*no);
                        }
                    }
                    Rule::Depends(name, id) if wanted.required.contains(name) => open.push(*id),
                    rule => wanted.add(rule),
                }
            }
        }
        wanted
    }

    fn kind(&mut self, kinds: u8) -> Kind {
        let allowed: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| kinds & kind.bit() != 0).collect();
        self.chance.pick(&allowed).copied().unwrap_or(Kind::Null)
    }

    #[expect(clippy::cast_possible_truncation, reason = "bounds are within 2^53")]
    fn integer(&mut self, wanted: &Wanted) -> Value {
        let step = wanted.step.unwrap_or(1.0).max(1.0);
        let far = self.chance.one_in(2);
        let spread = self.chance.below(if far { 1_000 } else { 4 }) as f64;
        let number = match (wanted.low, wanted.high) {
            (Some(low), Some(high)) if self.chance.one_in(3) => {
                (low.ceil() + spread).min(high.floor())
            }
            (Some(low), _) => low.ceil() + spread,
            (None, Some(high)) => high.floor() - spread,
            (None, None) => spread - 2.0,
        };
        let number = (number / step).ceil() * step;
        let number = if wanted.high.is_some_and(|high| number > high) {
            wanted.high.unwrap_or(0.0).floor()
        } else {
            number
        };
        if number.abs() < 9e15 { json!(number as i64) } else { json!(0) }
    }

    fn fraction(&mut self, wanted: &Wanted) -> Value {
        let part = (self.chance.below(99) + 1) as f64 / 100.0;
        let number = match (wanted.low, wanted.high) {
            (Some(low), Some(high)) => low + (high - low) * part,
            (Some(low), None) => low + part,
            (None, Some(high)) => high - part,
            (None, None) => self.chance.below(50) as f64 + part,
        };
        match wanted.step {
            Some(step) if step > 0.0 => json!((number / step).round() * step),
            _ => json!(number),
        }
    }

    fn text(&mut self, wanted: &Wanted) -> String {
        if let Some(code) = self.code(wanted) {
            return code;
        }
        if let Some(format) = self.chance.pick(&wanted.formats) {
            let national = self.world.profile().national_format(format);
            if let Some(format) = national {
                return format.example.clone();
            }
            if let Some(text) = self.chance.pick(samples::of_format(format)) {
                return (*text).to_owned();
            }
        }
        if !wanted.patterns.is_empty() {
            return self.matching(wanted);
        }
        let most = wanted.most.unwrap_or(wanted.least + 8).min(wanted.least + 20);
        let span = usize::try_from(most.saturating_sub(wanted.least)).unwrap_or(0) + 1;
        let length = wanted.least + self.chance.below(span) as u64;
        const LETTERS: [char; 14] =
            ['a', 'b', 'c', 'z', 'A', 'Z', '0', '9', ' ', '-', '_', 'ă', 'Đ', 'ế'];
        (0..length.min(5_000)).filter_map(|_| self.chance.pick(&LETTERS)).collect()
    }

    /// A code of the lists at hand; those that a format means come before whole lists, of which it means a part.
    fn code(&mut self, wanted: &Wanted) -> Option<String> {
        let is_list = |format: &&Rc<str>| format.starts_with(KEYWORD);
        let formats = wanted.formats.iter().filter(|format| !is_list(format));
        let known = formats
            .chain(wanted.formats.iter().filter(is_list))
            .find_map(|format| self.world.codes.get(&**format));
        let codes = Rc::clone(known?);
        for _ in 0..8 {
            let code = self.chance.pick(&codes)?;
            let fits = |pattern: &Rc<str>| self.world.matches(pattern, code) == Some(true);
            if wanted.patterns.iter().all(fits) {
                return Some(code.clone());
            }
        }
        None
    }

    fn matching(&mut self, wanted: &Wanted) -> String {
        let mut automata: Vec<_> =
            self.world.any_text().into_iter().map(|any| (any, true)).collect();
        for pattern in &wanted.patterns {
            automata.extend(self.world.automaton(pattern).map(|automaton| (automaton, true)));
        }
        let texts = Search { automata, min: wanted.least, max: wanted.most, most: 12 }.run(2_000);
        self.world.spend(texts.steps);
        self.chance.pick(&texts.found).cloned().unwrap_or_default()
    }

    fn array(&mut self, wanted: &Wanted, depth: usize) -> Value {
        let extra = if depth >= DEEP { 0 } else { self.chance.below(4) as u64 };
        let least = wanted.least_items.max(wanted.contains.len() as u64);
        let length =
            wanted.most_items.map_or(least + extra, |most| most.min(least + extra)).min(200);
        let mut items = Vec::new();
        for n in 0..usize::try_from(length).unwrap_or(0) {
            let mut ids: Vec<Id> = wanted.items.iter().filter_map(|items| items.at(n)).collect();
            ids.extend(wanted.contains.get(n));
            items.push(self.value(ids, depth + 1));
        }
        Value::Array(items)
    }

    fn object(&mut self, wanted: &Wanted, depth: usize) -> Value {
        let mut members = Map::new();
        let mut names: Vec<String> = wanted.required.clone();
        let optional =
            wanted.props.iter().flat_map(|props| props.named.iter().map(|(name, _)| name.clone()));
        for name in optional.collect::<Vec<_>>() {
            if depth < DEEP && self.chance.one_in(2) {
                names.push(name);
            }
        }
        let undeclared = depth < DEEP && self.chance.one_in(4);
        let needed = usize::try_from(wanted.least_size).unwrap_or(0).min(50);
        for n in 0..needed.saturating_sub(names.len()) + usize::from(undeclared) {
            names.push(self.name(wanted, n));
        }
        for name in names {
            let mut ids = Vec::new();
            for props in &wanted.props {
                ids.extend(self.world.applying(props, &name).unwrap_or_default());
            }
            let value = self.value(ids, depth + 1);
            members.insert(name, value);
        }
        Value::Object(members)
    }

    /// A name that nobody mentions, or one that a pattern wants.
    fn name(&mut self, wanted: &Wanted, n: usize) -> String {
        let patterns: Vec<Rc<str>> = wanted
            .props
            .iter()
            .flat_map(|props| props.patterns.iter().map(|(p, _)| Rc::clone(p)))
            .collect();
        if let Some(pattern) = self.chance.pick(&patterns) {
            return self
                .matching(&Wanted { patterns: vec![Rc::clone(pattern)], ..Wanted::default() });
        }
        if let Some(id) = wanted.names.first()
            && let Value::String(name) = self.value(vec![*id], DEEPEST)
        {
            return name;
        }
        format!("other{n}")
    }
}

impl Wanted {
    fn add(&mut self, rule: &Rule) {
        let lower = |a: &mut Option<f64>, b: f64| *a = Some(a.map_or(b, |a| a.max(b)));
        let upper = |a: &mut Option<f64>, b: f64| *a = Some(a.map_or(b, |a| a.min(b)));
        match rule {
            Rule::Types(types) => self.kinds &= types,
            Rule::Enum(values) => self.listed.push(values.as_slice().into()),
            Rule::AtLeast(n, out) => lower(&mut self.low, if *out { n + 1.0 } else { *n }),
            Rule::AtMost(n, out) => upper(&mut self.high, if *out { n - 1.0 } else { *n }),
            Rule::Multiple(n) => self.step = Some(*n),
            Rule::MinLength(n) => self.least = self.least.max(*n),
            Rule::MaxLength(n) => self.most = Some(self.most.map_or(*n, |most| most.min(*n))),
            Rule::Pattern(pattern) => self.patterns.push(Rc::clone(pattern)),
            Rule::Format(format) => self.formats.push(Rc::clone(format)),
            Rule::Items(items) => self.items.push(Rc::clone(items)),
            Rule::Contains { id, .. } => self.contains.push(*id),
            Rule::MinItems(n) => self.least_items = self.least_items.max(*n),
            Rule::MaxItems(n) => {
                self.most_items = Some(self.most_items.map_or(*n, |most| most.min(*n)))
            }
            Rule::Props(props) => self.props.push(Rc::clone(props)),
            Rule::Names(id) => self.names.push(*id),
            Rule::Required(names) => self.required.extend(names.iter().cloned()),
            Rule::MinSize(n) => self.least_size = self.least_size.max(*n),
            _ => {}
        }
    }
}
