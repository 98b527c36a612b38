//! The training of a network of which every candidate is a part.
//!
//! Nothing about it depends on the trials: the same settings give the same weights in every process. So a
//! process that joins or continues a study reads the checkpoint or trains the same network itself.

use super::executor::CHECKPOINT_EVERY;
use super::setup::Setup;
use super::supernet::Supernet;
use crate::{Event, SearchError};
use automl_candidates::ElasticSpace;
use automl_data::Recipe;
use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_train::{Part, Saver, Training, on_threads};
use std::time::Instant;

/// Trains the network, or the rest of it, to the end or the deadline; `None` where the stop flag was
/// set. A search that only finishes takes the network as it is.
pub(super) fn learn<'a>(
    setup: Setup<'a>,
    space: &'a ElasticSpace,
    deadline: Option<Instant>,
    threads: usize,
) -> Result<Option<Supernet<'a>>, SearchError> {
    let training = begin(setup, space)?;
    let mut supernet = Supernet { space, training };
    match on_threads(threads, || train(&mut supernet.training, setup, deadline)) {
        Err(error) if error.is_stop() => return Ok(None),
        learned => learned?,
    }
    let has_learned = supernet.training.epoch() > 0;
    Ok(Some(supernet).filter(|_| has_learned || !setup.settings.search.finish))
}

/// The training of an earlier process, or a new one.
fn begin(setup: Setup<'_>, space: &ElasticSpace) -> Result<Training, SearchError> {
    let (plan, seed) = (setup.plan, setup.settings.seed);
    let (data, training) = (&plan.data, &setup.settings.training);
    let recipe = training.final_recipe(data, training.shared_epochs(data));
    let largest = space.lay_out(&space.largest()).0;
    let path = setup.folder.supernet_checkpoint();
    let known = Training::resume_if_whole(&path, data, setup.device, |error| {
        setup.note(format!("the shared weights are learned anew: {error}"));
    });
    // A time limit may have shortened it.
    let same = |known: &Training| {
        let planned = Recipe { epochs: recipe.epochs, ..known.recipe().clone() };
        (known.architecture(), known.seed(), planned) == (Some(&largest), seed, recipe.clone())
    };
    let training = match known.filter(same) {
        Some(known) => known,
        None => Training::new(&largest, data, &recipe, seed, setup.device)?,
    };
    Ok(training.with_parts(parts(space.clone(), plan.space.clone(), seed)))
}

fn train(
    training: &mut Training,
    setup: Setup<'_>,
    deadline: Option<Instant>,
) -> Result<(), SearchError> {
    let path = setup.folder.supernet_checkpoint();
    let mut saver = Saver::new(&path, CHECKPOINT_EVERY);
    let over = || setup.is_over(deadline);
    while training.epoch() < training.epochs() && !setup.settings.search.finish {
        let report = match saver.run_epoch(training, &over).map_err(SearchError::from) {
            // The time is over: what the weights have learned counts.
            Err(error) if error.is_stop() && !setup.stop.is_set() => break,
            report => report?,
        };
        // The learning rate falls to zero by the end of the time.
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now()).as_secs_f64();
            let fits = (left / report.time.as_secs_f64().max(1e-6)).floor() as u64;
            if fits > 0 && report.epoch + fits < training.epochs() {
                training.set_epochs(report.epoch + fits);
            }
        }
        let (epochs, accuracy) = (training.epochs(), None);
        let (epoch, loss) = (report.epoch, report.loss);
        setup.tell(&Event::Learning { epoch, epochs, loss, accuracy });
    }
    Ok(saver.save(training)?)
}

/// The parts that train in each step.
fn parts(
    space: ElasticSpace,
    allowed: Space,
    seed: u64,
) -> impl Fn(u64) -> Vec<Part> + Send + Sync + 'static {
    move |step| {
        let mut rng = stream(seed, step, "parts");
        let part = |config: &Config| {
            let (architecture, layers) = space.lay_out(config);
            Part { architecture, layers }
        };
        space.sandwich(&allowed, &mut rng).iter().map(part).collect()
    }
}
