//! Reading a program's output while it runs.

use super::Log;
use crate::metrics::{LineReader, Observation};
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest line that is searched for results; the log has longer ones too.
const LONGEST_LINE: usize = 1 << 20;

/// Characters of the last line of standard error that a failure quotes.
const QUOTED: usize = 300;

/// A message of a program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Values.
    Observation(Observation),
    /// Values that do not fit, with the reason.
    Bad(String),
    /// The end of a stream.
    Closed,
}

/// The output of one run.
#[derive(Debug)]
pub(super) struct Output {
    said: Receiver<Said>,
    log: Arc<Mutex<Log>>,
    last_error: Arc<Mutex<String>>,
    /// Streams that are still open.
    open: usize,
}

impl Output {
    pub(super) fn new(said: Receiver<Said>, log: Arc<Mutex<Log>>) -> Self {
        Self { said, log, last_error: Arc::default(), open: 0 }
    }

    /// Reads a stream in a thread, which ends with the stream: a process that has left the group
    /// may hold it open for longer than the run.
    pub(super) fn read(
        &mut self,
        stream: impl Read + Send + 'static,
        reader: LineReader,
        is_error: bool,
        sender: SyncSender<Said>,
    ) -> io::Result<()> {
        let log = self.log.clone();
        let last_error = is_error.then(|| self.last_error.clone());
        let scan = move || {
            let mut lines = Lines { reader, last_error, sender, line: Vec::new(), is_long: false };
            let _ = lines.scan(stream, &log);
            let _ = lines.sender.send(Said::Closed);
        };
        std::thread::Builder::new().name("output".into()).spawn(scan)?;
        self.open += 1;
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.open == 0
    }

    /// The next message within a time.
    pub(super) fn next(&mut self, wait: Duration) -> Option<Said> {
        match self.said.recv_timeout(wait) {
            Ok(Said::Closed) => {
                self.open -= 1;
                None
            }
            Ok(said) => Some(said),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // Both streams are closed: only the end of the program is waited for.
                std::thread::sleep(wait);
                None
            }
        }
    }

    /// Completes the log; the last line of standard error and the bytes left out of the log.
    pub(super) fn finish(&mut self) -> (String, u64) {
        (lock(&self.last_error).clone(), lock(&self.log).finish())
    }
}

/// The lines of one stream.
struct Lines {
    reader: LineReader,
    last_error: Option<Arc<Mutex<String>>>,
    sender: SyncSender<Said>,
    line: Vec<u8>,
    is_long: bool,
}

impl Lines {
    fn scan(&mut self, mut stream: impl Read, log: &Mutex<Log>) -> io::Result<()> {
        let mut buffer = [0; 1 << 16];
        loop {
            let count = match stream.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                self.end_line();
                return Ok(());
            }
            lock(log).write(&buffer[..count]);
            for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n' || *byte == b'\r') {
                self.add(piece);
            }
        }
    }

    fn add(&mut self, piece: &[u8]) {
        if self.line.len() + piece.len() > LONGEST_LINE {
            self.is_long = true;
            self.line.clear();
        }
        if !self.is_long {
            self.line.extend_from_slice(piece);
        }
        if piece.ends_with(b"\n") || piece.ends_with(b"\r") {
            self.end_line();
        }
    }

    /// Invalid UTF-8 is replaced: results are plain JSON.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_long) {
            return;
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if let Some(last) = &self.last_error {
            *lock(last) = line.chars().take(QUOTED).collect();
        }
        // A JSON line on standard error is not a result; a match of a pattern is.
        let read = match self.last_error {
            Some(_) => self.reader.read_error(line),
            None => self.reader.read(line),
        };
        let said = match read {
            None => return,
            Some(Ok(observation)) => Said::Observation(observation),
            Some(Err(reason)) => Said::Bad(reason),
        };
        let _ = self.sender.send(said);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
