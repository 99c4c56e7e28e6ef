//! What a call is about, as far as its first message tells: for those who pass calls on unread.

use ndxp_model::SubscriptionName;
use prost::Message;

use crate::{convert, exchange as pb, exchange::subscribe_request::Frame as In};

/// Reads the subscription out of a method's first message.
pub type About = fn(&[u8]) -> Option<SubscriptionName>;

/// Returns how to read what a call is about, if it is one about a subscription's delivery.
#[must_use]
pub fn about(path: &str) -> Option<About> {
    let (service, method) = path.strip_prefix("/ndxp.exchange.v1.")?.split_once('/')?;
    match (service, method) {
        ("SubscribeService", "Subscribe") => Some(opened),
        ("SubscribeService", "CreateSubscription") => Some(|message| {
            name(&read::<pb::CreateSubscriptionRequest>(message)?.subscription?.name)
        }),
        ("SubscribeService", "GetSubscription") => {
            Some(|message| name(&read::<pb::GetSubscriptionRequest>(message)?.name))
        }
        ("SubscribeService", "DeleteSubscription") => {
            Some(|message| name(&read::<pb::DeleteSubscriptionRequest>(message)?.name))
        }
        ("SubscribeService", "SeekSubscription") => {
            Some(|message| name(&read::<pb::SeekSubscriptionRequest>(message)?.name))
        }
        ("SubscribeService", "GetSubscriptionStatus") => {
            Some(|message| name(&read::<pb::GetSubscriptionStatusRequest>(message)?.name))
        }
        ("DeadLetterService", "ListDeadLetters") => {
            Some(|message| name(&read::<pb::ListDeadLettersRequest>(message)?.parent))
        }
        ("DeadLetterService", "GetDeadLetter") => {
            Some(|message| letter(&read::<pb::GetDeadLetterRequest>(message)?.name))
        }
        ("DeadLetterService", "RedriveDeadLetters") => {
            Some(|message| name(&read::<pb::RedriveDeadLettersRequest>(message)?.parent))
        }
        ("DeadLetterService", "PurgeDeadLetters") => {
            Some(|message| name(&read::<pb::PurgeDeadLettersRequest>(message)?.parent))
        }
        _ => None,
    }
}

fn read<T: Message + Default>(message: &[u8]) -> Option<T> {
    T::decode(message).ok()
}

fn opened(message: &[u8]) -> Option<SubscriptionName> {
    match read::<pb::SubscribeRequest>(message)?.frame? {
        In::Open(open) => name(&open.subscription),
        _ => None,
    }
}

fn name(text: &str) -> Option<SubscriptionName> {
    convert::subscription_name(text, "name").ok()
}

/// A dead letter's name begins with its subscription's.
fn letter(text: &str) -> Option<SubscriptionName> {
    name(text.split_once("/deadLetters/")?.0)
}
