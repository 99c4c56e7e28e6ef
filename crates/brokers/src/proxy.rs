//! The way from some clients to a broker, which a test can slow down or cut.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As if it were not there.
    Open,
    /// Each read waits for 50 ms.
    Slow,
    /// Nothing goes through; connections stay open, as behind a firewall that drops packets.
    Cut,
}

const SLOW: Duration = Duration::from_millis(50);
/// How often it is looked at whether a way that is cut is open again.
const LOOK: Duration = Duration::from_millis(10);

/// Forwards connections to a port of this machine. Its threads end with their connections, and the
/// one that accepts with the process.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    way: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) fn start(target: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, way) = (listener.local_addr()?.port(), Arc::new(AtomicU8::new(Way::Open as u8)));
        let shared = Arc::clone(&way);
        thread::Builder::new().name("proxy".into()).spawn(move || {
            for client in listener.incoming().flatten() {
                // A broker that is not there refuses; so does its way.
                if let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) {
                    let _ = both(client, broker, &shared);
                }
            }
        })?;
        Ok(Self { port, way })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
    }
}

fn both(client: TcpStream, broker: TcpStream, way: &Arc<AtomicU8>) -> io::Result<()> {
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    for (from, to) in [(client.try_clone()?, broker.try_clone()?), (broker, client)] {
        let way = Arc::clone(way);
        thread::Builder::new().name("proxy".into()).spawn(move || copy(from, to, &way))?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a way that is slow is what this thread plays")]
fn copy(mut from: TcpStream, mut to: TcpStream, way: &AtomicU8) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if way.load(Ordering::SeqCst) == Way::Slow as u8 {
            thread::sleep(SLOW);
        }
        while way.load(Ordering::SeqCst) == Way::Cut as u8 {
            thread::sleep(LOOK);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
