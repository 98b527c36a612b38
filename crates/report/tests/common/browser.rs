//! A headless Chromium, where there is one (`AUTOML_CHROMIUM`, else on the PATH).
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

use std::path::PathBuf;
use std::process::Command;

/// A window of the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Browser {
    /// Its width in pixels.
    pub(crate) width: u32,
    /// Whether dark colors are preferred.
    pub(crate) is_dark: bool,
}

impl Browser {
    /// The document after the script of a page and `check`, a script that acts as a user, have run, and
    /// what the browser wrote to its console. `None`, with a message, without a browser.
    pub(crate) fn run(self, page: &str, check: &str) -> Option<(String, String)> {
        let Some(browser) = chromium() else {
            eprintln!("skipped: no Chromium (set AUTOML_CHROMIUM)");
            return None;
        };
        let script = match page.split("<script nonce=\"").nth(1).and_then(|p| p.split('"').next()) {
            Some(nonce) => format!("<script nonce=\"{nonce}\">{check}</script></body>"),
            None => "</body>".to_owned(),
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.html");
        std::fs::write(&file, page.replace("</body>", &script)).unwrap();
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
            .args(["--disable-background-networking", "--disable-sync", "--enable-logging=stderr"])
            // The document is dumped once nothing has been under way for a while of the page's own time.
            .arg("--virtual-time-budget=10000")
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!self.is_dark)))
            .arg(format!("--window-size={},900", self.width))
            .args([&profile, &format!("file://{}", file.display())])
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        Some((String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n")))
    }
}

/// The browser, if there is one.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("AUTOML_CHROMIUM") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        std::env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name)));
    found.into_iter().find(|path| path.is_file())
}

/// The result that a check left on the document.
pub(crate) fn result(document: &str) -> &str {
    let after = document.split("data-result=\"").nth(1);
    after.and_then(|text| text.split('"').next()).unwrap_or("none")
}
