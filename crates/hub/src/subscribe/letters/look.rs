//! One dead letter with its record: decided and audited as a delivery is.

use std::sync::Arc;

use ndxp_audit::{DatasetAt, Delivered, Entry, Release, Way};
use ndxp_delivery::Letter;
use ndxp_log::{ReadError, ReadLimits};
use ndxp_model::{Dataset, Operation, SubscriptionName};
use ndxp_policy::Grant;
use ndxp_proto::exchange as pb;

use super::{Ids, all, message};
use crate::{
    call::Call,
    core::{Core, receipt_message},
    decide::Asked,
    publish::under,
    readers::{Handed, Projector, Shown},
    refuse::{self, Failed},
    subscribe::{
        members::is_as_judged,
        open::{find, partition},
        seek::may_steer,
    },
};

/// Returns a dead letter and, as far as the agreement shows it now, its record.
pub(crate) async fn look(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
    id: &str,
) -> Result<pb::GetDeadLetterResponse, Failed> {
    let (subscription, dataset) = find(core, call, name)?;
    may_steer(core, &call.principal)?;
    let ids = Ids::of(core, name, &dataset);
    let found = all(core, name)?.into_iter().find(|(letter, _)| ids.id(letter.place) == id);
    let resource = || format!("{}/deadLetters/{id}", name.resource());
    let (letter, _) = found.ok_or_else(|| refuse::not_found(&resource()))?;
    let asked = Asked {
        dataset: &subscription.dataset,
        operation: Operation::Subscribe,
        purpose: &subscription.purpose,
        agreement: subscription.agreement.as_ref(),
    };
    let decide = || core.decide(call, asked, core.now()).map_err(|denial| call.denied(&denial));
    let grant = decide()?;
    let shown = read(core, &dataset, &grant, &letter).await?;
    let dead_letter = Some(message(name, id, &letter));
    let Some(shown) = shown else {
        return Ok(pb::GetDeadLetterResponse { dead_letter, record: None, receipt: None });
    };
    let delivered = Delivered {
        partition: letter.place.partition,
        first: letter.place.offset,
        last: letter.place.offset,
    };
    let entry = Entry::Release(Release {
        by: call.principal.clone(),
        way: Way::DeadLetter,
        ds: DatasetAt { name: dataset.name.clone(), version: None },
        sub: name.clone(),
        under: under(&grant, subscription.purpose.clone())?,
        rng: (!grant.plan.filters_rows()).then(|| vec![delivered]),
        n: 1,
        again: true,
    });
    let receipt = core.ledger.note(&entry).await?;
    // The decision of this moment, as before each frame.
    if decide()?.plan.hash() != grant.plan.hash() {
        return Err(Failed(refuse::draining()));
    }
    let handed =
        Handed { ack_token: bytes::Bytes::new(), attempt: letter.attempts, replayed: true };
    let record = shown.deliver(&core.keys.of(&name.agency, &dataset.name), handed);
    let receipt = Some(receipt_message(receipt, ""));
    Ok(pb::GetDeadLetterResponse { dead_letter, record, receipt })
}

/// Reads the record as the grant shows it; nothing if it is not kept, or not shown as it was judged.
async fn read(
    core: &Core,
    dataset: &Dataset,
    grant: &Grant,
    letter: &Letter,
) -> Result<Option<Arc<Shown>>, ReadError> {
    let at = partition(dataset, letter.place.partition);
    let projector = Projector::new(dataset, Arc::clone(&grant.plan));
    let one = ReadLimits { records: 1, bytes: usize::MAX };
    let page = match core.readers.read(&at, letter.place.offset, one, &projector).await {
        Err(ReadError::Expired { .. }) => return Ok(None),
        page => page?,
    };
    let is_it = |shown: &Arc<Shown>| {
        shown.offset == letter.place.offset && is_as_judged(shown.judged, letter.verdict)
    };
    Ok(page.records.into_iter().find(is_it))
}
