//! Putting a state of a list in force: its rows are durable before the registry names it.

use std::sync::Arc;

use ndxp_model::{Dataset, DatasetName, RequestId};
use ndxp_proto::{common, error::Refusal};
use ndxp_registry::{Command, Outcome, Refused, Request, decide};
use ndxp_schema::{CodeList, CodeListError, CodeListRef};
use tokio::task::spawn_blocking;

use super::{pieces, rows};
use crate::{
    call::Call,
    core::Core,
    refuse::{self, Failed},
    registry::CommandError,
};

impl Core {
    /// Pins the rows of a dataset, if they are those that the caller saw.
    pub(crate) async fn pin(
        &self,
        call: &Call,
        id: RequestId,
        dataset: DatasetName,
        sha256: String,
    ) -> Result<common::Receipt, Failed> {
        if CodeListRef::read(&format!("{dataset}@{sha256}")).is_none() {
            let problem = "must be sha256: and 64 hexadecimal digits in lower case";
            return Err(Refusal::field("sha256", problem).into());
        }
        let command = |found: &str| Command::PinCodeList {
            dataset: dataset.clone(),
            sha256: sha256.clone(),
            found: found.to_owned(),
        };
        // Whoever may not pin makes nobody read the rows, and neither does a request sent again.
        self.registry.refresh().await?;
        let asked = Request { id, actor: call.principal.clone(), command: command(&sha256) };
        let found = match self.registry.read(|state| decide(state, &asked, call.now)) {
            Err(refused) => return Err(CommandError::Refused(refused).into()),
            Ok(Outcome::Done { .. }) => sha256.clone(),
            Ok(Outcome::Append(_)) => self.found(call, &dataset, &sha256).await?,
        };
        self.change(call, id, command(&found)).await
    }

    /// Returns the hash of the rows as they stand; if it is the one asked for, they are kept.
    async fn found(&self, call: &Call, name: &DatasetName, asked: &str) -> Result<String, Failed> {
        let entry = self.registry.read(|state| state.datasets.get(name).cloned());
        let dataset = entry.ok_or_else(|| refuse::not_found(&name.resource()))?.dataset;
        self.know(&dataset).await?;
        let state = self.state_of(dataset).await?.map_err(|problem| no_list(name, &problem))?;
        if state.sha256() == asked {
            let written = pieces::write(&self.log, &state, call.now).await;
            written.map_err(|cause| refuse::append(&cause))?;
        }
        Ok(state.sha256().to_owned())
    }

    /// Makes a state of a dataset's rows that codes can be looked up in.
    async fn state_of(
        &self,
        dataset: Arc<Dataset>,
    ) -> Result<Result<CodeList, CodeListError>, Failed> {
        let Some(rows) = rows::fold(&self.log, &dataset).await? else {
            return Ok(Err(CodeListError::TooLarge));
        };
        let mut lists = self.code_lists().await?.judging(&dataset.name);
        let national = Arc::clone(&self.schemas.profile().national);
        let make = move || {
            let state = rows.state(&dataset.name.to_string())?;
            lists.put_in_force(state.clone(), &national)?;
            Ok(state)
        };
        spawn_blocking(make).await.map_err(|cause| refuse::bug(&cause).into())
    }
}

fn no_list(name: &DatasetName, problem: &CodeListError) -> Failed {
    let text = format!("the rows of {} are no code list: {problem}", name.resource());
    CommandError::Refused(Refused::Conflict(text)).into()
}
