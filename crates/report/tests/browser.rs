//! The page in a headless Chromium: nothing fails, nothing executes that should not, and hover, brushes,
//! table and dialog work. Skipped where there is no Chromium (`AUTOML_CHROMIUM`, else the PATH).
#![allow(clippy::unwrap_used)]

#[path = "common/browser.rs"]
mod browser;
mod common;

use automl_report::{PageOptions, StudyData, html};
use automl_space::{Config, Value};
use automl_study::{Direction, State, Trial};
use browser::{Browser, result};
use common::{choice, data, float, network, record, search};

/// The document after `check` in a window of a desktop, and the browser's console.
fn run(data: &StudyData, check: &str) -> Option<(String, String)> {
    let page = html(data, &PageOptions::default());
    Browser { width: 1280, is_dark: false }.run(&page, check)
}

const USER: &str = r#"
const say = [];
let closed = null;
try {
  // Every mark of the front is a trial, and every trial with a value has one.
  const marked = [...document.querySelectorAll('#front path[data-trials]')].flatMap((path) => {
    const trials = path.dataset.trials.split(',');
    const drawn = path.getAttribute('d').split('M').length - 1;
    if (drawn !== trials.length) say.push(`${drawn} marks of ${trials.length} trials`);
    return trials;
  });
  say.push(`${marked.length}/${new Set(marked).size}`);
  const table = document.getElementById('table');
  say.push(table.tBodies[0].rows.length);
  // Hover over the first mark of the front.
  const svg = document.querySelector('#front svg[data-hover]');
  const mark = svg.querySelector('a.mark circle').getBoundingClientRect();
  const at = { clientX: mark.x + mark.width / 2, clientY: mark.y + mark.height / 2, bubbles: true };
  svg.dispatchEvent(new PointerEvent('pointermove', at));
  say.push(!document.getElementById('tip').hidden && svg.querySelectorAll('.ring').length === 1);
  svg.dispatchEvent(new PointerEvent('pointerleave', at));
  say.push(document.getElementById('tip').hidden);
  // Select the upper half of an axis with the keyboard.
  const axis = document.querySelector('#coordinates .axis');
  axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true }));
  const selected = parseInt(document.getElementById('matches').textContent, 10);
  say.push(selected > 0 && selected < 60 && document.getElementById('brushed').textContent.startsWith(String(selected)));
  axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  // Select with the pointer.
  const hit = axis.querySelector('.hit'), box = hit.getBoundingClientRect();
  hit.setPointerCapture = () => {};
  const drag = (type, y) => hit.dispatchEvent(new PointerEvent(type, { clientX: box.x + 5, clientY: y, pointerId: 1, bubbles: true }));
  drag('pointerdown', box.y + 8); drag('pointermove', box.y + 60); drag('pointerup', box.y + 60);
  const dragged = parseInt(document.getElementById('matches').textContent, 10);
  say.push(dragged > 0 && dragged < 60);
  document.getElementById('clear-brushes').click();
  // Filter and sort.
  const filter = document.getElementById('filter');
  filter.value = 'complete accuracy>0.5';
  filter.dispatchEvent(new Event('input'));
  const rows = [...table.tBodies[0].rows];
  say.push(rows.length > 0 && rows.every((row) => row.cells[1].textContent === 'complete' && Number(row.cells[2].textContent) > 0.5));
  const head = () => [...table.tHead.rows[0].cells].find((cell) => cell.textContent.startsWith('accuracy'));
  head().querySelector('button').click(); head().querySelector('button').click();
  const values = [...table.tBodies[0].rows].map((row) => Number(row.cells[2].textContent));
  say.push(head().getAttribute('aria-sort') === 'descending' && values.every((v, i) => i === 0 || v <= values[i - 1]));
  // Open a trial.
  const dialog = document.getElementById('trial'), content = document.getElementById('trial-content');
  table.querySelector('[data-open]').click();
  say.push(dialog.open && content.textContent.includes('width'));
  dialog.close();
  // A click on a mark of the front opens its trial, or the card of its network where it has one.
  const click = (mark) => mark.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  const marks = [...svg.querySelectorAll('a.mark')];
  const plain = marks.find((mark) => mark.getAttribute('href') === '#trials');
  click(plain);
  say.push(dialog.open && content.textContent.startsWith(`Trial ${plain.dataset.trial}`));
  dialog.close();
  const cards = marks.map((mark) => [mark, document.querySelector(mark.getAttribute('href'))]);
  closed = cards.find(([, card]) => card.tagName === 'DETAILS' && !card.open);
  click(closed[0]);
} catch (error) { say.push(String(error)); }
setTimeout(() => {
  say.push(closed !== null && closed[1].open && location.hash === `#${closed[1].id}`);
  const scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.dataset.result = [innerWidth, scheme, ...say].join(' ');
}, 500);
"#;

