//! Builds the `automl` binary with what a command needs, and runs it.

use crate::device::{self, Asked};
use crate::shell;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Commands that train networks and so need the framework.
const TRAINING: &[&str] = &["search", "train", "compress", "fidelities", "latency"];

/// Builds and runs `automl ARGS`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let binary = binary()?;
    let trains = args.first().is_some_and(|command| TRAINING.contains(&command.as_str()));
    let asks = |arg: &String| matches!(arg.as_str(), "-h" | "--help" | "--dry-run");
    let postgres = wants_postgres(args);
    if !trains || args.iter().any(asks) {
        build(Build::Light, postgres)?;
        return shell::hand_over(command(&binary, args));
    }
    let device = setting(args, "device");
    let (build_for, why) = match (device::asked(device.as_deref()), device::gpu()) {
        (Asked::Gpu, _) => (Build::Gpu, "device gpu"),
        (Asked::Cpu, _) => (Build::Cpu, "device cpu"),
        (Asked::Auto, Some(_)) => (Build::Gpu, "a GPU was found"),
        (Asked::Auto, None) => (Build::Cpu, "no GPU was found"),
    };
    if !can_train(&binary) {
        // The first build takes minutes: find wrong settings before it, with the light binary.
        build(Build::Light, postgres)?;
        let mut check = command(&binary, args);
        check.arg("--dry-run").stdout(Stdio::null());
        let status = check.status()?;
        if !status.success() {
            return Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)));
        }
        let time = if build_for == Build::Gpu { "about 20 minutes" } else { "about 5 minutes" };
        eprintln!(
            "building with training on the {} ({why}); the first time takes {time} on two cores",
            build_for.device()
        );
    }
    build(build_for, postgres)?;
    shell::hand_over(command(&binary, args))
}

/// How the binary is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Build {
    /// Without training: seconds.
    Light,
    /// With training on the CPU.
    Cpu,
    /// With training on CPU and GPU.
    Gpu,
}

impl Build {
    fn device(self) -> &'static str {
        if self == Self::Gpu { "GPU" } else { "CPU" }
    }
}

/// Whether the study has its record in PostgreSQL.
fn wants_postgres(args: &[String]) -> bool {
    let names = |text: &str| text.contains("postgresql://") || text.contains("postgres://");
    args.iter().any(|arg| names(arg)) || setting(args, "storage").is_some_and(|url| names(&url))
}

/// What the command's option, its `--set`, the file of settings that it names, or the study that it
/// continues says for a setting of the top level.
fn setting(args: &[String], name: &str) -> Option<String> {
    let given = value(args, &format!("--{name}")).map(str::to_owned);
    let set = || values(args, "--set").filter_map(|line| assigned(line, name)).last();
    let file = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().find_map(|line| assigned(line, name))
    };
    let config = || file(Path::new(value(args, "--config")?));
    let begun = || {
        let folder = Path::new(value(args, "--runs").unwrap_or("runs"));
        file(&folder.join(value(args, "--study")?).join("settings.json"))
    };
    given.or_else(set).or_else(config).or_else(begun)
}

/// The value of a setting in a line of TOML or JSON that holds it.
fn assigned(line: &str, name: &str) -> Option<String> {
    let (key, value) = line.split_once(['=', ':'])?;
    let bare = |text: &str| text.trim().trim_matches('"').to_owned();
    let value = value.split(" #").next()?.trim().trim_end_matches(',');
    (bare(key) == name).then(|| bare(value))
}

/// What is given for an option; the last one counts.
fn value<'a>(args: &'a [String], option: &str) -> Option<&'a str> {
    values(args, option).last()
}

/// All that is given for an option, as `--option VALUE` or `--option=VALUE`.
fn values<'a>(args: &'a [String], option: &str) -> impl Iterator<Item = &'a str> {
    let next = args.iter().skip(1).map(Some).chain([None]);
    args.iter().zip(next).filter_map(move |(arg, next)| match arg.strip_prefix(option)? {
        "" => next.map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

fn build(kind: Build, postgres: bool) -> Result<()> {
    let mut cargo = shell::cargo(["build", "--quiet", "--release", "--package", "automl-cli"]);
    match kind {
        Build::Light => cargo.arg("--no-default-features"),
        Build::Cpu => &mut cargo,
        Build::Gpu => cargo.args(["--features", "gpu"]),
    };
    if postgres {
        cargo.args(["--features", "postgres"]);
    }
    shell::run(cargo)
}

/// Whether the binary of the last build can train.
fn can_train(binary: &Path) -> bool {
    let version = Command::new(binary).arg("--version").stderr(Stdio::null()).output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("training"))
}

fn binary() -> Result<PathBuf> {
    let name = format!("automl{}", std::env::consts::EXE_SUFFIX);
    Ok(crate::workspace::Workspace::read()?.target.join("release").join(name))
}

fn command(binary: &Path, args: &[String]) -> Command {
    let mut command = Command::new(binary);
    command.args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::{setting, wants_postgres};

    #[test]
    fn studies_in_postgres_are_seen() {
        let wants = |args: &[&str]| {
            wants_postgres(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
        };
        assert!(wants(&["search", "--storage", "postgresql://me@host/x"]));
        assert!(wants(&["search", "--set=storage=\"postgresql://me@host/x\""]));
        assert!(!wants(&["search", "--storage", "sqlite:///postgres.db"]));
        let folder = std::env::temp_dir().join(format!("automl-xtask-{}.toml", std::process::id()));
        std::fs::write(&folder, "storage = \"postgresql://me@host/x\"").unwrap();
        let path = folder.display().to_string();
        assert!(wants(&["search", "--config", &path]));
        assert!(wants(&["search", &format!("--config={path}")]));
        let device = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            setting(&args, "device")
        };
        std::fs::write(&folder, "device = \"gpu\" # or cpu\nseed = 1\n").unwrap();
        assert_eq!(device(&["search", "--seed", "1"]), None);
        assert_eq!(device(&["search", "--config", &path]).as_deref(), Some("gpu"));
        let set = ["search", "--config", &path, "--set", "device=cpu"];
        assert_eq!(device(&set).as_deref(), Some("cpu"));
        assert_eq!(device(&[&set[..], &["--device=auto"]].concat()).as_deref(), Some("auto"));
        std::fs::write(&folder, "# storage = \"postgresql://me@host/x\"").unwrap();
        assert!(!wants(&["search", "--config", &path]));
        std::fs::remove_file(&folder).unwrap();
        assert!(!wants(&["search", "--config", &path]));
    }

    #[test]
    fn studies_that_are_continued_in_postgres_are_seen() {
        let wants = |args: &[&str]| {
            wants_postgres(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
        };
        let runs = std::env::temp_dir().join(format!("automl-xtask-runs-{}", std::process::id()));
        let kept = |study: &str, storage: &str| {
            let folder = runs.join(study);
            std::fs::create_dir_all(&folder).unwrap();
            let text = format!("{{\n  \"seed\": 0,\n  \"storage\": {storage}\n}}");
            std::fs::write(folder.join("settings.json"), text).unwrap();
        };
        kept("far", "\"postgresql://me@host/x\"");
        kept("near", "null");
        let path = runs.display().to_string();
        assert!(wants(&["search", "--study", "far", "--runs", &path]));
        assert!(wants(&["search", &format!("--runs={path}"), "--study=far"]));
        for other in ["near", "none"] {
            assert!(!wants(&["search", "--study", other, "--runs", &path]));
        }
        std::fs::remove_dir_all(&runs).unwrap();
    }
}
