//! The two streams against a real hub that restarts, is killed, and refuses.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod publisher;
mod road;
mod subscriber;

use ndxp_client::{Subscriber, SubscriberOptions, proto::exchange::Record};
use ndxp_testkit::{Grant, TestHub, citizens, upsert};
use road::Road;

const DATASET: &str = "agencies/tax/datasets/citizens";
const ALL: &str = "agencies/land/subscriptions/all";
const TAX: &str = "agency/tax/system/portal";
const LAND: &str = "agency/land/system/portal";

/// Starts a hub where `land` may receive all of the dataset of `tax`, and has a subscription.
async fn pair() -> TestHub {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    hub.agency("land").await;
    hub.dataset(&citizens("tax/citizens")).await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id", "/name", "/province"]))
        .await;
    hub.subscription("land", "all", "tax/citizens").await;
    hub
}

/// Makes a record about one of ten citizens.
fn record(number: usize) -> Record {
    let citizen = number % 10;
    let payload =
        format!(r#"{{"id":"{citizen}","name":"state {number}","province":"north","income":0}}"#);
    upsert(&format!("r-{number}"), payload)
}

fn subscriber(hub: &TestHub, road: &Road) -> Subscriber {
    road.client(hub, LAND).subscriber(ALL, SubscriberOptions::default())
}

/// Restarts in order, or as a power cut does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Restart,
    Kill,
}

impl Again {
    /// Ends the hub and starts it elsewhere, where the road leads from then on.
    async fn start(self, hub: TestHub, road: &Road) -> TestHub {
        let hub = match self {
            Self::Restart => hub.restart().await,
            Self::Kill => hub.kill().await,
        };
        road.leads_to(hub.address());
        hub
    }
}
