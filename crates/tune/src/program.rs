//! One run of the program: a process group with its output, its answers and its end.

mod answers;
mod group;
mod guard;
mod log;
mod output;
mod strays;

pub(crate) use answers::Answer;
pub(crate) use guard::Guard;
pub(crate) use log::Log;
pub(crate) use output::Said;
pub(crate) use strays::Mark;

use crate::command::Rendered;
use crate::metrics::Metrics;
use answers::Answers;
use output::Output;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// The time in which the output of a program that has ended is closed, unless it left processes
/// behind.
const DRAIN: Duration = Duration::from_millis(500);

/// The time that processes left behind have between SIGTERM and SIGKILL.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Messages of a program that may wait to be read.
const BACKLOG: usize = 1024;

/// What one run starts with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) command: &'a Rendered,
    /// Variables that every run has, before those of the command.
    pub(crate) environment: &'a [(String, String)],
    pub(crate) metrics: &'a Arc<Metrics>,
    pub(crate) log: Log,
    /// Whether reports are answered on standard input.
    pub(crate) is_answered: bool,
    pub(crate) guard: Option<Arc<Guard>>,
    /// Tells the processes of this run from others.
    pub(crate) mark: Mark,
}

/// A program that runs in a process group of its own.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    output: Output,
    answers: Option<Answers>,
    guard: Option<Arc<Guard>>,
    mark: Mark,
    is_reaped: bool,
}

/// The end of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Whether processes that it started were left and have been ended.
    pub(crate) left_behind: bool,
    /// The last line of standard error.
    pub(crate) last_error: String,
    /// Bytes of output that the log leaves out.
    pub(crate) omitted: u64,
}

impl Program {
    pub(crate) fn start(start: Start<'_>) -> io::Result<Self> {
        let [program, arguments @ ..] = start.command.words.as_slice() else {
            return Err(io::Error::other("the command is empty"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .envs(start.command.environment.iter().map(|(name, value)| (name, value)))
            .env(Mark::VARIABLE, start.mark.text())
            .stdin(if start.is_answered { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        group::isolate(&mut command);
        let mut child = command.spawn()?;
        if let Some(guard) = &start.guard {
            guard.watch(child.id());
        }
        let answers = child.stdin.take().map(Answers::new);
        let (sender, receiver) = mpsc::sync_channel(BACKLOG);
        let log = Arc::new(Mutex::new(start.log));
        let mut output = Output::new(receiver, log);
        if let Some(stdout) = child.stdout.take() {
            output.read(stdout, start.metrics.reader(), false, sender.clone())?;
        }
        if let Some(stderr) = child.stderr.take() {
            output.read(stderr, start.metrics.reader(), true, sender)?;
        }
        let (guard, mark) = (start.guard, start.mark);
        Ok(Self { child, output, answers, guard, mark, is_reaped: false })
    }

    /// The next message within a time; `None` where there is none.
    pub(crate) fn listen(&mut self, wait: Duration) -> Option<Said> {
        self.output.next(wait)
    }

    /// Whether the program itself has ended.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        group::has_ended(&mut self.child)
    }

    /// Writes an answer on the program's standard input, without waiting until it is read.
    pub(crate) fn answer(&self, answer: Answer) {
        if let Some(answers) = &self.answers {
            answers.send(answer);
        }
    }

    /// Sends SIGTERM to the process group.
    pub(crate) fn terminate(&mut self) {
        group::terminate(&mut self.child);
    }

    /// Sends SIGKILL to the process group.
    pub(crate) fn kill(&mut self) {
        group::kill(&mut self.child);
    }

    /// Reads the rest of the output of a program that has ended, and ends processes that it left
    /// behind.
    pub(crate) fn close(mut self, mut on: impl FnMut(Said)) -> io::Result<Ended> {
        self.drain(DRAIN, &mut on);
        let has_strays = self.mark.terminate();
        let left_behind = has_strays || !self.output.is_closed();
        if left_behind {
            group::terminate(&mut self.child);
            self.drain(LEFT_BEHIND, &mut on);
            self.mark.wait(LEFT_BEHIND);
        }
        // The group is still this program's, since its leader is not reaped before.
        group::kill(&mut self.child);
        if left_behind {
            self.mark.kill();
        }
        self.drain(DRAIN, &mut on);
        let status = self.child.wait()?;
        self.is_reaped = true;
        self.forget();
        let (last_error, omitted) = self.output.finish();
        Ok(Ended { status, left_behind, last_error, omitted })
    }

    fn drain(&mut self, time: Duration, on: &mut impl FnMut(Said)) {
        let until = Instant::now() + time;
        while !self.output.is_closed() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if let Some(said) = self.output.next(left) {
                on(said);
            }
        }
    }

    fn forget(&self) {
        if let Some(guard) = &self.guard {
            guard.forget(self.child.id());
        }
    }
}

impl Drop for Program {
    /// A run that was given up leaves nothing behind.
    fn drop(&mut self) {
        if !self.is_reaped {
            group::kill(&mut self.child);
            self.mark.kill();
            let _ = self.child.wait();
            self.forget();
        }
    }
}
