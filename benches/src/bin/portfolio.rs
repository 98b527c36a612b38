//! The portfolio of the block space, made from the records of searches and judged by leaving one out.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
use automl::candidates::{Candidates, Caps, fronts};
use automl::gp::SourceSurrogate;
use automl::numeric::stream;
use automl::settings::SearchSettings;
use automl::space::{Choice, Config, Space};
use automl::storage::StudyRecord;
use automl::study::{Direction, Source};
use automl::transfer::{Renames, WarmStart, portfolio};
use clap::Parser;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

/// The portfolio of the block space, made from the records of searches and judged by leaving one out.
#[derive(Debug, Parser)]
struct Args {
    /// Searches: the folder and the form of the images, as in runs/digits-1=1x8 (channels x side)
    #[arg(required = true)]
    studies: Vec<Searched>,
    /// File to write
    #[arg(long, default_value = "crates/candidates/src/portfolio.json")]
    out: PathBuf,
    /// Only judge, and write nothing
    #[arg(long)]
    judge: bool,
}

/// A search with the form of its images.
#[derive(Clone, Debug)]
struct Searched {
    folder: PathBuf,
    channels: usize,
    side: usize,
}

impl FromStr for Searched {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is not of the form FOLDER=CHANNELSxSIDE");
        let (folder, images) = text.split_once('=').ok_or_else(form)?;
        let (channels, side) = images.split_once('x').ok_or_else(form)?;
        let number = |text: &str| text.parse().map_err(|_| form());
        Ok(Self { folder: folder.into(), channels: number(channels)?, side: number(side)? })
    }
}

/// The forms for which networks are chosen: channels, and a side of each size class.
const FORMS: [(usize, usize); 6] = [(1, 8), (1, 28), (1, 64), (3, 16), (3, 32), (3, 64)];

/// The most networks of a form.
const MOST: usize = 8;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let records: Vec<StudyRecord> = args
        .studies
        .iter()
        .map(|study| {
            let path = study.folder.join("study.db");
            Ok::<_, Failure>(StudyRecord::read(&path.display().to_string(), None)?)
        })
        .collect::<Result<_, _>>()?;
    for (study, record) in args.studies.iter().zip(&records) {
        println!("{}: {} trials", study.folder.display(), record.trials.len());
    }
    judge(args, &records)?;
    if args.judge {
        return Ok(());
    }
    let mut entries = Vec::new();
    for (channels, side) in FORMS {
        let (candidates, caps) = blocks(channels, side)?;
        let all: Vec<&StudyRecord> = sorted(args, &records, (channels, side));
        let first = chosen(&candidates, &caps, &all)?;
        println!("{channels} channels, {side} pixels: {} networks", first.len());
        entries.extend(first.iter().map(|config| {
            json!({ "channels": channels, "side": side, "network": values(candidates.space(), config) })
        }));
    }
    let lines: Vec<String> = entries.iter().map(Value::to_string).collect();
    std::fs::write(&args.out, format!("[\n{}\n]\n", lines.join(",\n")))?;
    Ok(())
}

/// The block space that a search of such images has by default, with its limits.
fn blocks(channels: usize, side: usize) -> Result<(Candidates, Caps), Failure> {
    let caps = Caps::new(&SearchSettings::default(), side, true);
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    let small = caps.divided(if side <= 16 { 10 } else { 2 });
    let allowed = |graph: &automl::arch::Graph| small.allow_graph(graph);
    let blocks = BlockSpace::within(channels, side, 10, &options, allowed)?;
    Ok((Candidates::new(Arc::new(NetworkSpace::Blocks(blocks))), caps))
}

/// The records, those of the most similar images first.
fn sorted<'a>(
    args: &Args,
    records: &'a [StudyRecord],
    (channels, side): (usize, usize),
) -> Vec<&'a StudyRecord> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|&i| {
        let study = &args.studies[i];
        let ratio = (study.side as f64 / side as f64).ln().abs();
        (study.channels.min(2) != channels.min(2), (1000.0 * ratio) as u64)
    });
    order.into_iter().map(|i| &records[i]).collect()
}

fn sources(space: &Space, records: &[&StudyRecord]) -> Result<Vec<Source>, Failure> {
    let directions = records.first().map_or(vec![Direction::Minimize; 2], |r| r.directions.clone());
    let mut warm_start = WarmStart::new(space, &directions);
    for record in records {
        warm_start.add_record(record, &Renames::default())?;
    }
    Ok(warm_start.studies().to_vec())
}

/// The greedy portfolio over the records, filled up with their fronts.
fn chosen(
    candidates: &Candidates,
    caps: &Caps,
    records: &[&StudyRecord],
) -> Result<Vec<Config>, Failure> {
    let space = candidates.space().with_constraint(caps.constraint(candidates));
    let sources = sources(&space, records)?;
    let mut first = portfolio(&space, &sources, 2);
    for config in fronts(candidates, caps, &sources) {
        if !first.contains(&config) {
            first.push(config);
        }
    }
    first.truncate(MOST);
    Ok(first)
}

/// For each search the predicted normal scores of the error (small is good) of the best of the first
/// networks that the others would choose, and of random networks.
fn judge(args: &Args, records: &[StudyRecord]) -> Result<(), Failure> {
    println!(
        "predicted score of the error on the search left out, of the best of the first n networks"
    );
    println!("{:<28}{:>10}{:>10}{:>10}{:>12}{:>12}", "left out", 1, 4, 8, "random 10", "random 50");
    for (i, study) in args.studies.iter().enumerate() {
        let form = (study.channels, study.side);
        let (candidates, caps) = blocks(form.0, form.1)?;
        let space = candidates.space().with_constraint(caps.constraint(&candidates));
        let others: Vec<&StudyRecord> = sorted(args, records, form)
            .into_iter()
            .filter(|record| !std::ptr::eq(*record, &records[i]))
            .collect();
        if others.is_empty() {
            continue;
        }
        let own = sources(&space, &[&records[i]])?;
        let Some(surrogate) = SourceSurrogate::fit(&space, &own[0], 0) else { continue };
        let best = |configs: &[Config]| {
            let scores = configs.iter().map(|config| surrogate.predict(&space, config).0);
            scores.fold(f64::INFINITY, f64::min)
        };
        let first = chosen(&candidates, &caps, &others)?;
        let random: Vec<Config> = (0..50)
            .map(|draw| space.sample_prior(&mut stream(draw, 0, "random network")))
            .collect();
        print!("{:<28}", study.folder.display());
        for n in [1, 4, 8] {
            print!("{:>10.2}", best(&first[..n.min(first.len())]));
        }
        println!("{:>12.2}{:>12.2}", best(&random[..10]), best(&random));
    }
    Ok(())
}

/// The active parameters by name.
fn values(space: &Space, config: &Config) -> Map<String, Value> {
    let json = |choice: Choice| serde_json::to_value(choice).unwrap_or_default();
    space.describe(config).map(|(name, choice)| (name.to_owned(), json(choice))).collect()
}
