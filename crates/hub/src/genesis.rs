//! The beginning of a hub: the registry's first record.

use std::{collections::BTreeSet, sync::Arc};

use ndxp_log::{AppendError, Log, Partition, ReadError, Record};
use ndxp_model::{
    Agency, HubTopic, Officer, OfficerId, Principal, PrincipalName, RequestId, Role, Timestamp,
    Topic, TrustDomain,
};
use ndxp_registry::{Event, FORMAT, RegistryRecord};
use thiserror::Error;

/// What a hub begins with.
#[derive(Debug, Clone)]
pub struct Genesis {
    /// The name space of its certificates.
    pub trust_domain: TrustDomain,
    /// The agency that supervises the others.
    pub authority: Agency,
    /// Its first officers, at least two: four eyes need two persons.
    pub officers: Vec<OfficerId>,
    /// Tells this log from any other: random bytes.
    pub incarnation: [u8; 16],
}

/// Why a hub cannot begin.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// The log holds a registry already.
    #[error("the log holds a hub already: init is done once")]
    NotEmpty,
    /// Fewer than two officers.
    #[error("a hub begins with at least two officers, so that one never acts alone")]
    Officers,
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The log cannot be written.
    #[error("the log cannot be written")]
    Append(#[from] AppendError),
}

/// Writes the genesis into an empty log. Its audit entry is written by the first boot.
///
/// # Errors
/// [`GenesisError`]; after `Append` with an unknown outcome, look again.
pub async fn genesis(
    log: &Arc<dyn Log>,
    genesis: Genesis,
    now: Timestamp,
) -> Result<(), GenesisError> {
    let registry = Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 };
    if *log.follow(&registry)?.borrow() > 0 {
        return Err(GenesisError::NotEmpty);
    }
    let record = record(genesis, now)?;
    let value = record.encode().into();
    let stored = Record { value, timestamp: now, ..Record::default() };
    log.append(HubTopic::Registry, 0, vec![stored]).await?;
    Ok(())
}

fn record(genesis: Genesis, now: Timestamp) -> Result<RegistryRecord, GenesisError> {
    let Some(first) = genesis.officers.first().filter(|_| genesis.officers.len() >= 2) else {
        return Err(GenesisError::Officers);
    };
    let agency = genesis.authority.id.clone();
    let actor =
        PrincipalName { agency: agency.clone(), principal: Principal::Officer(first.clone()) };
    let all = [Role::Authority, Role::Steward, Role::Approver, Role::Operator];
    let incarnation = hex::encode(genesis.incarnation);
    let mut events = vec![
        Event::Genesis { trust_domain: genesis.trust_domain, incarnation },
        Event::AgencyCreated { agency: genesis.authority },
    ];
    events.extend(genesis.officers.into_iter().map(|id| Event::OfficerCreated {
        agency: agency.clone(),
        officer: Officer { id, roles: BTreeSet::from(all) },
    }));
    Ok(RegistryRecord {
        v: FORMAT,
        base: 0,
        t: now,
        request_id: RequestId::from_bytes(genesis.incarnation),
        body: String::new(),
        actor: Some(actor),
        command: "genesis".to_owned(),
        events,
    })
}
