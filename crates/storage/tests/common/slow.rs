//! A way to a server that takes its time, and counts journeys.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A listener for connections that lead to a server.
pub(crate) struct Slow {
    pub(crate) address: SocketAddr,
    journeys: Arc<AtomicU64>,
}

impl Slow {
    /// Listens for connections to a server; what is sent arrives after a delay, each way.
    pub(crate) fn new(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let journeys = Arc::new(AtomicU64::new(0));
        let counted = journeys.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Ok(server) = TcpStream::connect(server) {
                    connect(client, server, delay, counted.clone());
                }
            }
        });
        Self { address, journeys }
    }

    /// How often a client has sent something after an answer, or at first.
    pub(crate) fn journeys(&self) -> u64 {
        self.journeys.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, server: TcpStream, delay: Duration, journeys: Arc<AtomicU64>) {
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let is_answered = Arc::new(AtomicBool::new(true));
    let answers = is_answered.clone();
    pass(client, server_too, delay, move || {
        if is_answered.swap(false, Ordering::SeqCst) {
            journeys.fetch_add(1, Ordering::SeqCst);
        }
    });
    pass(server, client_too, delay, move || answers.store(true, Ordering::SeqCst));
}

/// Passes on what comes, each piece after the delay.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration, seen: impl Fn() + Send + 'static) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            seen();
            if sender.send((Instant::now() + delay, buffer[..read].to_vec())).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Read);
    });
    std::thread::spawn(move || {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
