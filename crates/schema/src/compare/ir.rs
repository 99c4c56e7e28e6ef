//! Schemas as rules: the same meaning in both dialects, and equal schemas as equal numbers.

mod lower;

use std::{collections::HashMap, rc::Rc};

use serde_json::Value;

pub(crate) use lower::Pair;

/// A schema in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u32);

/// Kinds of values; integral numbers and others are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Null = 1,
    Boolean = 2,
    Integral = 4,
    Fractional = 8,
    Text = 16,
    Array = 32,
    Object = 64,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Object,
        Self::Text,
        Self::Integral,
        Self::Array,
        Self::Null,
        Self::Boolean,
        Self::Fractional,
    ];

    pub(crate) const fn bit(self) -> u8 {
        self as u8
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) => {
                let whole = number.as_f64().is_none_or(|number| number.fract() == 0.0);
                if whole { Self::Integral } else { Self::Fractional }
            }
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    pub(crate) const fn is_scalar(self) -> bool {
        !matches!(self, Self::Array | Self::Object)
    }
}

/// What an object's properties have to be.
#[derive(Debug, Clone)]
pub(crate) struct Props {
    /// Sorted by name, each once.
    pub(crate) named: Vec<(String, Id)>,
    pub(crate) patterns: Vec<(Rc<str>, Id)>,
    pub(crate) rest: Option<Id>,
    /// Whether undeclared properties have a schema of their own: a map, where nothing is undeclared.
    pub(crate) map: bool,
}

/// What an array's items have to be.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    pub(crate) prefix: Vec<Id>,
    pub(crate) rest: Option<Id>,
}

/// One assertion.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Types(u8),
    Enum(Vec<Value>),
    AtLeast(f64, bool),
    AtMost(f64, bool),
    Multiple(f64),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Rc<str>),
    Format(Rc<str>),
    Content(&'static str, Rc<str>),
    Items(Rc<Items>),
    Contains {
        id: Id,
        min: u64,
        max: Option<u64>,
    },
    MinItems(u64),
    MaxItems(u64),
    Unique,
    Props(Rc<Props>),
    Names(Id),
    Required(Vec<String>),
    MinSize(u64),
    MaxSize(u64),
    Depends(String, Id),
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    Not(Id),
    If(Id, Id, Id),
    /// What is not understood; equal text means the same.
    Opaque {
        text: Rc<str>,
        kinds: u8,
        map: bool,
        below: Option<Id>,
    },
}

impl Rule {
    /// The kinds of values that the rule can refuse.
    pub(crate) fn kinds(&self) -> u8 {
        match self {
            Self::AtLeast(..) | Self::AtMost(..) | Self::Multiple(_) => {
                Kind::Integral.bit() | Kind::Fractional.bit()
            }
            Self::MinLength(_)
            | Self::MaxLength(_)
            | Self::Pattern(_)
            | Self::Format(_)
            | Self::Content(..) => Kind::Text.bit(),
            Self::Items(_)
            | Self::Contains { .. }
            | Self::MinItems(_)
            | Self::MaxItems(_)
            | Self::Unique => Kind::Array.bit(),
            Self::Props(_)
            | Self::Names(_)
            | Self::Required(_)
            | Self::MinSize(_)
            | Self::MaxSize(_)
            | Self::Depends(..) => Kind::Object.bit(),
            Self::Types(types) => !types & 127,
            Self::Opaque { kinds, .. } => *kinds,
            Self::Enum(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::One(_)
            | Self::Not(_)
            | Self::If(..) => 127,
        }
    }
}

#[derive(Debug, Clone)]
enum Node {
    Rules(Rc<[Rule]>),
    /// Stands for a schema that was not finished when somebody referred to it.
    Link(Option<Id>),
}

/// All schemas of a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arena {
    nodes: Vec<Node>,
    known: HashMap<String, Id>,
}

impl Arena {
    /// Returns the number of the schema with these rules; their order does not matter.
    fn intern(&mut self, mut rules: Vec<Rule>) -> Id {
        let keyed = rules.drain(..).map(|rule| (format!("{rule:?}"), rule));
        let mut keyed: Vec<(String, Rule)> = keyed.collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (keys, rules): (Vec<String>, Vec<Rule>) = keyed.into_iter().unzip();
        if let [Rule::All(ids)] = rules.as_slice()
            && let [only] = ids.as_slice()
        {
            return *only;
        }
        let key = keys.join(", ");
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let id = self.push(Node::Rules(rules.into()));
        self.known.insert(key, id);
        id
    }

    /// Forgets which schemas are equal, once all are lowered.
    fn close(&mut self) {
        self.known = HashMap::new();
    }

    fn push(&mut self, node: Node) -> Id {
        let id = Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// The number of the next schema: a name that no other has.
    fn next(&self) -> usize {
        self.nodes.len()
    }

    fn link(&mut self) -> Id {
        self.push(Node::Link(None))
    }

    fn resolve_link(&mut self, link: Id, target: Id) {
        if let Some(node) = self.nodes.get_mut(link.0 as usize) {
            *node = Node::Link(Some(target));
        }
    }

    /// Follows links. A link that leads nowhere stays itself.
    pub(crate) fn real(&self, id: Id) -> Id {
        let mut at = id;
        for _ in 0..64 {
            match self.nodes.get(at.0 as usize) {
                Some(Node::Link(Some(next))) => at = *next,
                _ => return at,
            }
        }
        at
    }

    /// Returns the rules of a schema. `None`: it is not understood at all.
    pub(crate) fn rules(&self, id: Id) -> Option<Rc<[Rule]>> {
        match self.nodes.get(self.real(id).0 as usize)? {
            Node::Rules(rules) => Some(Rc::clone(rules)),
            Node::Link(_) => None,
        }
    }

    /// Tells whether the schema refuses nothing.
    pub(crate) fn accepts_everything(&self, id: Id) -> bool {
        self.rules(id).is_some_and(|rules| rules.is_empty())
    }
}
