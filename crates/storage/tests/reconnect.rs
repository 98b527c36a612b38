//! A PostgreSQL server that drops its connections, or is far, or with other sessions that hang.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/slow.rs"]
mod slow;

use automl_space::Space;
use automl_study::RandomSampler;
use automl_study::{State, Study};
use common::Place;
use postgres::{Client, NoTls};
use slow::Slow;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

/// The server, the study's URL with a name for its sessions, and that name; the schema lives as long
/// as the place.
fn named() -> Option<(Client, String, String, Place)> {
    let place = Place::postgres()?;
    let Place::Schema { server, name, .. } = &place else { return None };
    let client = Client::connect(server, NoTls).unwrap();
    let (url, name) = (format!("{}&application_name={name}", place.url()), name.clone());
    Some((client, url, name, place))
}

/// Ends every session of this name; returns how many.
fn terminate(client: &mut Client, name: &str) -> usize {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    client.query(sql, &[&name]).unwrap().len()
}

#[test]
fn a_dropped_connection_ends_nothing() {
    let Some((mut client, url, name, _place)) = named() else { return };
    let storage = automl_storage::open(&url, "test").unwrap();
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    for round in 0..3 {
        let job = study.ask().unwrap();
        assert_eq!(job.number, 2 * round);
        assert!(terminate(&mut client, &name) >= 1);
        study.tell(job.number, 0.5).unwrap();
        assert!(terminate(&mut client, &name) >= 1);
        let job = study.ask().unwrap();
        study.tell(job.number, 0.25).unwrap();
    }
    assert_eq!(study.history().count(State::Complete), 6);
}

/// A way to the server that can be closed and opened again.
struct Gate {
    address: SocketAddr,
    server: SocketAddr,
    passing: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    fn new(server: SocketAddr) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { address, server, passing: Arc::default() }
    }

    /// Lets connections pass until the gate is closed.
    fn open(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let (server, passing) = (self.server, self.passing.clone());
        let pass = move |client: TcpStream| {
            let server = TcpStream::connect(server).unwrap();
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                passing.lock().unwrap().push(from.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        };
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let mut first = [0; 1];
                match client.peek(&mut first) {
                    Ok(1) => pass(client),
                    // A silent client closes the gate.
                    _ => break,
                }
            }
        });
    }

    fn close(&self) {
        drop(TcpStream::connect(self.address).unwrap());
        for stream in self.passing.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The address of the server, and how the URL has it.
fn server(place: &Place) -> (SocketAddr, String) {
    let config: postgres::Config = place.url().parse().unwrap();
    let Some(postgres::config::Host::Tcp(host)) = config.get_hosts().first() else {
        panic!("the tests reach the server by TCP");
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let server = (host.as_str(), port).to_socket_addrs().unwrap().next().unwrap();
    (server, format!("{host}:{port}"))
}

/// Over a far way each journey costs its latency: what needs no answer travels with what does.
#[test]
fn a_trial_takes_few_journeys() {
    let Some(place) = Place::postgres() else { return };
    let (server, host) = server(&place);
    let way = Slow::new(server, Duration::ZERO);
    let url = place.url().replacen(&host, &way.address.to_string(), 1);
    let open = || {
        let storage = automl_storage::open(&url, "test").unwrap();
        let sampler = RandomSampler::uniform();
        Study::builder(space()).sampler(sampler).storage(storage).build().unwrap()
    };
    let turn = |study: &mut Study| {
        let job = study.ask().unwrap();
        study.tell(job.number, 0.5).unwrap();
    };
    let (mut first, mut second) = (open(), open());
    // Statements are prepared, and both learn that they are not alone.
    let both = |first: &mut Study, second: &mut Study| {
        std::thread::scope(|scope| {
            for study in [first, second] {
                scope.spawn(move || (0..20).for_each(|_| turn(study)));
            }
        });
    };
    both(&mut first, &mut second);
    let before = way.journeys();
    (0..10).for_each(|_| turn(&mut first));
    let alone = way.journeys() - before;
    let before = way.journeys();
    both(&mut first, &mut second);
    let together = way.journeys() - before;
    assert!(alone <= 10 * 6, "{alone} journeys for 10 trials");
    // A proposal that loses is made again.
    assert!(together <= 40 * 8, "{together} journeys for 40 trials");
}

/// A server that starts again is waited for.
#[test]
fn a_server_that_comes_back_is_waited_for() {
    let Some(place) = Place::postgres() else { return };
    let (server, host) = server(&place);
    let gate = Gate::new(server);
    gate.open();
    let url = place.url().replacen(&host, &gate.address.to_string(), 1);
    let storage = automl_storage::open(&url, "test").unwrap();
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    let job = study.ask().unwrap();
    gate.close();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            gate.open();
        });
        study.tell(job.number, 0.5).unwrap();
    });
    // At the first attempt there is none to be patient with.
    gate.close();
    let error = automl_storage::open(&url, "other").map(drop).unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
}
