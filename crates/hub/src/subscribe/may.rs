//! Whether a subscription may be created: decided like a delivery, so that nobody finds out later.

use ndxp_audit::DatasetAt;

use crate::{
    call::Call,
    core::Core,
    decide::Asked,
    refuse::{self, Failed},
};

/// Decides by the agreements in force whether the caller may receive what it asks for.
pub(crate) fn may(core: &Core, call: &Call, asked: Asked<'_>) -> Result<(), Failed> {
    call.system()?;
    let dataset = asked.dataset;
    let seen = core.registry.read(|state| state.visible(&call.principal.agency, dataset).is_some());
    if !seen {
        return Err(refuse::not_found(&dataset.resource()).into());
    }
    call.is_about(|about| {
        about.dataset = Some(DatasetAt { name: dataset.clone(), version: None });
        about.purpose = Some(asked.purpose.clone());
    });
    match core.decide(call, asked, call.now) {
        Ok(_) => Ok(()),
        Err(denial) => Err(call.denied(&denial).into()),
    }
}
