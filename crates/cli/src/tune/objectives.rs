//! `--minimize` and `--maximize`, in the order in which they are given.

use automl::tune::Objective;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// The objectives in the order of the command line; the first one is that of the best trial.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objectives(pub(crate) Vec<Objective>);

fn arg(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("NAME")
        .action(ArgAction::Append)
        .help_heading("Result")
        .help(help)
}

impl Args for Objectives {
    fn augment_args(command: Command) -> Command {
        let minimize = "A value of the result to minimize; may be repeated [default: loss]";
        let maximize = "A value of the result to maximize; may be repeated";
        command.arg(arg("minimize", minimize)).arg(arg("maximize", maximize))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Objectives {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let of = |name: &'static str, objective: fn(String) -> Objective| {
            let indices = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            indices.zip(values).map(move |(at, name)| (at, objective(name.clone())))
        };
        let mut all: Vec<(usize, Objective)> = of("minimize", Objective::minimize)
            .chain(of("maximize", Objective::maximize))
            .collect();
        all.sort_by_key(|(at, _)| *at);
        Ok(Self(all.into_iter().map(|(_, objective)| objective).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
