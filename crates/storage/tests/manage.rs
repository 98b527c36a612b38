//! Copies and removal of whole studies.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use automl_space::Space;
use automl_storage::{
    JournalStorage, ManageError, SqliteStorage, StudyRecord, copy_study, delete_study,
};
use automl_study::{Direction, Ladder, Next, Outcome, State, Storage, Study, StudyBuilder};

fn space() -> Space {
    let mut space = Space::builder();
    space.float("x", 0.0..=1.0).add().unwrap();
    space.choice("k", ["a", "b"]).add().unwrap();
    space.build().unwrap()
}

fn builder() -> StudyBuilder {
    let ladder = Ladder::new("epochs", 1, 9, true).unwrap();
    Study::builder(space()).seed(3).ladder(ladder)
}

/// Gives a study a trial in every state that a rest can leave.
fn fill(mut study: Study) {
    for number in 0..6_u64 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("no job") };
        study.report(job.number, 1, vec![number as f64]).unwrap();
        match number % 3 {
            0 => study.tell(job.number, 0.5).unwrap(),
            1 => study.tell(job.number, Outcome::failed("no \"data\"")).unwrap(),
            _ => study.tell(job.number, Outcome::Pruned).unwrap(),
        }
    }
}

fn make(path: &str) -> StudyRecord {
    let storage = SqliteStorage::open(path, "first").unwrap();
    fill(builder().storage(storage).build().unwrap());
    StudyRecord::read(path, None).unwrap()
}

fn same(a: &StudyRecord, b: &StudyRecord) {
    assert_eq!((&a.trials, &a.directions, &a.space), (&b.trials, &b.directions, &b.space));
    assert_eq!(a.attributes, b.attributes);
}

#[test]
fn a_copy_has_everything_and_goes_on_as_the_study_would() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (from, to) = (place("a.db"), place("b.db"));
    let original = make(&from);
    assert_eq!(copy_study(&from, "first", &to, "second").unwrap(), 6);
    assert_eq!(copy_study(&from, "first", &from, "beside").unwrap(), 6);
    let copy = StudyRecord::read(&to, None).unwrap();
    assert_eq!(copy.name, "second");
    same(&original, &copy);
    let ask = |path: &str, name: &str| {
        let storage = SqliteStorage::open(path, name).unwrap();
        builder().storage(storage).build().unwrap().ask().unwrap().config
    };
    assert_eq!(ask(&from, "first"), ask(&to, "second"));

    let taken = copy_study(&from, "first", &to, "second").unwrap_err();
    assert!(matches!(taken, ManageError::Exists { .. }), "{taken}");
    let unknown = copy_study(&from, "third", &to, "x").unwrap_err().to_string();
    assert!(unknown.contains("\"third\"") && unknown.contains("\"beside\""), "{unknown}");
    assert!(copy_study("no/such.db", "first", &to, "x").is_err());
    assert!(!std::path::Path::new("no").exists());
}

#[test]
fn removal_takes_one_study_and_none_that_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").display().to_string();
    make(&path);
    copy_study(&path, "first", &path, "second").unwrap();
    let storage = SqliteStorage::open(&path, "second").unwrap();
    let mut study = builder().storage(storage).build().unwrap();
    let _running = study.ask().unwrap();
    let busy = delete_study(&path, "second").unwrap_err();
    assert!(matches!(busy, ManageError::Busy { trials: 1, .. }), "{busy}");
    drop(study);
    assert_eq!(delete_study(&path, "first").unwrap(), 6);
    let left: Vec<String> =
        StudyRecord::list(&path).unwrap().into_iter().map(|study| study.name).collect();
    assert_eq!(left, ["second"]);
    assert_eq!(delete_study(&path, "second").unwrap(), 7);
    assert!(delete_study(&path, "second").is_err());
}

