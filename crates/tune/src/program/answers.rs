//! Answers to a program's reports, on its standard input.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::mpsc::{self, Sender};

/// The answer to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Train on.
    Continue,
    /// Save the checkpoint and exit.
    Pause,
    /// Exit; the trial is over.
    Stop,
}

impl Answer {
    fn line(self) -> &'static [u8] {
        match self {
            Self::Continue => b"{\"verdict\":\"continue\"}\n",
            Self::Pause => b"{\"verdict\":\"pause\"}\n",
            Self::Stop => b"{\"verdict\":\"stop\"}\n",
        }
    }
}

/// Writes answers in a thread, because a program that never reads fills the pipe.
#[derive(Debug)]
pub(super) struct Answers(Option<Sender<Answer>>);

impl Answers {
    pub(super) fn new(mut input: ChildStdin) -> Self {
        let (sender, receiver) = mpsc::channel::<Answer>();
        let write = move || {
            for answer in receiver {
                // A program that has closed its input is ended by signals.
                if input.write_all(answer.line()).and_then(|()| input.flush()).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("answers".into()).spawn(write);
        Self(thread.is_ok().then_some(sender))
    }

    pub(super) fn send(&self, answer: Answer) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(answer);
        }
    }
}
