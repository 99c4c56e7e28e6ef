//! What is judged without being handed out now: what an earlier stream settled, and what a revision has
//! left to say.

use std::{collections::HashMap, sync::Arc};

use ndxp_delivery::{Place, Verdict};
use ndxp_log::Partition;

use crate::{
    readers::Shown,
    refuse::{self, Failed},
    subscribe::{
        end::End,
        judge::{Before, Step, each},
        live::Live,
        open::partition,
    },
};

/// So many records of a difference are given to the machine at once.
const PASS: usize = 500;

impl Live {
    /// Judges what the machine passed without reading it, because an earlier stream settled it.
    pub(super) async fn catch_up(&mut self, at: &Partition, to: u64) -> Result<(), End> {
        let Some(from) = self.judge.next(at.number).filter(|from| *from < to) else {
            return Ok(());
        };
        let before = self.judge.before(&self.core, at, from..to).await?;
        let mut passed = Vec::new();
        each(&self.core, at, from..to, &self.projector, |shown| passed.push(Arc::clone(shown)))
            .await?;
        for shown in passed {
            let place = Place { partition: at.number, offset: shown.offset };
            let before = before.get(&shown.offset).copied();
            let verdict = self.judge.judge(at.number, &shown, before);
            self.settled_before(place, &shown, verdict, before);
        }
        self.judge.passed(at.number, to);
        Ok(())
    }

    /// Judges what is settled behind the last record that was read, too: nobody reads on there.
    async fn catch_up_all(&mut self) -> Result<(), End> {
        let nexts: Vec<_> = self.machine.next_reads().collect();
        for (number, next) in nexts {
            self.catch_up(&partition(&self.dataset, number), next).await?;
        }
        Ok(())
    }

    /// What older views make of a record counts only if it was handed out.
    pub(super) fn sent_before(
        &self,
        before: &HashMap<u64, Before>,
        place: Place,
    ) -> Option<Before> {
        let before = before.get(&place.offset).copied()?;
        let progress = self.machine.progress();
        // After a seek nothing is known of single attempts: then all below what was reached counts.
        let sent = progress.attempt_of(place) > 0
            || progress.is_settled(place)
            || progress.is_replayed(place);
        sent.then_some(before)
    }

    pub(super) fn settled_before(
        &mut self,
        place: Place,
        shown: &Shown,
        verdict: Option<Verdict>,
        before: Option<Before>,
    ) {
        if self.machine.progress().letter(place).is_none() {
            self.judge.was_settled(place.partition, shown, verdict, before);
        }
    }

    /// Hands out what a revision has left to say, when its time has come, paced by the credit.
    pub(super) async fn revise(&mut self) -> Result<(), End> {
        loop {
            let (cursor, unsettled) = (self.machine.cursor(), self.machine.pass_unsettled());
            match self.judge.step(&cursor, unsettled, PASS as u64) {
                Step::Nothing => return Ok(()),
                Step::Begin => {
                    self.catch_up_all().await?;
                    self.machine.begin_pass(self.right.grant().agreement.clone());
                    self.judge.begin();
                }
                Step::Give => {
                    let some = self.judge.give(PASS);
                    let bug = |e| Failed(refuse::bug(&e));
                    self.machine.revisit(&some).map_err(bug)?;
                    if self.judge.gave_all() {
                        let change = self.machine.end_pass().map_err(bug)?;
                        self.write_all(change).await?;
                    }
                }
                Step::End => self.judge.end(),
            }
        }
    }
}
