//! The file of a journal: reading what is new, appending.

use crate::Lock;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file of lines, of which a part has been read.
///
/// # Examples
/// ```
/// use automl_optuna::{JournalFile, Lock};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("studies.log");
/// let (mut one, mut other) = (JournalFile::open(&path)?, JournalFile::open(&path)?);
/// let lock = Lock::take(&path)?;
/// one.append(&["first".to_owned()], &lock)?;
/// drop(lock);
/// assert_eq!(other.new_lines()?, ["first"]);
/// assert!(other.new_lines()?.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    /// The end of the last complete line that was read.
    offset: u64,
}

impl JournalFile {
    /// Opens the file, and creates it where there is none.
    ///
    /// # Errors
    /// The file can neither be opened nor created.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { path: path.to_owned(), offset: 0 })
    }

    /// A file that exists, from its beginning.
    pub fn existing(path: &Path) -> Self {
        Self { path: path.to_owned(), offset: 0 }
    }

    /// The place of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes behind the last complete line that was read: of a line that is being written, or was cut.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn unfinished(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len().saturating_sub(self.offset))
    }

    /// The complete lines that were added since the last call.
    ///
    /// # Errors
    /// The file cannot be read, is not UTF-8, or is shorter than before.
    pub fn new_lines(&mut self) -> io::Result<Vec<String>> {
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        if size < self.offset {
            return Err(io::Error::new(ErrorKind::InvalidData, "it is shorter than before"));
        }
        if size == self.offset {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(size - self.offset).read_to_end(&mut bytes)?;
        // What follows the last line break is still being written.
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        let text = String::from_utf8(bytes)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))?;
        self.offset += text.len() as u64;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Appends lines and waits until they are on the disk. Everything before must have been read, under
    /// the lock that is held.
    ///
    /// # Errors
    /// The file cannot be written: then it is as before.
    pub fn append(&mut self, lines: &[String], _lock: &Lock) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        // A writer that died left a part of a line, which would spoil the next one.
        if file.metadata()?.len() > self.offset {
            file.set_len(self.offset)?;
        }
        let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
        file.seek(SeekFrom::Start(self.offset))?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        if written.is_err() {
            // A call that fails changes nothing; where this fails too, the next writer does it.
            let _ = file.set_len(self.offset);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_once_and_parts_of_lines_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let (mut one, mut two) =
            (JournalFile::open(&path).unwrap(), JournalFile::open(&path).unwrap());
        let lock = Lock::take(&path).unwrap();
        assert!(folder.path().join("a.log.lock").exists());
        one.append(&["a".into(), "b".into()], &lock).unwrap();
        drop(lock);
        assert!(!folder.path().join("a.log.lock").exists());
        assert_eq!(one.new_lines().unwrap(), ["a", "b"]);
        let torn = || {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"tor").unwrap();
        };
        torn();
        assert_eq!(two.new_lines().unwrap(), ["a", "b"]);
        assert!(two.new_lines().unwrap().is_empty());
        assert_eq!(two.unfinished().unwrap(), 3);
        let lock = Lock::take(&path).unwrap();
        two.append(&["c".into()], &lock).unwrap();
        drop(lock);
        assert_eq!(one.new_lines().unwrap(), ["c"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\nc\n");
    }

    #[test]
    fn one_process_at_a_time_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        JournalFile::open(&path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut file = JournalFile::open(&path).unwrap();
                    for _ in 0..20 {
                        let lock = Lock::take(&path).unwrap();
                        let known = file.new_lines().unwrap();
                        let next = known.last().map_or(0, |line| line.parse::<u32>().unwrap() + 1);
                        let next = if file.offset == 0 { 0 } else { next };
                        file.append(&[next.to_string()], &lock).unwrap();
                        file.offset = 0;
                    }
                });
            }
        });
        let lines = JournalFile::open(&path).unwrap().new_lines().unwrap();
        assert_eq!(lines, (0..80).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
