//! File systems that several machines share, where a journal takes the place of a database.

use std::path::{Path, PathBuf};

/// Kinds of file systems of several machines, as Linux names them; those of FUSE begin with `fuse.`.
const SHARED: [&str; 14] = [
    "9p", "afs", "beegfs", "ceph", "cifs", "gpfs", "lustre", "nfs", "nfs4", "orangefs", "panfs",
    "pvfs2", "smb3", "wekafs",
];

/// The kind of the file system of a file, if several machines may share it. On other systems than Linux,
/// and where it cannot be found out, `None`.
///
/// # Examples
/// ```
/// use automl_optuna::shared_file_system;
///
/// assert_eq!(shared_file_system("/proc/self/study.db".as_ref()), None);
/// ```
pub fn shared_file_system(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = std::fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind(&folder, &mounts)?;
    (SHARED.contains(&kind) || kind.starts_with("fuse.")).then(|| kind.to_owned())
}

/// The kind of the file system of a folder: that of the longest mount point above it, the last of equal
/// ones, which hides the others.
fn kind<'a>(folder: &Path, mounts: &'a str) -> Option<&'a str> {
    let mount = |line: &'a str| -> Option<(usize, &'a str)> {
        let (own, source) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(own.split(' ').nth(4)?));
        let kind = source.split(' ').next()?;
        folder.starts_with(&point).then(|| (point.components().count(), kind))
    };
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

/// A mount point as a path: blanks and backslashes are octal numbers.
fn unescaped(point: &str) -> String {
    let signs = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    signs.iter().fold(point.to_owned(), |point, (code, sign)| point.replace(code, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:21 / / rw,relatime - ext4 /dev/sda rw
23 22 0:40 / /home rw shared:1 - nfs4 server:/home rw,vers=4.2
24 23 0:41 / /home/me/local rw - xfs /dev/sdb rw
25 22 0:42 / /big\\040data rw - fuse.sshfs me@host: rw
26 22 0:43 / /scratch rw - ext4 /dev/sdc rw
27 26 0:44 / /scratch rw - lustre mds@tcp:/fs rw
";

    #[test]
    fn the_innermost_mount_decides() {
        for (folder, expected) in [
            ("/", "ext4"),
            ("/home/me/runs", "nfs4"),
            ("/homes", "ext4"),
            ("/home/me/local/runs", "xfs"),
            ("/big data/runs", "fuse.sshfs"),
            ("/scratch/me", "lustre"),
        ] {
            assert_eq!(kind(Path::new(folder), MOUNTS), Some(expected), "{folder}");
        }
        assert_eq!(kind(Path::new("/"), "damaged"), None);
    }
}
