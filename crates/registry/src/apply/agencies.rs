//! Agencies, systems and officers, folded.

use std::collections::BTreeMap;

use ndxp_model::{Agency, AgencyId, AgencyStatus, Officer, System};

use crate::{AgencyEntry, State};

impl State {
    pub(super) fn add_agency(&mut self, agency: &Agency) {
        let entry = AgencyEntry {
            agency: agency.clone(),
            status: AgencyStatus::Active,
            systems: BTreeMap::new(),
            officers: BTreeMap::new(),
        };
        self.agencies.insert(agency.id.clone(), entry);
    }

    pub(super) fn suspend_agency(&mut self, id: &AgencyId) {
        self.edit_agency(id, |entry| entry.status = AgencyStatus::Suspended);
    }

    pub(super) fn resume_agency(&mut self, id: &AgencyId) {
        self.edit_agency(id, |entry| entry.status = AgencyStatus::Active);
    }

    pub(super) fn add_system(&mut self, id: &AgencyId, system: &System) {
        self.edit_agency(id, |entry| {
            entry.systems.insert(system.id.clone(), system.clone());
        });
    }

    pub(super) fn add_officer(&mut self, id: &AgencyId, officer: &Officer) {
        self.edit_agency(id, |entry| {
            entry.officers.insert(officer.id.clone(), officer.clone());
        });
    }

    fn edit_agency(&mut self, id: &AgencyId, change: impl FnOnce(&mut AgencyEntry)) {
        if let Some(entry) = self.agencies.get_mut(id) {
            change(entry);
        }
    }
}
