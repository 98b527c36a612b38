//! `automl report`, `automl importance` and `automl export-trials`: what a study's record shows.

use crate::Failure;
use crate::output::say;
use crate::records::spare;
use automl::report::{
    Interaction, Location, PageOptions, StudyData, html, importance, interactions, tensorboard,
    trials_csv, trials_parquet, write,
};
use automl::storage::Address;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) const LONG: &str = "\
Write the report of a study: one HTML file with the front, progress over time and cost, learning curves,
importance of the parameters, slices, parallel coordinates, the timeline of the workers, rank correlation
between rungs, failures and a table of all trials.

The file opens from disk in any browser and loads nothing else. Studies of this program and of Optuna are
read from SQLite and PostgreSQL; nothing in the database is changed.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  automl report digits-1
      runs/digits-1/report.html, with the cards of the trained networks

  automl report studies.db --study tuning --out tuning.html
      one of the studies of a database

  PGPASSWORD=... automl report postgresql://me@host/automl --study big --csv big.csv
      from PostgreSQL, and all trials as comma-separated values";

/// Which study.
#[derive(Debug, Args)]
pub(crate) struct StudyArgs {
    /// Folder of a search or its name in runs/, file of a database, or its address
    #[arg(value_name = "STUDY|FILE|URL")]
    place: String,
    /// Study in a database that has several
    #[arg(long, value_name = "NAME")]
    study: Option<String>,
    /// Folder of the searches
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    runs: PathBuf,
}

impl StudyArgs {
    fn read(&self) -> Result<(Location, StudyData), Failure> {
        let location = Location::find(&self.place, &self.runs)?;
        let data = StudyData::read(&location, self.study.as_deref())?;
        Ok((location, data))
    }

    /// Whether the study lies in PostgreSQL.
    pub(crate) fn needs_postgres(&self) -> bool {
        let found = Location::find(&self.place, &self.runs);
        found.is_ok_and(|found| matches!(Address::parse(&found.url), Ok(Address::Postgres(_))))
    }
}

/// Options of `automl report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) study: StudyArgs,
    /// File of the page [default: report.html in the folder of the search, else here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write all trials to this file too, as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the trials to this folder too, as TensorBoard events
    #[arg(long, value_name = "FOLDER")]
    tensorboard: Option<PathBuf>,
}

/// Options of `automl importance`.
#[derive(Debug, Args)]
pub(crate) struct ImportanceArgs {
    #[command(flatten)]
    pub(crate) study: StudyArgs,
    /// Objective by its name or its number from 1; all of them without it
    #[arg(long, value_name = "NAME|N")]
    objective: Option<String>,
    /// Rank pairs of parameters by what they explain only together (fANOVA)
    #[arg(long)]
    interactions: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Options of `automl export-trials`.
#[derive(Debug, Args)]
pub(crate) struct ExportTrialsArgs {
    #[command(flatten)]
    pub(crate) study: StudyArgs,
    /// File to write: comma-separated values or, where it ends in .parquet, Parquet [default: standard
    /// output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let (location, data) = args.study.read()?;
    let folder = location.folder.as_deref().unwrap_or(Path::new(""));
    let out = args.out.clone().unwrap_or_else(|| folder.join("report.html"));
    [Some(&out), args.csv.as_ref()].into_iter().flatten().try_for_each(|out| spare(out))?;
    write(&out, &html(&data, &PageOptions::default()))?;
    let trials = data.trials().len();
    say(format!("{}: {trials} trials of {:?}", out.display(), data.name()))?;
    if let Some(csv) = &args.csv {
        write(csv, &trials_csv(&data))?;
        say(format!("{}: {trials} rows", csv.display()))?;
    }
    if let Some(folder) = &args.tensorboard {
        let runs = tensorboard(&data, folder)?;
        say(format!("{}: {runs} runs", folder.display()))?;
    }
    Ok(())
}

pub(crate) fn export_trials(args: &ExportTrialsArgs) -> Result<(), Failure> {
    let (_, data) = args.study.read()?;
    match &args.out {
        Some(out) => {
            spare(out)?;
            match out.extension() {
                Some(ending) if ending.eq_ignore_ascii_case("parquet") => {
                    trials_parquet(&data, out)?;
                }
                _ => write(out, &trials_csv(&data))?,
            }
            say(format!("{}: {} rows", out.display(), data.trials().len()))
        }
        None => say(trials_csv(&data).trim_end()),
    }
}

pub(crate) fn rank_parameters(args: &ImportanceArgs) -> Result<(), Failure> {
    let (_, data) = args.study.read()?;
    let chosen = chosen(&data, args.objective.as_deref())?;
    if args.interactions {
        return rank_pairs(&data, &chosen, args.json);
    }
    if args.json {
        let all = chosen.into_iter().map(|at| {
            let shares = importance(&data, at)
                .into_iter()
                .map(|item| (data.params()[item.param].name.clone(), json!(item.share)));
            (data.objectives()[at].name.clone(), json!(serde_json::Map::from_iter(shares)))
        });
        return say(serde_json::Value::Object(all.collect()));
    }
    for at in chosen {
        let ranking = importance(&data, at);
        say(format!(
            "importance for {} (PED-ANOVA; the shares sum to 1)",
            data.objectives()[at].name
        ))?;
        if ranking.is_empty() {
            say("  no complete trial yet")?;
        }
        for item in ranking {
            let bar = "█".repeat((30.0 * item.share).round() as usize);
            say(format!("  {:.3}  {:<30}  {bar}", item.share, data.params()[item.param].name))?;
        }
    }
    Ok(())
}

/// The pairs of parameters by their interaction for each of the objectives.
fn rank_pairs(data: &StudyData, objectives: &[usize], json: bool) -> Result<(), Failure> {
    let names = |pair: &Interaction| pair.params.map(|at| data.params()[at].name.clone());
    if json {
        let all = objectives.iter().map(|at| {
            let pairs = interactions(data, *at);
            let pairs = pairs.iter().map(|p| json!({ "params": names(p), "share": p.share }));
            (data.objectives()[*at].name.clone(), pairs.collect())
        });
        return say(serde_json::Value::Object(all.collect()));
    }
    for at in objectives {
        let pairs = interactions(data, *at);
        let objective = &data.objectives()[*at].name;
        say(format!("interactions for {objective} (fANOVA; shares of the variance)"))?;
        if pairs.is_empty() {
            say("  none: they need 20 complete trials with two parameters in all of them")?;
        }
        for pair in pairs {
            let bar = "█".repeat((30.0 * pair.share).round() as usize);
            say(format!("  {:.3}  {:<40}  {bar}", pair.share, names(&pair).join(" × ")))?;
        }
    }
    Ok(())
}

/// The objectives of a name or a number; all without one.
fn chosen(data: &StudyData, wanted: Option<&str>) -> Result<Vec<usize>, Failure> {
    let objectives = data.objectives();
    let Some(wanted) = wanted else { return Ok((0..objectives.len()).collect()) };
    let by_name = objectives.iter().position(|objective| objective.name == wanted);
    let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match by_name.or(number.filter(|at| *at < objectives.len())) {
        Some(at) => Ok(vec![at]),
        None => {
            let names: Vec<&str> = objectives.iter().map(|o| o.name.as_str()).collect();
            Err(format!("there is no objective {wanted:?}; the study has {}", names.join(", "))
                .into())
        }
    }
}