/// From a file to PostgreSQL and back.
#[test]
#[cfg(feature = "postgres")]
fn studies_move_between_databases() {
    let Ok(url) = std::env::var("AUTOML_POSTGRES_URL") else {
        eprintln!("skipped: AUTOML_POSTGRES_URL names no server");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (from, back) = (place("a.db"), place("b.db"));
    let original = make(&from);
    let name = format!("copy-{}", std::process::id());
    copy_study(&from, "first", &url, &name).unwrap();
    same(&original, &StudyRecord::read(&url, Some(&name)).unwrap());
    copy_study(&url, &name, &back, "first").unwrap();
    same(&original, &StudyRecord::read(&back, None).unwrap());
    assert_eq!(delete_study(&url, &name).unwrap(), 6);
}

/// A study in a journal is copied with everything, goes on, and is removed; the others stay.
#[test]
fn studies_leave_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (journal, to) = (format!("journal:///{}", place("a.log")), place("b.db"));
    for name in ["first", "other"] {
        let storage = JournalStorage::open(place("a.log"), name).unwrap();
        fill(builder().storage(storage).build().unwrap());
    }
    assert_eq!(copy_study(&journal, "first", &to, "second").unwrap(), 6);
    let original = StudyRecord::read(&journal, Some("first")).unwrap();
    let copy = StudyRecord::read(&to, None).unwrap();
    same(&original, &copy);
    let storage = SqliteStorage::open(&to, "second").unwrap();
    let ahead = builder().storage(storage).build().unwrap().ask().unwrap().config;
    let storage = JournalStorage::open(place("a.log"), "first").unwrap();
    assert_eq!(ahead, builder().storage(storage).build().unwrap().ask().unwrap().config);

    assert_eq!(delete_study(&journal, "first").unwrap(), 7);
    let left = StudyRecord::list(&journal).unwrap();
    assert_eq!(left.iter().map(|study| study.name.as_str()).collect::<Vec<_>>(), ["other"]);
    assert!(delete_study(&journal, "first").is_err());
}

/// A study in a database is copied into a journal, and from there into another one, with everything; it
/// goes on there as it would have.
#[test]
fn studies_enter_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let from = place("a.db");
    let journals = ["b.log", "c.log"].map(|name| format!("journal:///{}", place(name)));
    make(&from);
    // One trial runs, one is paused with values and a note that are hard to write.
    let storage = SqliteStorage::open(&from, "first").unwrap();
    let mut study = builder().storage(storage).build().unwrap();
    let _running = study.ask().unwrap();
    let Next::Run(job) = study.next_job().unwrap() else { panic!("no job") };
    study.report(job.number, 1, vec![f64::NAN]).unwrap();
    study.report(job.number, 3, vec![f64::INFINITY]).unwrap();
    study.set_attribute(job.number, "note", "two\nlines \"of\" שלום 🚀".into()).unwrap();
    let mut paused = study.history().get(job.number).unwrap().clone();
    paused.state = State::Paused;
    drop(study);
    let mut storage = SqliteStorage::open(&from, "first").unwrap();
    storage.attach(&space(), &[Direction::Minimize]).unwrap();
    assert!(storage.transition(State::Running, &paused).unwrap());
    let original = StudyRecord::read(&from, Some("first")).unwrap();

    assert_eq!(copy_study(&from, "first", &journals[0], "second").unwrap(), 8);
    assert_eq!(copy_study(&journals[0], "second", &journals[1], "third").unwrap(), 8);
    for (journal, name) in journals.iter().zip(["second", "third"]) {
        let copy = StudyRecord::read(journal, None).unwrap();
        assert_eq!(copy.name, name);
        let debug = |record: &StudyRecord| format!("{:?}", record.trials);
        assert_eq!(debug(&original), debug(&copy));
        assert_eq!((&original.space, &original.attributes), (&copy.space, &copy.attributes));
    }
    let storage = SqliteStorage::open(&from, "first").unwrap();
    let ahead = builder().storage(storage).build().unwrap().ask().unwrap().config;
    let storage = JournalStorage::open(place("b.log"), "second").unwrap();
    assert_eq!(ahead, builder().storage(storage).build().unwrap().ask().unwrap().config);

    let taken = copy_study(&from, "first", &journals[1], "third").unwrap_err();
    assert!(matches!(taken, ManageError::Exists { .. }), "{taken}");
    assert!(copy_study(&from, "first", "journal:///no/such/folder/a.log", "x").is_err());
}