#[test]
fn a_user_can_hover_brush_filter_sort_open_and_click_through() {
    let folder = tempfile::tempdir().unwrap();
    let plain = data(search(60));
    for at in plain.front().iter().take(2) {
        let trial = plain.trials()[*at].number;
        network(&folder.path().join(format!("front/trial-{trial}")), 2, 200);
    }
    let page = html(&StudyData::new(search(60), Some(folder.path())), &PageOptions::default());
    for width in [500, 900, 1440] {
        for (is_dark, scheme) in [(false, "light"), (true, "dark")] {
            let browser = Browser { width, is_dark };
            let Some((document, console)) = browser.run(&page, USER) else { return };
            let all = "54/54 50 true true true true true true true true true";
            assert_eq!(result(&document), format!("{width} {scheme} {all}"));
            assert_eq!(console, "", "{width} {scheme}");
        }
    }
}

/// Whatever is executed by a name or a message sets a mark on the document, or opens a dialog, which would
/// not let the browser end.
#[test]
fn nothing_in_names_executes() {
    let evil = [
        "<script>document.documentElement.dataset.evil=1</script>",
        "<img src=x onerror=\"document.documentElement.dataset.evil=2\">",
        "</script><script>document.documentElement.dataset.evil=3</script>",
        "\u{202e}rtl 🚀 \"'&",
    ];
    let objectives = [(evil[0], Direction::Minimize), (evil[2], Direction::Minimize)];
    let mut record =
        record(evil[1], &objectives, vec![(evil[1], float(0.0, 1.0)), (evil[2], choice(&evil))]);
    for n in 0..40 {
        let mut config = Config::empty(2);
        config.set(0, Some(Value::Float(common::noise(n))));
        config.set(1, Some(Value::Category(n as usize % evil.len())));
        let mut trial = Trial::waiting(n, config);
        trial.state = if n % 7 == 6 { State::Failed } else { State::Complete };
        trial.values = vec![common::noise(n), common::noise(n + 100)];
        trial.attributes.insert("automl:reason".into(), evil[n as usize % evil.len()].into());
        record.trials.push(trial);
    }
    let check = "document.querySelector('#table [data-open]').click();\
                 document.querySelector('svg a.mark').dispatchEvent(new Event('focus'));\
                 document.documentElement.dataset.result = document.getElementById('tip').textContent.length;";
    let Some((document, console)) = run(&data(record), check) else { return };
    assert_eq!(console, "");
    assert!(result(&document).parse::<usize>().unwrap() > 10);
    assert!(!document.contains("data-evil="));
    assert!(document.contains("<td class=\"num\"><button"), "the table is filled");
}

#[test]
fn unusual_studies_open_without_an_error() {
    let single = [("value", Direction::Minimize)];
    let mut failures = record("failures", &single, vec![("x", float(0.0, 1.0))]);
    let mut trial = Trial::waiting(0, Config::empty(1));
    trial.state = State::Failed;
    failures.trials.push(trial);
    for record in [record("empty", &single, Vec::new()), failures, search(1), search(3_000)] {
        let name = format!("{} {}", record.name, record.trials.len());
        let Some((_, console)) = run(&data(record), "") else { return };
        assert_eq!(console, "", "{name}");
    }
}
