//! `automl doctor`: what this machine and this build can do.

use crate::Failure;
use crate::output::say;
use clap::Args;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const LONG: &str = "\
Tell what this machine and this build can do: processor, memory, GPU, storages, data, and the programs
that commands use where they are there.

With --measure, three candidates of the embedded digits are trained as a search trains them, which takes
some seconds, and the time of a whole search of them is estimated.";

/// Options of `automl doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Train for some seconds, and estimate the time of a search
    #[arg(long)]
    measure: bool,
    /// Folder of the searches
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    runs: PathBuf,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<(), Failure> {
    row("build", crate::VERSION)?;
    row("processor", processor())?;
    row("memory", memory())?;
    row("GPU", gpu())?;
    row("runs", runs(&args.runs))?;
    row("storages", storages())?;
    row("data", data())?;
    row("terminal", terminal())?;
    for (program, words, use_) in PROGRAMS {
        row(program, version(program, words).unwrap_or_else(|| format!("not found; {use_}")))?;
    }
    row("Python", python())?;
    if args.measure {
        row("search", measured()?)?;
    }
    Ok(())
}

/// Programs with the words that ask for their version and what they are for.
const PROGRAMS: [(&str, &str, &str); 5] = [
    ("gcc", "--version", "compiles networks exported as C"),
    ("arm-none-eabi-gcc", "--version", "compiles them for microcontrollers"),
    ("chromium", "--version", "or any browser shows report.html"),
    ("sbatch", "--version", "runs `automl launch slurm`"),
    ("kubectl", "version --client", "applies `automl launch kubernetes`"),
];

fn row(name: &str, value: impl Display) -> Result<(), Failure> {
    say(format_args!("{name:<18} {value}"))
}

fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name);
    format!("{name}, {cores} cores for this process{}", vectors())
}

/// Vector instructions that the loops of training and inference use.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        match (is_x86_feature_detected!("avx512f"), is_x86_feature_detected!("avx2")) {
            (true, _) => ", AVX-512",
            (_, true) => ", AVX2",
            _ => ", no AVX2: training is slow",
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        ""
    }
}

fn memory() -> String {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let gigabytes = |key: &str| -> Option<f64> {
        let line = info.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 976_562.5)
    };
    match (gigabytes("MemTotal:"), gigabytes("MemAvailable:")) {
        (Some(total), Some(free)) => format!("{total:.1} GB, {free:.1} GB available"),
        _ => "unknown on this system".into(),
    }
}

#[cfg(feature = "gpu")]
fn gpu() -> String {
    match automl::train::choose(automl::train::DeviceChoice::Gpu) {
        Ok(selected) => selected.description,
        Err(error) => error.to_string(),
    }
}

#[cfg(not(feature = "gpu"))]
fn gpu() -> &'static str {
    "not used by this build: `cargo xtask` builds with --features gpu where there is one"
}

/// Whether studies can be written there, and how many there are.
fn runs(folder: &Path) -> String {
    let name = folder.display();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return format!("{name}/ will be created");
        }
        Err(error) => return format!("{name}/: {error}"),
    };
    let studies = entries.filter(|entry| entry.path().join("study.db").is_file()).count();
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let writable = std::fs::write(&probe, "").is_ok();
    let _ = std::fs::remove_file(&probe);
    let note = if writable { "" } else { ", which cannot be written" };
    format!("{studies} studies in {name}/{note}")
}

fn storages() -> String {
    let names: Vec<&str> = automl::storage::storages().iter().map(|entry| entry.name).collect();
    let missing =
        if cfg!(feature = "postgres") { "" } else { " (PostgreSQL: --features postgres)" };
    format!("{}{missing}", names.join(", "))
}

fn data() -> String {
    match std::env::var_os("AUTOML_DATA_DIR") {
        Some(folder) => {
            let folder = PathBuf::from(folder);
            let found = if folder.is_dir() { "" } else { ", which is not a folder" };
            format!("digits (embedded); AUTOML_DATA_DIR is {}{found}", folder.display())
        }
        None => "digits (embedded); others by --data-dir".into(),
    }
}

fn terminal() -> String {
    match crate::output::width() {
        Some(width) => format!("{width} columns"),
        None => "none: output is plain lines".into(),
    }
}

/// The first line of a program's answer.
fn version(program: &str, words: &str) -> Option<String> {
    let words = words.split(' ');
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| !line.trim().is_empty())?.trim().to_owned();
    output.status.success().then_some(line).or(Some("found, but it fails".into()))
}

/// Python and the modules that checks and examples use.
fn python() -> String {
    let python = std::env::var("AUTOML_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = "\
import sys, importlib.metadata as m\n\
known = []\n\
for name in ('automl-rs', 'optuna', 'scikit-learn', 'torch', 'onnxruntime'):\n\
\x20   try: known.append(f'{name} {m.version(name)}')\n\
\x20   except m.PackageNotFoundError: pass\n\
print(sys.version.split()[0], *known, sep=', ')";
    let output = Command::new(&python).args(["-c", script]).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        Ok(_) => format!("{python} fails"),
        Err(_) => "not found; `automl tune` runs programs in any language".into(),
    }
}

#[cfg(not(feature = "train"))]
fn measured() -> Result<String, Failure> {
    Err(crate::search::NO_TRAINING.into())
}

/// The time of a default search of the digits, from that of its first candidates.
#[cfg(feature = "train")]
fn measured() -> Result<String, Failure> {
    use automl::search::{Event, Settings};
    use automl::study::StopFlag;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};
    const CANDIDATES: u64 = 3;
    let folder = std::env::temp_dir().join(format!("automl-doctor-{}", std::process::id()));
    let runs = format!("runs={:?}", folder.display().to_string());
    let settings = Settings::load(None, &[runs, format!("search.trials={CANDIDATES}")])?;
    let (stop, spent) = (StopFlag::new(), Mutex::new(None::<Duration>));
    let begun = Mutex::new(None::<Instant>);
    let outcome = automl::search::run(&settings, &stop, &|event| match event {
        Event::Start(_) => *lock(&begun) = Some(Instant::now()),
        Event::Final { .. } => {
            *lock(&spent) = lock(&begun).map(|begun| begun.elapsed());
            stop.set();
        }
        _ => {}
    });
    let _ = std::fs::remove_dir_all(&folder);
    let _ = outcome?;
    let Some(spent) = *lock(&spent) else { return Err("the search ended early".into()) };
    let trials = Settings::default().search.trials;
    let all = spent.as_secs_f64() * trials as f64 / CANDIDATES as f64;
    Ok(format!(
        "{CANDIDATES} candidates of the digits in {:.1} s; a search of {trials} takes at most about \
         {:.0} min, and its final training",
        spent.as_secs_f64(),
        (all / 60.0).max(1.0)
    ))
}

#[cfg(feature = "train")]
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
