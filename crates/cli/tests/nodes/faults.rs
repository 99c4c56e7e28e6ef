//! What breaks, drawn by chance from a seed.

use std::time::Duration;

use ndxp_brokers::Way;
use tokio::time::sleep;

use crate::hub::{Hub, NODES};

const REGISTRY: &str = "ndxp.registry";
const SLOWED: u64 = 600;

/// A stream of numbers from a seed: SplitMix64.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// One thing that goes wrong, and right again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// `kill -9` of a node, which is started again after a while.
    NodeKilled { node: usize, ms: u64 },
    /// A node that stands still for longer than its place in the group lasts, and goes on.
    NodeStopped { node: usize, ms: u64 },
    /// A node that drains, as for an upgrade.
    NodeDrained { node: usize },
    /// All nodes, one after the other.
    Rolling,
    /// A broker loses its power; its partitions get other leaders.
    BrokerKilled { broker: usize, ms: u64 },
    /// A broker that keeps its connections open and answers nothing.
    BrokerStopped { broker: usize, ms: u64 },
    /// The registry gets another leader; all brokers stay up.
    LeaderMoves,
    /// Two of three brokers are gone: nothing can be acknowledged.
    TwoBrokersKilled { left: usize, ms: u64 },
    /// The first node and the brokers do not hear each other; agencies and nodes do.
    Cut { ms: u64 },
    /// The first node and one broker do not hear each other: its words may get through or not, while
    /// its other appends do or not.
    CutFromOne { broker: usize, ms: u64 },
    /// What they say to each other takes 50 ms longer each time.
    Slow { ms: u64 },
    /// A broker and a node at once.
    Both { node: usize, broker: usize, ms: u64 },
}

impl Fault {
    /// How many kinds there are.
    pub(crate) const KINDS: u64 = 12;

    /// Draws the fault of a round: rounds 1 to 12 have each kind once, in an order of chance, and so
    /// on.
    pub(crate) fn draw(round: u64) -> Self {
        let mut kinds: Vec<u64> = (0..Self::KINDS).collect();
        let mut order = Chance::new(round.wrapping_sub(1) / Self::KINDS);
        (1..kinds.len()).rev().for_each(|last| kinds.swap(last, order.below(last + 1)));
        let mut chance = Chance::new(round);
        let (node, broker) = (chance.below(NODES), chance.below(3));
        let ms = 500 + chance.next() % 4_000;
        match kinds[usize::try_from(round.wrapping_sub(1) % Self::KINDS).unwrap()] {
            0 => Self::NodeKilled { node, ms },
            1 => Self::NodeStopped { node, ms: ms + 7_000 },
            2 => Self::NodeDrained { node },
            3 => Self::Rolling,
            4 => Self::BrokerKilled { broker, ms },
            5 => Self::BrokerStopped { broker, ms: ms + 4_000 },
            6 => Self::TwoBrokersKilled { left: broker, ms },
            // Longer than an append may take: its outcome is unknown then.
            7 => Self::Cut { ms: ms + 10_500 },
            8 => Self::Slow { ms },
            9 => Self::LeaderMoves,
            10 => Self::CutFromOne { broker, ms: ms + 6_000 },
            _ => Self::Both { node, broker, ms },
        }
    }

    pub(crate) async fn happen(self, hub: &mut Hub) {
        match self {
            Self::NodeKilled { node, ms } => {
                slowed(hub).await;
                hub.kill(node);
                hub.brokers.set_way(Way::Open);
                pause(ms).await;
                again(hub, node).await;
            }
            Self::NodeStopped { node, ms } => {
                hub.signal(node, "-STOP");
                pause(ms).await;
                hub.signal(node, "-CONT");
            }
            Self::NodeDrained { node } => drained(hub, node).await,
            Self::Rolling => {
                for node in 0..NODES {
                    drained(hub, node).await;
                }
            }
            Self::BrokerKilled { broker, ms } => {
                hub.brokers.broker(broker).kill();
                pause(ms).await;
                hub.brokers.broker(broker).restart().unwrap();
            }
            Self::BrokerStopped { broker, ms } => {
                hub.brokers.broker(broker).pause().unwrap();
                pause(ms).await;
                hub.brokers.broker(broker).resume().unwrap();
            }
            Self::LeaderMoves => leader_moves(hub).await,
            Self::TwoBrokersKilled { left, ms } => {
                let gone = [(left + 1) % 3, (left + 2) % 3];
                gone.iter().for_each(|broker| hub.brokers.broker(*broker).kill());
                pause(ms).await;
                gone.iter().for_each(|broker| hub.brokers.broker(*broker).restart().unwrap());
            }
            Self::Cut { ms } => {
                slowed(hub).await;
                way(hub, Way::Cut, ms).await;
            }
            Self::CutFromOne { broker, ms } => {
                hub.brokers.set_way_to(broker, Way::Cut);
                pause(ms).await;
                hub.brokers.set_way_to(broker, Way::Open);
            }
            Self::Slow { ms } => way(hub, Way::Slow, ms).await,
            Self::Both { node, broker, ms } => {
                hub.brokers.broker(broker).kill();
                hub.kill(node);
                pause(ms).await;
                hub.brokers.broker(broker).restart().unwrap();
                again(hub, node).await;
            }
        }
    }
}

async fn leader_moves(hub: &Hub) {
    let tool = hub.brokers.tool();
    let moved = tokio::task::spawn_blocking(move || {
        let leader = tool.leader(REGISTRY).unwrap();
        let next = leader % 3 + 1;
        tool.lead(REGISTRY, &[next, next % 3 + 1, leader]).unwrap();
        assert_eq!(tool.leader(REGISTRY).unwrap(), next);
    });
    moved.await.unwrap();
}

/// Slows the first node's way to the brokers, so that the next moment meets appends that are written
/// and not yet acknowledged: their outcome is unknown, and they are sent again to another node.
async fn slowed(hub: &Hub) {
    hub.brokers.set_way(Way::Slow);
    pause(SLOWED).await;
}

async fn way(hub: &Hub, way: Way, ms: u64) {
    hub.brokers.set_way(way);
    pause(ms).await;
    hub.brokers.set_way(Way::Open);
}

async fn again(hub: &mut Hub, node: usize) {
    hub.launch(node);
    hub.serves(node).await;
}

async fn drained(hub: &mut Hub, node: usize) {
    hub.stop(node).await;
    again(hub, node).await;
}

async fn pause(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}
