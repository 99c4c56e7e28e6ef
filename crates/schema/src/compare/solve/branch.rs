//! Taking a goal apart for one kind of value.

use std::collections::HashSet;

use super::{
    Found, Goal, Lit, Solver,
    fact::{Choice, Fact, Item, Step, step},
};
use crate::compare::ir::Kind;

/// Choices inside each other, in all goals that are open: the stack.
const MAX_SPLITS: usize = 160;

/// What has been taken apart so far, on one way through the choices.
#[derive(Debug, Clone, Default)]
struct Branch {
    todo: Vec<Lit>,
    seen: HashSet<Lit>,
    facts: Vec<Fact>,
    choices: Vec<Choice>,
}

/// The branch contradicts itself.
struct Closed;

impl Solver<'_> {
    /// Looks for a value of one kind under more facts.
    pub(super) fn of_kind(&mut self, goal: &Goal, kind: Kind, more: &[Fact]) -> Found {
        let branch = Branch { todo: goal.lits.clone(), facts: more.to_vec(), ..Branch::default() };
        self.expand(goal, kind, branch, more)
    }

    fn expand(&mut self, goal: &Goal, kind: Kind, mut branch: Branch, more: &[Fact]) -> Found {
        loop {
            while let Some(lit) = branch.todo.pop() {
                if self.take(goal, kind, lit, &mut branch).is_err() {
                    return Found::Empty;
                }
            }
            if !self.world.spend(1 + branch.facts.len() / 8) || self.splits > MAX_SPLITS {
                return Found::Unknown;
            }
            if self.contradicts(goal, kind, &branch.facts) {
                return Found::Empty;
            }
            match self.next_choice(goal, kind, &mut branch) {
                Next::Closed => return Found::Empty,
                Next::None => return self.leaf(goal, kind, &branch.facts, more),
                Next::Only(items) => {
                    if self.add(goal, kind, items, &mut branch).is_err() {
                        return Found::Empty;
                    }
                }
                Next::Several(choice) => {
                    self.splits += 1;
                    let found = self.split(goal, kind, &branch, choice, more);
                    self.splits -= 1;
                    return found;
                }
            }
        }
    }

    fn split(
        &mut self,
        goal: &Goal,
        kind: Kind,
        branch: &Branch,
        choice: Choice,
        more: &[Fact],
    ) -> Found {
        let mut unknown = false;
        for items in choice {
            if self.is_hopeless(goal, &items, branch) {
                continue;
            }
            if !self
                .world
                .spend(2 + branch.facts.len() / 4 + (branch.seen.len() + branch.choices.len()) / 4)
            {
                return Found::Unknown;
            }
            let mut way = branch.clone();
            if self.add(goal, kind, items, &mut way).is_err() {
                continue;
            }
            match self.expand(goal, kind, way, more) {
                Found::Empty => {}
                Found::Unknown => unknown = true,
                value @ Found::Value(_) => return value,
            }
        }
        if unknown { Found::Unknown } else { Found::Empty }
    }

    /// Tells, before the branch is copied, whether the facts so far rule a single fact out.
    fn is_hopeless(&mut self, goal: &Goal, items: &[Item], branch: &Branch) -> bool {
        self.world.spend(1 + branch.facts.len() / 64);
        match items {
            [Item::Fact(Fact::Lacks(name, reader))] => branch.facts.iter().any(|fact| match fact {
                Fact::Has(other, by) => other == name && by == reader,
                _ => false,
            }),
            [Item::Fact(Fact::PropertyIs(name, lit))] => {
                self.cannot_be(goal, &branch.facts, name, *lit) == Some(true)
            }
            _ => false,
        }
    }

    /// Puts one schema's rules into the branch.
    fn take(
        &mut self,
        goal: &Goal,
        kind: Kind,
        lit: Lit,
        branch: &mut Branch,
    ) -> Result<(), Closed> {
        let lit = Lit { id: self.world.arena.real(lit.id), ..lit };
        if !branch.seen.insert(lit) {
            return Ok(());
        }
        self.world.spend(1);
        if is_refuted(goal, kind, lit, &branch.seen) {
            return Err(Closed);
        }
        let Some(rules) = self.world.arena.rules(lit.id) else {
            branch.facts.push(Fact::Opaque(format!("{:?}", lit.id).into(), lit.yes));
            return Ok(());
        };
        if lit.yes {
            return rules
                .iter()
                .try_for_each(|rule| follow(step(rule, true, lit.reader, kind), branch));
        }
        let relevant: Vec<usize> = (0..rules.len())
            .filter(|n| rules.get(*n).is_some_and(|rule| rule.kinds() & kind.bit() != 0))
            .collect();
        match relevant.as_slice() {
            [] => Err(Closed),
            [only] => match rules.get(*only) {
                Some(rule) => follow(step(rule, false, lit.reader, kind), branch),
                None => Err(Closed),
            },
            several => {
                let ways =
                    several.iter().map(|n| vec![Item::Against(rules.clone(), *n, lit.reader)]);
                branch.choices.push(ways.collect());
                Ok(())
            }
        }
    }

    fn add(
        &mut self,
        goal: &Goal,
        kind: Kind,
        items: Vec<Item>,
        branch: &mut Branch,
    ) -> Result<(), Closed> {
        for item in items {
            match item {
                Item::Lit(lit) => self.take(goal, kind, lit, branch)?,
                Item::Fact(fact) => branch.facts.push(fact),
                Item::Against(rules, at, reader) => {
                    if let Some(rule) = rules.get(at) {
                        follow(step(rule, false, reader, kind), branch)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes the choice with the fewest ways that are still open.
    fn next_choice(&mut self, goal: &Goal, kind: Kind, branch: &mut Branch) -> Next {
        let mut best: Option<(usize, usize)> = None;
        for at in 0..branch.choices.len() {
            let Some(mut choice) = branch.choices.get_mut(at).map(std::mem::take) else { continue };
            self.world.spend(choice.len() / 4);
            choice.retain(|items| {
                !items.iter().any(|item| self.is_dead(goal, kind, item, &branch.seen))
            });
            let ways = choice.len();
            if let Some(place) = branch.choices.get_mut(at) {
                *place = choice;
            }
            if ways == 0 {
                return Next::Closed;
            }
            if best.is_none_or(|(_, fewest)| ways < fewest) {
                best = Some((at, ways));
            }
        }
        let Some((at, _)) = best else { return Next::None };
        let mut choice = branch.choices.swap_remove(at);
        match choice.len() {
            1 => Next::Only(choice.pop().unwrap_or_default()),
            _ => Next::Several(choice),
        }
    }

    /// Tells, without taking it apart, whether a part cannot be.
    fn is_dead(&self, goal: &Goal, kind: Kind, item: &Item, seen: &HashSet<Lit>) -> bool {
        match item {
            Item::Lit(lit) => {
                let lit = Lit { id: self.world.arena.real(lit.id), ..*lit };
                if is_refuted(goal, kind, lit, seen) {
                    return true;
                }
                let Some(rules) = self.world.arena.rules(lit.id) else { return false };
                let mut steps = rules.iter();
                if lit.yes {
                    steps.any(|rule| matches!(rule, crate::compare::ir::Rule::Types(t) if t & kind.bit() == 0))
                } else {
                    steps.all(|rule| matches!(step_lightly(rule, kind), Some(true)))
                }
            }
            Item::Against(rules, at, _) => {
                rules.get(*at).is_none_or(|rule| matches!(step_lightly(rule, kind), Some(true)))
            }
            Item::Fact(_) => false,
        }
    }
}

/// Whether the rule holds for every value of the kind, where that shows at once.
fn step_lightly(rule: &crate::compare::ir::Rule, kind: Kind) -> Option<bool> {
    match rule {
        crate::compare::ir::Rule::Types(types) => Some(types & kind.bit() != 0),
        rule if rule.kinds() & kind.bit() == 0 => Some(true),
        _ => None,
    }
}

enum Next {
    Closed,
    None,
    Only(Vec<Item>),
    Several(Choice),
}

/// A schema is wanted and not wanted, of the same view of the value.
fn is_refuted(goal: &Goal, kind: Kind, lit: Lit, seen: &HashSet<Lit>) -> bool {
    let against = Lit { yes: !lit.yes, ..lit };
    let other_view = Lit { reader: !lit.reader, ..against };
    seen.contains(&against)
        || ((kind.is_scalar() || goal.sees_alike()) && seen.contains(&other_view))
}

fn follow(step: Step, branch: &mut Branch) -> Result<(), Closed> {
    match step {
        Step::Holds => {}
        Step::Contradiction => return Err(Closed),
        Step::Facts(facts) => branch.facts.extend(facts),
        Step::Lits(lits) => branch.todo.extend(lits),
        Step::Choose(choice) => branch.choices.push(choice),
    }
    Ok(())
}
