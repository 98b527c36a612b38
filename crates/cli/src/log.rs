//! Events of the libraries as lines: warnings on standard error, and those of a study in its folder.
//!
//! Standard error shows warnings, with `-v` what is decided and tried again, with `-vv` everything;
//! `RUST_LOG` (`automl_study=debug`) takes the place of both. `search` and `tune` write what `-v` shows,
//! with time and process, to `automl.log` in the study's folder.

use crate::output;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The file in the folder of a study.
const FILE: &str = "automl.log";

/// What a study keeps, and `-v` shows.
const KEPT_LEVEL: &str = "warn,automl=debug";

/// The most bytes that are kept before the folder of the study is known.
const KEPT: usize = 1 << 16;

/// Shows events from now on; `verbose` is the number of `-v`.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => "error,automl=warn",
        1 => KEPT_LEVEL,
        _ => "debug,automl=trace",
    };
    let shown = tracing_subscriber::fmt::layer()
        .event_format(Line { dated: false })
        .with_writer(Note::default)
        .with_filter(filter(level));
    let kept = tracing_subscriber::fmt::layer()
        .event_format(Line { dated: true })
        .with_writer(LogFile)
        .with_filter(filter(KEPT_LEVEL));
    // A second subscriber, as in tests of this program, changes nothing.
    if let Err(error) = tracing_subscriber::registry().with(shown).with(kept).try_init() {
        output::note(format_args!("warning: no events are shown: {error}"));
    }
}

/// The filter of `RUST_LOG`, or this one. Targets are crates; all of this project begin with `automl`.
fn filter(otherwise: &str) -> EnvFilter {
    match std::env::var("RUST_LOG") {
        Ok(given) if !given.is_empty() => EnvFilter::new(given),
        _ => EnvFilter::new(otherwise),
    }
}

/// Keeps the events of a study in its folder, with those before it was known. A file that cannot be
/// written is a warning: the search itself has its record.
pub(crate) fn keep_in(folder: &Path) {
    let path = folder.join(FILE);
    let mut log = log();
    let opened = File::options().create(true).append(true).open(&path).and_then(|mut file| {
        file.write_all(&log.before)?;
        Ok(file)
    });
    match opened {
        Ok(file) => *log = Log { file: Some(file), before: Vec::new() },
        Err(error) => {
            drop(log);
            output::note(format_args!(
                "warning: no events are kept in {}: {error}",
                path.display()
            ));
        }
    }
}

/// The format of an event: level, message and fields in one line.
struct Line {
    /// With the time in UTC and the process.
    dated: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.dated {
            SystemTime.format_time(&mut writer)?;
            write!(writer, " {} ", std::process::id())?;
        }
        let level = *event.metadata().level();
        let word = match level {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "note",
            Level::DEBUG => "debug",
            _ => "trace",
        };
        write!(writer, "{word}: ")?;
        if self.dated || level >= Level::DEBUG {
            write!(writer, "{}: ", event.metadata().target())?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Collects an event and shows it as a whole line, above a line of progress.
#[derive(Default)]
struct Note(Vec<u8>);

impl Write for Note {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        output::note(String::from_utf8_lossy(&self.0).trim_end());
    }
}

/// The log of a study, or what came before it.
#[derive(Default)]
struct Log {
    file: Option<File>,
    before: Vec<u8>,
}

static LOG: Mutex<Log> = Mutex::new(Log { file: None, before: Vec::new() });

fn log() -> MutexGuard<'static, Log> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes whole lines to the log.
struct LogFile;

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = log();
        match &mut log.file {
            Some(file) => file.write(bytes),
            None => {
                let room = KEPT.saturating_sub(log.before.len());
                log.before.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
