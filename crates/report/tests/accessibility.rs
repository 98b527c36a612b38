//! The page under axe-core, at three widths and in both color schemes: nothing serious, no error, nothing
//! that is wider than the window. Skipped where there is no Chromium, or no axe-core (`AUTOML_AXE`, the
//! file `axe.min.js`).
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "common/browser.rs"]
mod browser;
mod common;

use automl_report::{PageOptions, StudyData, html};
use automl_study::Direction;
use browser::{Browser, result};
use common::{network, record, search};

/// Runs axe-core on the page and leaves the rules that are broken seriously, each with a first place.
const CHECK: &str = r#"
const scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
document.querySelectorAll('details').forEach((d) => { d.open = true; });
const wide = document.documentElement.scrollWidth - innerWidth;
axe.run(document, { resultTypes: ['violations'] }).then((found) => {
  const bad = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes[0].target.join(' ')} (${v.nodes.length})`);
  document.documentElement.dataset.result = [scheme, wide > 0 ? `too wide by ${wide}` : 'fits', ...bad].join('; ');
});
"#;

fn is_accessible(data: &StudyData, widths: &[u32]) {
    let Some(axe) = std::env::var_os("AUTOML_AXE") else {
        eprintln!("skipped: no axe-core (set AUTOML_AXE)");
        return;
    };
    let check = std::fs::read_to_string(axe).unwrap() + CHECK;
    let page = html(data, &PageOptions::default());
    for &width in widths {
        for (is_dark, scheme) in [(false, "light"), (true, "dark")] {
            let Some((document, console)) = Browser { width, is_dark }.run(&page, &check) else {
                return;
            };
            assert_eq!(result(&document), format!("{scheme}; fits"), "{} at {width}", data.name());
            assert_eq!(console, "", "{} at {width}", data.name());
        }
    }
}

#[test]
fn a_search_with_networks_is_accessible() {
    let folder = tempfile::tempdir().unwrap();
    network(&folder.path().join("front/trial-3"), 6, 200);
    is_accessible(&StudyData::new(search(60), Some(folder.path())), &[500, 900, 1440]);
}

#[test]
fn a_study_without_a_result_is_accessible() {
    let empty = record("empty", &[("value", Direction::Minimize)], Vec::new());
    is_accessible(&StudyData::new(empty, None), &[900]);
}
