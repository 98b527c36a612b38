//! A fault as a patch: a unified diff of one file, with a line that says what is wrong.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// A fault.
#[derive(Debug)]
pub(super) struct Patch {
    /// The file's name without its ending.
    pub(super) name: String,
    /// What the fault does: the first line.
    pub(super) about: String,
    /// The patched file, from the root of the workspace.
    pub(super) file: String,
    /// Old text and new text of each hunk, of whole lines.
    hunks: Vec<(String, String)>,
}

impl Patch {
    /// Reads a patch.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::parse(name, &text).with_context(|| format!("{shown} is no patch of one file"))
    }

    /// Line numbers do not count: a hunk stands where its old text does.
    fn parse(name: String, text: &str) -> Result<Self> {
        let about = text.lines().next().unwrap_or_default().to_owned();
        let mut files = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
        let file = files.next().context("no line \"+++ b/FILE\"")?.trim().to_owned();
        if files.next().is_some() {
            bail!("it changes several files");
        }
        let mut hunks: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.starts_with("@@") {
                hunks.push(Default::default());
                continue;
            }
            let Some((old, new)) = hunks.last_mut() else { continue };
            let (mark, rest) = line.split_at(line.len().min(1));
            for (text, other) in [(old, "+"), (new, "-")] {
                if mark != other && mark != "\\" {
                    text.push_str(rest);
                    text.push('\n');
                }
            }
        }
        if hunks.is_empty() {
            bail!("it has no hunk");
        }
        Ok(Self { name, about, file, hunks })
    }

    /// The text with the fault.
    pub(super) fn applied(&self, source: &str) -> Result<String> {
        let mut text = source.to_owned();
        for (old, new) in &self.hunks {
            match text.matches(old.as_str()).count() {
                1 => text = text.replacen(old.as_str(), new, 1),
                count => bail!("{}: its old text stands {count} times in {}", self.name, self.file),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Patch;

    const TEXT: &str = "the sum is a difference
--- a/crates/x/src/lib.rs
+++ b/crates/x/src/lib.rs
@@ -1,3 +1,3 @@
 fn f() {
-    a + b
+    a - b
 }
";

    #[test]
    fn a_hunk_replaces_its_old_text() {
        let patch = Patch::parse("x".into(), TEXT).unwrap();
        assert_eq!(
            (patch.file.as_str(), patch.about.as_str()),
            ("crates/x/src/lib.rs", "the sum is a difference")
        );
        let source = "use z;\n\nfn f() {\n    a + b\n}\n";
        assert_eq!(patch.applied(source).unwrap(), "use z;\n\nfn f() {\n    a - b\n}\n");
        assert!(patch.applied("fn g() {}\n").is_err());
        assert!(patch.applied(&source.repeat(2)).is_err());
        assert!(Patch::parse("x".into(), "nothing").is_err());
    }

    /// The patches of the project fit its code.
    #[test]
    fn every_patch_applies() {
        let root = crate::shell::root();
        let patches = super::super::patches(&root.join("mutants"), "").unwrap();
        assert!(patches.len() >= 40);
        for patch in patches {
            let source = std::fs::read_to_string(root.join(&patch.file)).unwrap();
            assert_ne!(patch.applied(&source).unwrap(), source, "{}", patch.name);
            assert!(!patch.about.starts_with("---"), "{} says nothing", patch.name);
        }
    }
}
