//! A deterministic simulation of several workers on one record. A turnstile lets one worker make one
//! call of the storage at a time, in an order that a seed gives; workers crash before or after a call
//! and stop for longer than their lease. The invariants of `docs/architecture.md` are checked at every
//! call and at the end, and planted faults must be found.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic)]

#[path = "common/faulty.rs"]
mod faulty;
#[path = "simulation/gate.rs"]
mod gate;
#[path = "simulation/handle.rs"]
mod handle;
#[path = "simulation/ledger.rs"]
mod ledger;
#[path = "simulation/worker.rs"]
mod worker;

use automl_numeric::stream;
use automl_storage::{MemoryStorage, SqliteStorage};
use automl_study::SharedStorage;
use faulty::Fault;
use gate::{Fate, Gate};
use handle::Handle;
use ledger::Ledger;
use rand::RngExt;
use std::sync::{Arc, Mutex};

/// Opens another handle on the record of a simulation.
type Open<'a> = &'a (dyn Fn() -> Box<dyn SharedStorage> + Sync);

/// Steps after which no worker stops or crashes any more, so that the study comes to its end.
const CALM: u64 = 400;

/// Steps after which a study that has not ended is stuck.
const STUCK: u64 = 20_000;

/// Runs one simulation, and returns the violations of invariants.
fn simulate(seed: u64, open: Open<'_>, fault: Option<Fault>) -> Vec<String> {
    let mut rng = stream(seed, 0, "simulation");
    let workers = rng.random_range(2..=5_usize);
    let gate = Arc::new(Gate::new(workers));
    let ledger = Arc::new(Mutex::new(Ledger::new(workers, open())));
    let handle = |worker: usize| Handle::new(worker, open, gate.clone(), ledger.clone(), fault);
    std::thread::scope(|scope| {
        for index in 0..workers {
            let (gate, ledger, handle) = (&gate, &ledger, &handle);
            scope.spawn(move || {
                let _leave = gate.leaves();
                worker::work(index, ledger, &|| handle(index), fault);
            });
        }
        // The worker that is stopped, and the step at which it goes on.
        let mut stopped = vec![0; workers];
        gate.schedule(|waiting| {
            let mut ledger = ledger.lock().unwrap();
            let step = ledger.step();
            if step > STUCK {
                ledger.violation("the study does not come to its end".into());
                return None;
            }
            let calm = step > CALM;
            for (index, until) in stopped.iter().enumerate() {
                ledger.stop(index, *until > step && !calm);
            }
            let awake: Vec<usize> =
                waiting.iter().copied().filter(|i| calm || stopped[*i] <= step).collect();
            if awake.is_empty() {
                return Some(None);
            }
            let chosen = awake[rng.random_range(0..awake.len())];
            if !calm && rng.random_bool(0.02) {
                stopped[chosen] = step + rng.random_range(1..=3 * ledger::LEASE);
                return Some(None);
            }
            let fate = match rng.random_range(0..100) {
                0 if !calm => Fate::CrashBefore,
                1 if !calm => Fate::CrashAfter,
                _ => Fate::Pass,
            };
            Some(Some((chosen, fate)))
        });
    });
    let mut ledger = Arc::into_inner(ledger).unwrap().into_inner().unwrap();
    ledger.judge(open());
    ledger.violations
}

fn in_memory(seed: u64, fault: Option<Fault>) -> Vec<String> {
    let storage = Mutex::new(MemoryStorage::new());
    simulate(seed, &|| Box::new(storage.lock().unwrap().clone()), fault)
}

fn in_sqlite(seed: u64, fault: Option<Fault>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let open = || -> Box<dyn SharedStorage> {
        let mut storage = SqliteStorage::open(folder.path().join("study.db"), "s").unwrap();
        storage.power_safe(false);
        Box::new(storage)
    };
    simulate(seed, &open, fault)
}

#[test]
fn no_interleaving_in_memory_violates_an_invariant() {
    for seed in 0..60 {
        assert_eq!(in_memory(seed, None), [""; 0], "seed {seed}");
    }
}

#[test]
fn no_interleaving_in_sqlite_violates_an_invariant() {
    for seed in 100..112 {
        assert_eq!(in_sqlite(seed, None), [""; 0], "seed {seed}");
    }
}

/// One seed gives one history: a violation can be looked at again.
#[test]
fn a_simulation_repeats_itself() {
    for fault in [None, Some(Fault::NoHeartbeat)] {
        assert_eq!(in_memory(7, fault), in_memory(7, fault));
    }
}

#[test]
fn each_planted_fault_is_found() {
    for fault in Fault::ALL {
        let found = (0..100).find_map(|seed| {
            let violations = in_memory(seed, Some(fault));
            violations.first().map(|first| (seed, first.clone()))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("{fault:?} is not found"));
        println!("{fault:?}: seed {seed}: {violation}");
    }
}
