//! The images that a command line names.

use crate::Failure;
use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An image that is to be classified.
#[derive(Debug)]
pub(super) struct Input {
    /// Name in the results.
    pub(super) name: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// The images that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) inputs: Vec<Input>,
    /// Files and folders that cannot be read, each with the reason.
    pub(super) missing: Vec<(String, String)>,
    /// The number of files in folders that are not images.
    pub(super) other: usize,
}

impl Input {
    /// The bytes of the image.
    pub(super) fn read(&self) -> std::io::Result<Cow<'_, [u8]>> {
        match &self.source {
            Source::File(path) => std::fs::read(path).map(Cow::Owned),
            Source::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    fn file(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), source: Source::File(path) }
    }
}

/// The images behind arguments: files, folders with all that is below them, and `-` for standard
/// input, which holds an image or, if its bytes are text, one path a line.
pub(super) fn find(arguments: &[String]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for argument in arguments {
        if argument != "-" {
            found.add(Path::new(argument));
            continue;
        }
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read standard input: {error}"))?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                lines.for_each(|line| found.add(Path::new(line)));
            }
            Err(_) => found.inputs.push(Input { name: "-".into(), source: Source::Bytes(bytes) }),
        }
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, path: &Path) {
        match path.metadata() {
            Ok(entry) if entry.is_dir() => self.add_folder(path, &mut Vec::new()),
            Ok(_) => self.inputs.push(Input::file(path.to_owned())),
            Err(error) => self.fail(path, &error),
        }
    }

    fn fail(&mut self, path: &Path, error: &std::io::Error) {
        let reason = format!("cannot be read: {error}");
        self.missing.push((path.display().to_string(), reason));
    }

    /// The images in a folder and below, in the order of their names; hidden files are left out, and so
    /// are links to a folder `above` and what is no regular file.
    fn add_folder(&mut self, folder: &Path, above: &mut Vec<PathBuf>) {
        let place = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if above.contains(&place) {
            self.other += 1;
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, &error),
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|path| {
            path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
        });
        paths.sort();
        above.push(place);
        for path in paths {
            // A pipe would be waited for.
            let is_special = path.metadata().is_ok_and(|found| !found.is_dir() && !found.is_file());
            if path.is_dir() {
                self.add_folder(&path, above);
            } else if !is_special && is_image(&path) {
                self.inputs.push(Input::file(path));
            } else {
                self.other += 1;
            }
        }
        above.pop();
    }
}

/// Whether a file in a folder begins as an image does, or is named as one.
fn is_image(path: &Path) -> bool {
    let end = path.extension().map(|end| end.to_string_lossy().to_lowercase());
    let named = matches!(
        end.as_deref(),
        Some("png" | "jpg" | "jpeg" | "jfif" | "bmp" | "gif" | "webp" | "tif" | "tiff")
    );
    named || begins_as_image(path).unwrap_or(false)
}

fn begins_as_image(path: &Path) -> std::io::Result<bool> {
    let mut start = [0; 12];
    let mut file = std::fs::File::open(path)?;
    let mut count = 0;
    while count < start.len() {
        match file.read(&mut start[count..])? {
            0 => break,
            read => count += read,
        }
    }
    let starts: [&[u8]; 6] =
        [b"\x89PNG", &[0xff, 0xd8, 0xff], b"GIF8", b"II*\0", b"MM\0*", b"RIFF"];
    Ok(starts.iter().any(|bytes| start[..count].starts_with(bytes)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_in_circles_end_and_pipes_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join("a/0.png"), b"").unwrap();
        symlink("..", root.join("a/up")).unwrap();
        symlink(root, root.join("circle")).unwrap();
        let pipe = root.join("a/pipe.png");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let others = 2 + usize::from(made.is_ok_and(|status| status.success()));
        let found = find(&[root.display().to_string()]).unwrap();
        assert_eq!((found.inputs.len(), found.other, found.missing.len()), (1, others, 0));
    }
}
