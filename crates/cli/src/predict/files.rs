//! The images that a command line names.

use crate::Failure;
use automl::data::DecodeError;
use automl::pictures::{Encoded, has_image_name};
use std::borrow::Cow;
use std::ffi::OsString;
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
/// input, which holds an image or, where its bytes are none, one path a line.
pub(super) fn find(arguments: &[OsString]) -> Result<Found, Failure> {
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
        match Encoded::new(&bytes) {
            Err(DecodeError::NoImage) if !bytes.contains(&0) => {
                listed(&bytes).for_each(|path| found.add(&path));
            }
            _ => found.inputs.push(Input { name: "-".into(), source: Source::Bytes(bytes) }),
        }
    }
    Ok(found)
}

/// The paths of a list, one a line. Names may begin or end with spaces, and be in any encoding.
fn listed(bytes: &[u8]) -> impl Iterator<Item = PathBuf> {
    let lines =
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.trim_ascii().is_empty()).map(|line| {
        let own = path(line);
        if own.exists() { own } else { path(line.trim_ascii()) }
    })
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
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
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    has_image_name(&name) || Encoded::check_start(path).is_ok()
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
        let found = find(&[root.as_os_str().to_owned()]).unwrap();
        assert_eq!((found.inputs.len(), found.other, found.missing.len()), (1, others, 0));
    }
    /// Names in any encoding, with spaces around them, as arguments and in lists.
    #[test]
    fn names_of_any_form_are_found() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let names: [&[u8]; 4] = [b"\xe9.png", b"end.png ", b" start.png", "é😀.png".as_bytes()];
        let paths: Vec<PathBuf> = names.map(|name| folder.path().join(path(name))).to_vec();
        let made = paths.iter().map(|path| std::fs::write(path, b"x"));
        if made.collect::<std::io::Result<Vec<()>>>().is_err() {
            eprintln!("skipped: the file system takes no such names");
            return;
        }
        let arguments: Vec<OsString> = paths.iter().map(|path| path.clone().into()).collect();
        assert_eq!(find(&arguments).unwrap().inputs.len(), names.len());
        let mut list = paths
            .iter()
            .map(|path| path.as_os_str().as_bytes())
            .collect::<Vec<_>>()
            .join(&b"\r\n"[..]);
        list.extend(b"\n\n  \n");
        assert_eq!(listed(&list).collect::<Vec<_>>(), paths);
    }
}
