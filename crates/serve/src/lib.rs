#![doc = include_str!("../README.md")]

mod open_study;
mod request;
mod session;

use session::Session;
use std::io::{self, BufRead, Write};

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
        let reply = match line? {
            Ok(line) => match session.answer(&line) {
                Some(reply) => reply,
                None => break,
            },
            Err(error) => serde_json::json!({ "error": error }),
        };
        // Written at once: the client may read as soon as something arrives.
        output.write_all(format!("{reply}\n").as_bytes())?;
        output.flush()?;
        session.work_ahead();
    }
    Ok(())
}

/// Lines as text; one that is not UTF-8 is a bad request rather than the end.
fn lines(mut input: impl BufRead) -> impl Iterator<Item = io::Result<Result<String, String>>> {
    std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        match input.read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(_) => Some(Ok(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8".into()))),
            Err(error) => Some(Err(error)),
        }
    })
}
