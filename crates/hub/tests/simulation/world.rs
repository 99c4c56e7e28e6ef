//! The hub, everybody around it, and what may happen.

use std::{collections::BTreeMap, time::Duration};

use ndxp_client::proto::{
    common::AccessContext,
    exchange::{
        DeliveryOptions, DeliveryOrder, SeekSubscriptionRequest, StartPosition, Subscription,
        seek_subscription_request::To, subscribe_service_client::SubscribeServiceClient,
    },
    registry::DatasetCategory,
};
use ndxp_log::memory::Fault;
use ndxp_testkit::{Chance, Grant, Template, TestHub, citizens};
use tokio::time::sleep;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    consumer::Consumer,
    events::{Events, MOVES},
    intruder::{Intruder, JUNK},
    people::{PEOPLE, PROVINCES, People},
    story::{pause, tell},
};

/// The agreement whose rows change, and which is suspended now and then.
const PART: &str = "agr-part";
const STEWARD: &str = "agency/tax/officer/steward-1";

pub(crate) struct World {
    hub: Option<TestHub>,
    chance: Chance,
    people: People,
    events: Events,
    /// Sees all people.
    all: Consumer,
    /// Sees the people of one province.
    part: Consumer,
    rows: &'static str,
    suspended: bool,
    moves: Consumer,
    seeks: u64,
    intruder: Intruder,
}

impl World {
    /// A nation at rest.
    pub(crate) async fn template() -> Template {
        let hub = TestHub::start().await;
        for agency in ["tax", "land", "health", "social"] {
            hub.agency(agency).await;
        }
        hub.dataset(&citizens(PEOPLE)).await;
        let mut moves = citizens(MOVES);
        moves.category = DatasetCategory::Event;
        hub.dataset(&moves).await;
        hub.agreement(&Grant::of("agr-all", PEOPLE, "land", &["/id", "/name"])).await;
        hub.agreement(&part(PROVINCES[0])).await;
        hub.agreement(&Grant::of("agr-moves", MOVES, "social", &["/id", "/name", "/province"]))
            .await;
        hub.subscription("land", "all", PEOPLE).await;
        hub.subscription("land", JUNK, PEOPLE).await;
        hub.subscription("health", "part", PEOPLE).await;
        let ordered = Subscription {
            name: "agencies/social/subscriptions/moves".to_owned(),
            dataset: "agencies/tax/datasets/moves".to_owned(),
            access: Some(AccessContext { purpose: "service".to_owned(), ..Default::default() }),
            start: StartPosition::Earliest.into(),
            options: Some(DeliveryOptions {
                order: DeliveryOrder::ByKey.into(),
                ..DeliveryOptions::default()
            }),
            ..Subscription::default()
        };
        let portal = hub.client("agency/social/system/portal");
        portal.create_subscription(ordered).await.unwrap();
        hub.into_template().await
    }

    pub(crate) async fn new(template: &Template, chance: Chance) -> Self {
        Self {
            hub: Some(template.start().await),
            chance,
            people: People::default(),
            events: Events::default(),
            all: Consumer::new("land", "all", false),
            part: Consumer::new("health", "part", false),
            rows: PROVINCES[0],
            suspended: false,
            moves: Consumer::new("social", "moves", true),
            seeks: 0,
            intruder: Intruder::default(),
        }
    }

    pub(crate) async fn step(&mut self) {
        let Some(hub) = &self.hub else { return };
        match self.chance.below(100) {
            0..18 => self.people.publish(hub, &mut self.chance).await,
            18..30 => self.events.publish(hub, &mut self.chance).await,
            30..42 => self.all.receive(hub, &mut self.chance).await,
            42..54 => self.part.receive(hub, &mut self.chance).await,
            54..66 => self.moves.receive(hub, &mut self.chance).await,
            66..72 => self.fail(),
            72..76 => self.revise().await,
            76..80 => self.suspend_or_resume().await,
            80..83 => self.seek().await,
            83..88 => self.intruder.act(hub, &mut self.chance).await,
            88..94 => self.end().await,
            _ => sleep(pause(&mut self.chance)).await,
        }
    }

    /// The log fails at one of the next appends.
    fn fail(&mut self) {
        let Some(hub) = &self.hub else { return };
        let faults = hub.faults();
        for _ in 0..self.chance.below(3) {
            faults.pass_append();
        }
        let fault = self.chance.of(&[Fault::NotWritten, Fault::Written, Fault::EntryOnly]);
        tell(format!("the log fails: {fault:?}"));
        faults.next_append(fault);
    }

