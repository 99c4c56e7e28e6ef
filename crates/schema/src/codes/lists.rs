//! The lists at hand: the state of each that is in force, and states that schemas name.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{CodeList, CodeListError, CodeListRef, Day, rows::Codes};
use crate::profile::{CodeListUse, National};

/// Lists, prepared for the formats of a national profile. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CodeLists {
    in_force: BTreeMap<String, Arc<Prepared>>,
    /// Every state at hand, by dataset and hash.
    states: BTreeMap<(String, String), Arc<Prepared>>,
    offset_minutes: i32,
}

#[derive(Debug)]
struct Prepared {
    list: CodeList,
    whole: Arc<Codes>,
    /// Those rows that a format means.
    by_format: HashMap<String, Arc<Codes>>,
}

impl Prepared {
    fn new(list: CodeList, national: &National) -> Result<Self, CodeListError> {
        let used = national.code_lists().iter().find(|used| used.dataset == list.dataset());
        let members = used.cloned().unwrap_or_else(|| CodeListUse::usual(list.dataset()));
        let whole = Arc::new(Codes::read(&list, &members, &BTreeMap::new())?);
        let mut by_format = HashMap::new();
        for format in national.formats() {
            let Some(codes) = &format.codes else { continue };
            if codes.dataset == list.dataset() {
                let some = Codes::read(&list, &members, &codes.only)?;
                by_format.insert(format.name.clone(), Arc::new(some));
            }
        }
        Ok(Self { list, whole, by_format })
    }
}

impl CodeLists {
    /// Begins without lists, with the profile's clock.
    #[must_use]
    pub fn new(national: &National) -> Self {
        Self { offset_minutes: national.offset_minutes(), ..Self::default() }
    }

    /// Puts a state in force, in the place of another of the same dataset.
    ///
    /// # Errors
    /// [`CodeListError`]: rows that the profile cannot look up.
    pub fn put_in_force(
        &mut self,
        list: CodeList,
        national: &National,
    ) -> Result<(), CodeListError> {
        let dataset = list.dataset().to_owned();
        let prepared = self.prepared(list, national)?;
        self.in_force.insert(dataset, prepared);
        Ok(())
    }

    /// Adds a state that is not in force, for schemas that name it.
    ///
    /// # Errors
    /// [`CodeListError`], as there.
    pub fn add(&mut self, list: CodeList, national: &National) -> Result<(), CodeListError> {
        self.prepared(list, national).map(|_| ())
    }

    fn prepared(
        &mut self,
        list: CodeList,
        national: &National,
    ) -> Result<Arc<Prepared>, CodeListError> {
        let name = (list.dataset().to_owned(), list.sha256().to_owned());
        if let Some(known) = self.states.get(&name) {
            return Ok(Arc::clone(known));
        }
        let prepared = Arc::new(Prepared::new(list, national)?);
        self.states.insert(name, Arc::clone(&prepared));
        Ok(prepared)
    }

    /// Takes a list out. Its own dataset is judged so: the old state would refuse the new one.
    #[must_use]
    pub fn without(&self, dataset: &str) -> Self {
        let mut others = self.clone();
        others.in_force.remove(dataset);
        others.states.retain(|(of, _), _| of != dataset);
        others
    }

    /// Returns the hash of each list in force, by its dataset.
    #[must_use]
    pub fn sha256s(&self) -> BTreeMap<String, String> {
        let all = self.in_force.iter();
        all.map(|(name, prepared)| (name.clone(), prepared.list.sha256().to_owned())).collect()
    }

    /// Tells whether a state is at hand.
    #[must_use]
    pub fn has_state(&self, dataset: &str, sha256: &str) -> bool {
        self.states.contains_key(&(dataset.to_owned(), sha256.to_owned()))
    }

    /// Returns the day of an instant where the profile's country is.
    #[must_use]
    pub fn day(&self, millis: i64) -> Day {
        Day::of_millis(millis, self.offset_minutes)
    }

    /// Returns the rows that a format means.
    pub(crate) fn of_format(&self, dataset: &str, format: &str) -> Option<Arc<Codes>> {
        self.in_force.get(dataset)?.by_format.get(format).map(Arc::clone)
    }

    /// Returns the rows that a schema asks by `x-ndxp-codelist`.
    pub(crate) fn of_keyword(&self, asked: &CodeListRef) -> Option<Arc<Codes>> {
        let found = match &asked.sha256 {
            None => self.in_force.get(&asked.dataset),
            Some(sha256) => self.states.get(&(asked.dataset.clone(), sha256.clone())),
        };
        found.map(|prepared| Arc::clone(&prepared.whole))
    }
}
