//! The log of a trial's output, bounded in size.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Bytes of one run that the log takes as they come.
const HEAD: usize = 8 << 20;

/// Bytes at the end of one run that the log has in any case.
const TAIL: usize = 64 << 10;

/// The log of one run, appended to that of the trial.
///
/// The first 8 MiB are written as they come. Of a longer output the last 64 KiB follow at the end of
/// the run, behind a line that says how much is left out.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    left: usize,
    tail: VecDeque<u8>,
    omitted: u64,
}

impl Log {
    /// Opens the log, and writes the command as the heading of the run.
    pub(crate) fn open(path: &Path, heading: &str) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "--- {heading}")?;
        Ok(Self { file, left: HEAD, tail: VecDeque::new(), omitted: 0 })
    }

    /// Adds output. A log that cannot be written does not end the run.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let (now, later) = bytes.split_at(bytes.len().min(self.left));
        self.left -= now.len();
        let _ = self.file.write_all(now);
        let surplus = (self.tail.len() + later.len()).saturating_sub(TAIL);
        let old = surplus.min(self.tail.len());
        self.tail.drain(..old);
        self.tail.extend(&later[surplus - old..]);
        self.omitted += surplus as u64;
    }

    /// Writes the end of a long output; returns the number of bytes left out.
    pub(super) fn finish(&mut self) -> u64 {
        if self.omitted > 0 {
            let _ = writeln!(self.file, "\n--- {} bytes left out", self.omitted);
        }
        let (first, second) = self.tail.as_slices();
        let _ = self.file.write_all(first).and_then(|()| self.file.write_all(second));
        self.tail.clear();
        std::mem::take(&mut self.omitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_outputs_keep_their_beginning_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output.log");
        let mut log = Log::open(&path, "run").unwrap();
        let chunk = [b'a'; 1 << 16];
        for _ in 0..200 {
            log.write(&chunk);
        }
        log.write(b"the end\n");
        let omitted = log.finish();
        let text = std::fs::read(&path).unwrap();
        assert!(text.starts_with(b"--- run\n") && text.ends_with(b"the end\n"));
        let note = format!("\n--- {omitted} bytes left out\n");
        let whole = 200 * chunk.len() + b"the end\n".len() + b"--- run\n".len();
        assert_eq!(text.len() + omitted as usize, whole + note.len());
        assert!(text.len() < HEAD + TAIL + 100);
    }
}
