//! What is launched.

/// A command that runs in several tasks at once.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) study: String,
    /// The words after `automl`.
    pub(super) command: Vec<String>,
    pub(super) tasks: u32,
    pub(super) cpus: u32,
    /// Mebibytes.
    pub(super) memory: u64,
    pub(super) gpus: u32,
    pub(super) minutes: Option<u64>,
}

impl Target {
    /// The command as a line for a shell.
    pub(super) fn line(&self) -> String {
        let words = self.command.iter().map(|word| quoted(word));
        std::iter::once("automl".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
pub(super) fn example() -> Target {
    let words = ["tune", "--study", "big", "--", "sh", "-c", "echo {x}; it's"];
    Target {
        study: "big".into(),
        command: words.map(str::to_owned).to_vec(),
        tasks: 3,
        cpus: 2,
        memory: 4096,
        gpus: 1,
        minutes: Some(90),
    }
}
