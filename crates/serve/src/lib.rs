#![doc = include_str!("../README.md")]

mod open_study;
mod record;
mod request;
mod session;

use automl_study::StopFlag;
use session::Session;
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Serves one study: reads requests from `input` and writes replies to `output` until `quit` or
/// the end of the input.
///
/// A bad request gets `{"error": "..."}`, and the study stays as it was.
///
/// # Errors
/// Only if `input` cannot be read or `output` not be written.
pub fn serve(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut session = Session::default();
    for line in lines(input) {
        if !answer(&mut session, line?, &mut output)? {
            break;
        }
    }
    Ok(())
}

/// As [`serve`], and ends in good order when the flag is set: open trials can be taken up at once by
/// another process, or by the next one of the same client.
///
/// # Errors
/// As [`serve`].
pub fn serve_until(
    input: impl BufRead + Send + 'static,
    mut output: impl Write,
    stop: &StopFlag,
) -> io::Result<()> {
    // A thread of its own, since a read cannot be interrupted.
    let (sender, received) = mpsc::sync_channel(0);
    let read = move || {
        for line in lines(input) {
            if sender.send(line).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new().name("requests".into()).spawn(read)?;
    let mut session = Session::default();
    while !stop.is_set() {
        match received.recv_timeout(PAUSE) {
            Ok(line) => {
                if !answer(&mut session, line?, &mut output)? {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// The time between two looks at the flag.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers one line; false if it ends the session.
fn answer(
    session: &mut Session,
    line: Result<String, String>,
    output: &mut impl Write,
) -> io::Result<bool> {
    let reply = match line {
        Ok(line) => match session.answer(&line) {
            Some(reply) => reply,
            None => return Ok(false),
        },
        Err(error) => serde_json::json!({ "error": error }),
    };
    // Written at once: the client may read as soon as something arrives.
    output.write_all(format!("{reply}\n").as_bytes())?;
    output.flush()?;
    session.work_ahead();
    Ok(true)
}

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 << 20;

/// Lines as text; one that is too long or not UTF-8 is a bad request rather than the end.
fn lines(mut input: impl BufRead) -> impl Iterator<Item = io::Result<Result<String, String>>> {
    std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        match input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(LONGEST) if !bytes.ends_with(b"\n") => {
                drop(bytes);
                let refused = format!("the line is longer than {} MiB", LONGEST >> 20);
                Some(skip_line(&mut input).map(|()| Err(refused)))
            }
            Ok(_) => Some(Ok(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8".into()))),
            Err(error) => Some(Err(error)),
        }
    })
}

/// Reads on to the end of a line and keeps nothing of it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let read = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let (length, is_end) = match read.iter().position(|byte| *byte == b'\n') {
            Some(place) => (place + 1, true),
            None => (read.len(), read.is_empty()),
        };
        input.consume(length);
        if is_end {
            return Ok(());
        }
    }
}
