//! A system that sends what no client would send, reads nothing, or goes away in the middle. It has
//! a subscription of its own, and must not harm the others'.

use ndxp_client::proto::exchange::{
    SubscribeCredit, SubscribeExtend, SubscribeOpen, SubscribeReject, SubscribeRequest,
    SubscribeRetry, SubscribeSettle, subscribe_request::Frame as Ask,
};
use ndxp_testkit::{Chance, RawPublish, RawStream, TestHub};
use tonic::Code;

use crate::events::MOVES;

const PORTAL: &str = "agency/land/system/portal";
pub(crate) const JUNK: &str = "junk";

/// Streams that it holds and does not read.
#[derive(Default)]
pub(crate) struct Intruder(Vec<RawStream>);

impl Intruder {
    pub(crate) async fn act(&mut self, hub: &TestHub, chance: &mut Chance) {
        match chance.below(4) {
            0 => self.hoard(hub).await,
            1 => self.0.clear(),
            2 => babble(hub, chance).await,
            _ => publish_nonsense(hub, chance).await,
        }
    }

    /// Much credit, and never a look at what comes.
    async fn hoard(&mut self, hub: &TestHub) {
        let name = format!("agencies/land/subscriptions/{JUNK}");
        if let Ok(stream) = RawStream::open(hub.channel(PORTAL), &name).await {
            stream.credit(u32::MAX, u64::MAX).await;
            self.0.push(stream);
        }
    }
}

/// Random frames in random order, to the end.
async fn babble(hub: &TestHub, chance: &mut Chance) {
    let Ok(mut stream) = RawStream::call(hub.channel(PORTAL)).await else { return };
    for _ in 0..=chance.below(6) {
        stream.send_raw(SubscribeRequest { frame: frame(chance) }).await;
    }
    stream.close();
    let (_, status) = stream.end().await;
    assert!(status.is_none_or(|status| status.code() != Code::Internal));
}

fn frame(chance: &mut Chance) -> Option<Ask> {
    let length = chance.of(&[0, 1, 16, 64, 5_000]);
    let token = vec![chance.below(256) as u8; length];
    let many = (0..chance.of(&[0, 1, 3, 5_000])).map(|_| token.clone().into());
    let token = || token.clone().into();
    match chance.below(6) {
        0 => Some(Ask::Open(SubscribeOpen {
            subscription: format!("agencies/land/subscriptions/{JUNK}"),
            ..SubscribeOpen::default()
        })),
        1 => Some(Ask::Credit(SubscribeCredit { records: u32::MAX, bytes: u64::MAX })),
        2 => {
            let ack_tokens = many.collect();
            Some(Ask::Settle(SubscribeSettle { ack_tokens, ..SubscribeSettle::default() }))
        }
        3 => Some(Ask::Settle(SubscribeSettle {
            retries: vec![SubscribeRetry { ack_token: token(), delay: None }],
            rejects: vec![SubscribeReject { ack_token: token(), reason: "x".repeat(5_000) }],
            ..SubscribeSettle::default()
        })),
        4 => Some(Ask::Extend(SubscribeExtend { ack_tokens: vec![token()], ..Default::default() })),
        _ => None,
    }
}

/// It may not publish there, and says nothing that could be read.
async fn publish_nonsense(hub: &TestHub, chance: &mut Chance) {
    let channel = hub.channel(PORTAL);
    let Ok(mut stream) = RawPublish::call(channel).await else { return };
    if chance.percent(50) {
        stream.batch(Vec::new()).await;
    }
    stream.close();
    let (_, status) = stream.end().await;
    assert!(status.is_some_and(|status| status.code() != Code::Internal));
    let refused = hub.publish_stream("land", MOVES).await;
    assert!(refused.is_err(), "land has no dataset, and no agreement to publish");
}
