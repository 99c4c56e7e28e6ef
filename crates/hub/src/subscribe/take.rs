//! What the client says: credit, settlements, extensions. What is queued is taken together, so that
//! many small settlements cost one append.

use std::time::Duration;

use bytes::Bytes;
use ndxp_delivery::{AckToken, Backoff, Change, Outcome, RejectReason, Settlement};
use ndxp_proto::{
    convert,
    error::Refusal,
    exchange::{
        self as pb, SubscribeRequest, subscribe_request::Frame as In,
        subscribe_response::Frame as Out,
    },
};
use tokio_stream::StreamExt;
use tonic::{Code, Status, Streaming};

use super::{end::End, live::Live, outbox::Outbox};

/// The bytes that a credit of records grants if it names none.
const DEFAULT_CREDIT: u64 = 16 << 20;
/// The most frames that are taken together: what comes later waits for no more than these.
const TOGETHER: usize = 256;
/// The longest extension.
const LONGEST_EXTENSION: Duration = Duration::from_secs(10 * 60);

/// What frames that were taken together come to.
#[derive(Default)]
struct Taken {
    frames: usize,
    change: Change,
    results: Vec<pb::SubscribeSettleResult>,
}

type Incoming = Option<Result<SubscribeRequest, Status>>;

impl Live {
    /// Takes a frame of the client, and those that are queued behind it.
    pub(super) async fn take(
        &mut self,
        first: Incoming,
        incoming: &mut Streaming<SubscribeRequest>,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let mut taken = Taken::default();
        let mut next = Some(first);
        let mut ended = Ok(());
        while let Some(frame) = next.take() {
            ended = self.take_one(frame, &mut taken);
            taken.frames += 1;
            // Tombstones come last in a change, so none is followed by another change's records.
            let more = ended.is_ok() && taken.frames < TOGETHER && taken.change.forget.is_empty();
            if more {
                next = tokio::select! {
                    biased;
                    frame = incoming.next() => Some(frame),
                    () = std::future::ready(()) => None,
                };
            }
        }
        self.write_all(taken.change).await?;
        for result in taken.results {
            self.send(Out::SettleResult(result), outbox).await?;
        }
        ended
    }

    fn take_one(&mut self, frame: Incoming, taken: &mut Taken) -> Result<(), End> {
        let request = frame.ok_or(End::Closed)?.map_err(|status| unreadable(&status))?;
        match request.frame {
            Some(In::Credit(pb::SubscribeCredit { records: 0, bytes: 0 })) => {
                Err(Refusal::field("credit", "must grant records, bytes or both").into())
            }
            Some(In::Credit(credit)) => {
                let bytes = if credit.bytes == 0 { DEFAULT_CREDIT } else { credit.bytes };
                self.machine.credit(u64::from(credit.records), bytes);
                Ok(())
            }
            Some(In::Settle(settle)) => self.settle(settle, taken),
            Some(In::Extend(extend)) => self.extend(extend, taken),
            Some(In::Heartbeat(_)) => Ok(()),
            Some(In::Open(_)) => Err(Refusal::field("open", "the stream is open already").into()),
            None => Err(Refusal::field("frame", "unknown kind of frame").into()),
        }
    }

    fn settle(&mut self, settle: pb::SubscribeSettle, taken: &mut Taken) -> Result<(), End> {
        let mut lost = Vec::new();
        let settlements = settlements(settle, &mut lost)?;
        self.note_taken();
        let settled = self.machine.settle(&settlements, self.core.delivery_now());
        lost.extend(settled.lost.into_iter().map(wire));
        taken.add(settled.change);
        for (outcome, n) in
            [("acked", settled.acked), ("retried", settled.retried), ("rejected", settled.rejected)]
        {
            self.count(outcome, n);
        }
        let all = settled.acked + settled.retried + settled.rejected;
        let settled = u32::try_from(all).unwrap_or(u32::MAX);
        taken.results.push(pb::SubscribeSettleResult { lost, settled });
        Ok(())
    }

    fn extend(&mut self, extend: pb::SubscribeExtend, taken: &mut Taken) -> Result<(), End> {
        let by = convert::millis(extend.by, "extend.by")?.map(Duration::from_millis);
        if by.is_some_and(|by| by.is_zero() || by > LONGEST_EXTENSION) {
            return Err(Refusal::field("extend.by", "must be more than zero, up to 10 min").into());
        }
        let mut lost = Vec::new();
        let tokens = parse(extend.ack_tokens, &mut lost);
        self.note_taken();
        let extended = self.machine.extend(&tokens, self.core.delivery_now());
        let refused = extended.lost.len() + extended.used_up.len();
        lost.extend(extended.lost.into_iter().map(wire));
        taken.add(extended.change);
        let settled = u32::try_from(tokens.len() - refused).unwrap_or(u32::MAX);
        taken.results.push(pb::SubscribeSettleResult { lost, settled });
        Ok(())
    }
}

impl Taken {
    fn add(&mut self, change: Change) {
        self.change.append.extend(change.append);
        self.change.forget.extend(change.forget);
    }
}

/// Reads what is said of each record. Tokens that no hub gave are lost.
fn settlements(
    settle: pb::SubscribeSettle,
    lost: &mut Vec<Bytes>,
) -> Result<Vec<Settlement>, Refusal> {
    let ack = |token| Settlement { token, outcome: Outcome::Ack };
    let mut all: Vec<_> = parse(settle.ack_tokens, lost).into_iter().map(ack).collect();
    for (at, retry) in settle.retries.into_iter().enumerate() {
        let path = format!("settle.retries[{at}].delay");
        let delay = convert::millis(retry.delay, &path)?.map(Duration::from_millis);
        if delay.is_some_and(|delay| delay > Backoff::LONGEST) {
            return Err(Refusal::field(path, "must be up to 24 h"));
        }
        let token = parse(vec![retry.ack_token], lost);
        all.extend(
            token.into_iter().map(|token| Settlement { token, outcome: Outcome::Retry(delay) }),
        );
    }
    for (at, reject) in settle.rejects.into_iter().enumerate() {
        let reason = RejectReason::new(&reject.reason).map_err(|invalid| {
            Refusal::field(format!("settle.rejects[{at}].reason"), invalid.to_string())
        })?;
        let outcome = Outcome::Reject(reason);
        let token = parse(vec![reject.ack_token], lost);
        all.extend(token.into_iter().map(|token| Settlement { token, outcome: outcome.clone() }));
    }
    Ok(all)
}

fn parse(tokens: Vec<Bytes>, lost: &mut Vec<Bytes>) -> Vec<AckToken> {
    let mut parsed = Vec::with_capacity(tokens.len());
    for bytes in tokens {
        match AckToken::parse(&bytes) {
            Ok(token) => parsed.push(token),
            Err(_) => lost.push(bytes),
        }
    }
    parsed
}

fn wire(token: AckToken) -> Bytes {
    Bytes::copy_from_slice(&token.to_bytes())
}

/// A frame that cannot be read is the client's to mend; a lost connection ends the stream.
fn unreadable(status: &Status) -> End {
    match status.code() {
        Code::Internal | Code::OutOfRange | Code::Unimplemented => {
            Refusal::field("frame", "cannot be read").into()
        }
        _ => End::Closed,
    }
}
