//! Chance: workers are started, killed, stopped, and started under other clocks and limits.

use super::faulty::Fault;
use super::{check, place};
use rand::RngExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest stop of a worker, longer than its lease.
const LONGEST_STOP: Duration = Duration::from_secs(6);

/// The time in which the study must come to its end, once no worker is disturbed.
const END: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) time: Duration,
    pub(crate) workers: usize,
    pub(crate) seed: u64,
    pub(crate) fault: Option<Fault>,
}

/// What was done to the workers.
#[derive(Debug, Default)]
struct Count {
    kills: u64,
    stops: u64,
    clocks: u64,
    limits: u64,
    restarts: u64,
}

struct Slot {
    child: Child,
    /// When a stopped worker goes on.
    wakes: Option<Instant>,
}

/// The library that gives a process another clock, where it is installed.
fn faketime() -> Option<&'static str> {
    const PLACES: [&str; 4] = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib64/faketime/libfaketime.so.1",
        "/usr/local/lib/faketime/libfaketime.so.1",
    ];
    PLACES.into_iter().find(|place| Path::new(place).exists())
}

fn signal(child: &Child, name: &str) {
    let _ = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
}

struct Parent<'a> {
    url: &'a str,
    folder: &'a Path,
    settings: &'a Settings,
    lives: u64,
    count: Count,
}

impl Parent<'_> {
    /// Starts a worker, now and then with another clock or without room for its files.
    fn spawn(&mut self, rng: &mut impl RngExt, calm: bool) -> Slot {
        self.lives += 1;
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("sh");
        let is_full = !calm && rng.random_bool(0.05);
        let words = if is_full { "ulimit -f 8; exec \"$@\"" } else { "exec \"$@\"" };
        command.args(["-c", words, "sh"]).arg(program).arg("worker").arg(self.url);
        let fault = self.settings.fault.map_or("-".to_owned(), |fault| format!("{fault:?}"));
        command.arg(self.folder).arg(self.lives.to_string()).arg(fault);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.count.limits += u64::from(is_full);
        if let Some(library) = faketime().filter(|_| !calm && rng.random_bool(0.2)) {
            let offset = ["+2h", "-2h", "+40d", "-40d"][rng.random_range(0..4)];
            command.env("LD_PRELOAD", library).env("FAKETIME", offset);
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            self.count.clocks += 1;
        }
        Slot { child: command.spawn().unwrap(), wakes: None }
    }

    /// Plays until the time is over.
    fn play(&mut self, slots: &mut [Slot], rng: &mut impl RngExt) {
        let start = Instant::now();
        let restart_every = Duration::from_secs(20);
        let mut restart = Instant::now() + restart_every;
        while start.elapsed() < self.settings.time {
            std::thread::sleep(Duration::from_millis(rng.random_range(50..250)));
            for slot in slots.iter_mut() {
                if slot.wakes.is_some_and(|wakes| wakes <= Instant::now()) {
                    signal(&slot.child, "CONT");
                    slot.wakes = None;
                }
                // One that failed begins anew.
                if slot.child.try_wait().unwrap().is_some() {
                    *slot = self.spawn(rng, false);
                }
            }
            let slot = &mut slots[rng.random_range(0..self.settings.workers)];
            if rng.random_bool(0.8) {
                slot.child.kill().unwrap();
                slot.child.wait().unwrap();
                *slot = self.spawn(rng, false);
                self.count.kills += 1;
            } else if slot.wakes.is_none() {
                signal(&slot.child, "STOP");
                let longest = LONGEST_STOP.as_millis() as u64;
                slot.wakes =
                    Some(Instant::now() + Duration::from_millis(rng.random_range(10..longest)));
                self.count.stops += 1;
            }
            if restart < Instant::now() {
                self.count.restarts += u64::from(place::restart(self.url));
                restart = Instant::now() + restart_every;
            }
        }
    }

    /// Lets the study come to its end; whether it does.
    fn end(&mut self, slots: &mut Vec<Slot>, rng: &mut impl RngExt) -> bool {
        std::fs::write(self.folder.join("stop"), "").unwrap();
        for slot in slots.iter() {
            signal(&slot.child, "CONT");
        }
        // A worker with a limit on its files cannot come to its end.
        slots.push(self.spawn(rng, true));
        let start = Instant::now();
        while start.elapsed() < END {
            slots.retain_mut(|slot| slot.child.try_wait().unwrap().is_none());
            if slots.is_empty() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for slot in slots {
            let _ = slot.child.kill();
            let _ = slot.child.wait();
        }
        false
    }
}

/// Runs on one kind of record; the violations, or `None` where there is no such record here.
pub(crate) fn run(storage: &str, settings: &Settings) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let url = place::address(storage, folder.path())?;
    let mut rng = automl_numeric::stream(settings.seed, 0, "chaos");
    let count = Count::default();
    let mut parent = Parent { url: &url, folder: folder.path(), settings, lives: 0, count };
    // The study exists before anybody is killed.
    drop(super::worker::study(&url, None).unwrap());
    let mut slots: Vec<Slot> =
        (0..settings.workers).map(|_| parent.spawn(&mut rng, false)).collect();
    parent.play(&mut slots, &mut rng);
    let ended = parent.end(&mut slots, &mut rng);
    let (told, mut violations) = check::check(&url, folder.path());
    if !ended {
        violations.push("the study did not come to its end".into());
    }
    let Count { kills, stops, clocks, limits, restarts } = parent.count;
    println!(
        "{storage}: {kills} kills, {stops} stops, {clocks} other clocks, {limits} file limits, \
         {restarts} restarts of the server; {told} results acknowledged, {} violations",
        violations.len()
    );
    violations.iter().take(10).for_each(|violation| println!("  {violation}"));
    place::clean(&url);
    Some(violations)
}