/// A study that a worker has just shown signs of is not removed.
#[test]
fn a_busy_study_stays_in_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let url = format!("journal:///{}", path.display());
    let storage = JournalStorage::open(&path, "busy").unwrap();
    let mut study = builder().storage(storage).build().unwrap();
    let _running = study.ask().unwrap();
    let refused = delete_study(&url, "busy").unwrap_err();
    assert!(matches!(refused, ManageError::Busy { trials: 1, .. }), "{refused}");
}

/// A trial as another program writes it into a journal: parameters in an order of its own, and attributes
/// with bare words, which are no texts.
const FOREIGN: &str = r#"{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}
{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-01T00:00:00","datetime_complete":"2026-01-01T00:00:01","state":1,"value":1.0,"values":null,"distributions":{"z":"Z","m":"Z","a":"Z"},"params":{"z":0.5,"m":0.25,"a":0.75},"user_attrs":{"loss":NaN,"word":"NaN","all":[NaN,"NAN",Infinity,-Infinity]},"system_attrs":{},"intermediate_values":{}}
"#;

/// Copies keep the order of parameters and every word of an attribute, on every way.
#[test]
fn copies_keep_orders_and_bare_words() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let float = r#"{\"name\":\"FloatDistribution\",\"attributes\":{\"step\":null,\"low\":0.0,\"high\":1.0,\"log\":false}}"#;
    std::fs::write(place("a.log"), FOREIGN.replace("\"Z\"", &format!("\"{float}\""))).unwrap();
    let journal = |name: &str| format!("journal:///{}", place(name));
    copy_study(&journal("a.log"), "s", &place("b.db"), "s").unwrap();
    copy_study(&place("b.db"), "s", &place("c.db"), "s").unwrap();
    copy_study(&place("c.db"), "s", &journal("d.log"), "s").unwrap();
    copy_study(&journal("d.log"), "s", &place("e.db"), "s").unwrap();
    for name in ["b.db", "c.db", "e.db"] {
        let connection = rusqlite::Connection::open(place(name)).unwrap();
        let list = |sql: &str| -> Vec<String> {
            let mut query = connection.prepare(sql).unwrap();
            query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(list("SELECT param_name FROM trial_params ORDER BY param_id"), ["z", "m", "a"]);
        let attributes = list("SELECT value_json FROM trial_user_attributes ORDER BY key");
        assert_eq!(attributes, [r#"[NaN,"NAN",Infinity,-Infinity]"#, "NaN", "\"NaN\""], "{name}");
    }
    let written = std::fs::read_to_string(place("d.log")).unwrap();
    assert!(written.contains(r#""params":{"z":0.5,"m":0.25,"a":0.75}"#), "{written}");
    let record = StudyRecord::read(&journal("a.log"), None).unwrap();
    let attributes = &record.trials[0].attributes;
    assert_eq!((attributes["loss"].is_null(), &attributes["word"]), (true, &"NaN".into()));
}

/// The address of a journal may begin with three slashes where four are right.
#[test]
fn absolute_journals_are_found_with_three_slashes() {
    use automl_storage::Address;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("a.log");
    let short = format!("journal://{}", path.display());
    assert_eq!(Address::parse(&short).unwrap(), Address::Journal(&path));
    for (url, relative) in [
        ("journal:///a.log", "a.log"),
        ("journal:///src/a.log", "src/a.log"),
        ("journal:///no/such/folder/a.log", "no/such/folder/a.log"),
    ] {
        assert_eq!(Address::parse(url).unwrap(), Address::Journal(relative.as_ref()));
    }
}