    /// The node ends, in one of three ways, perhaps while somebody publishes.
    async fn end(&mut self) {
        let Some(hub) = self.hub.take() else { return };
        if self.chance.percent(60) {
            hub.faults().hold();
            self.people.begin(&hub, &mut self.chance);
            sleep(Duration::from_millis(1 + self.chance.below(40))).await;
        }
        let how = self.chance.below(3);
        tell(format!("the node ends: {how}"));
        self.hub = Some(match how {
            0 => hub.kill().await,
            1 => hub.power_loss().await,
            _ => {
                // A node does not begin on a log that fails.
                hub.faults().no_more();
                hub.faults().release();
                hub.restart().await
            }
        });
        self.all.cut();
        self.part.cut();
        self.moves.cut();
    }

    /// Another province moves into the filter.
    async fn revise(&mut self) {
        self.resume().await;
        self.rows = self.chance.of(&PROVINCES);
        tell(format!("rows of {}", self.rows));
        self.calm().agreement(&part(self.rows)).await;
    }

    async fn suspend_or_resume(&mut self) {
        if self.suspended {
            return self.resume().await;
        }
        tell("suspended".to_owned());
        self.calm().client(STEWARD).suspend_agreement(&format!("agreements/{PART}")).await.unwrap();
        self.suspended = true;
    }

    async fn resume(&mut self) {
        if std::mem::take(&mut self.suspended) {
            tell("resumed".to_owned());
            let name = format!("agreements/{PART}");
            self.calm().client(STEWARD).resume_agreement(&name).await.unwrap();
        }
    }

    async fn seek(&mut self) {
        tell("seek to the earliest");
        self.seeks += 1;
        let request = SeekSubscriptionRequest {
            request_id: format!("00000000-0000-7000-8000-{:012}", self.seeks),
            name: self.moves.resource(),
            to: Some(To::Position(StartPosition::Earliest.into())),
            dry_run: false,
        };
        let channel = self.calm().channel("agency/social/system/portal");
        SubscribeServiceClient::new(channel).seek_subscription(request).await.unwrap();
        self.moves.sought();
    }

    /// The hub, with a log that has failed enough: officers' work is not what is tried here.
    fn calm(&self) -> &TestHub {
        let hub = self.hub.as_ref().unwrap();
        hub.faults().no_more();
        hub
    }

    /// Everything heals: in the end all copies are right.
    pub(crate) async fn drain(&mut self) {
        self.resume().await;
        let hub = self.hub.take().unwrap();
        hub.faults().no_more();
        self.people.finish(&hub).await;
        self.events.finish(&hub).await;
        for consumer in [&mut self.all, &mut self.part, &mut self.moves] {
            consumer.finish(&hub).await;
        }
        assert_eq!(self.all.copy, self.visible(|_| true));
        assert_eq!(self.part.copy, self.visible(|province| province == self.rows));
        let events = &self.events.accepted;
        let arrived = |number: &&u64| {
            let name = format!(r#""name":"{number}""#);
            self.moves.seen.iter().any(|payload| payload.contains(&name))
        };
        let lost: Vec<_> = events.iter().filter(|number| !arrived(number)).collect();
        assert!(lost.is_empty(), "{lost:?} never came");
    }

    fn visible(&self, admits: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let admitted = self.people.state.iter().filter(|(_, (province, _))| admits(province));
        let shown = |(id, (_, version)): (&String, &(&str, u64))| {
            (id.clone(), format!(r#"{{"id":"{id}","name":"{version}"}}"#))
        };
        admitted.map(shown).collect()
    }
}

fn part(rows: &str) -> Grant {
    Grant::of(PART, PEOPLE, "health", &["/id", "/name"]).only("/province", rows)
}

/// A stream or call ended in a way that its user was told of: one of these reasons, a drain, or a
/// lost connection.
pub(crate) fn known(status: &Status, reasons: &[&str]) {
    match status.get_details_error_info() {
        Some(info) if info.reason == "NODE_DRAINING" => {}
        Some(info) => assert!(reasons.contains(&info.reason.as_str()), "{status:?}"),
        None => assert!(
            matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown),
            "{status:?}"
        ),
    }
}
