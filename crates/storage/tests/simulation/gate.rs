//! The turnstile: one of the threads runs at a time, from one call of the storage to the next.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex};

/// What becomes of a worker at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// It dies, and the call has no effect.
    CrashBefore,
    /// It dies after the call had its effect.
    CrashAfter,
}

#[derive(Debug)]
struct State {
    /// The threads that have not left.
    present: usize,
    waiting: BTreeSet<usize>,
    chosen: Option<(usize, Fate)>,
}

#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

/// Leaves the gate when it is dropped, also by a panic.
pub(crate) struct Leaves<'a>(&'a Gate);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().present -= 1;
        self.0.changed.notify_all();
    }
}

impl Gate {
    pub(crate) fn new(threads: usize) -> Self {
        let state = State { present: threads, waiting: BTreeSet::new(), chosen: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(crate) fn leaves(&self) -> Leaves<'_> {
        Leaves(self)
    }

    /// Waits until this thread is chosen.
    pub(crate) fn pass(&self, thread: usize) -> Fate {
        let mut state = self.state.lock().unwrap();
        state.waiting.insert(thread);
        self.changed.notify_all();
        loop {
            if let Some((chosen, fate)) = state.chosen
                && chosen == thread
            {
                state.chosen = None;
                state.waiting.remove(&thread);
                return fate;
            }
            state = self.changed.wait(state).unwrap();
        }
    }

    /// Chooses among those that wait until all have left. Where `choose` gives up, all others crash.
    pub(crate) fn schedule(
        &self,
        mut choose: impl FnMut(&BTreeSet<usize>) -> Option<Option<(usize, Fate)>>,
    ) {
        let mut ended = false;
        loop {
            let mut state = self.state.lock().unwrap();
            while state.chosen.is_some() || state.waiting.len() < state.present {
                state = self.changed.wait(state).unwrap();
            }
            let Some(first) = state.waiting.first().copied() else { return };
            state.chosen = if ended {
                Some((first, Fate::CrashBefore))
            } else {
                match choose(&state.waiting) {
                    Some(chosen) => chosen,
                    None => {
                        ended = true;
                        None
                    }
                }
            };
            self.changed.notify_all();
        }
    }
}
