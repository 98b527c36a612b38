//! Pruning and decomposition with training in between.

use crate::fine_tuning::{check_stop, phase_seed, report_size, training, tune};
use crate::prune::within_reach;
use crate::{
    Budget, Callbacks, CompressError, CompressionEvent, DecomposeError, Decomposition, FineTuning,
    Groups, Importance, MinChannels, Model, RankRule, prune,
};
use automl_data::Recipe;

/// Batches on which gradients are taken for a ranking.
const BATCHES: usize = 20;

/// Options of pruning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pruning {
    /// Ranking of the channels.
    pub importance: Importance,
    /// Rounds of removal and fine-tuning, at least 1.
    pub steps: usize,
    /// Channels that stay in any case.
    pub min_channels: MinChannels,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { importance: Importance::default(), steps: 5, min_channels: MinChannels::default() }
    }
}

/// Criterion for the ranks of a decomposition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RankTarget {
    /// A rule for each layer by its weights.
    Rule(RankRule),
    /// A budget, met with the same share of energy in every layer.
    Budget(Budget),
}

/// Removes channels in steps of equal ratio until the budget is met. After each step but the last
/// the network is trained for a share of half of the epochs, after the last for all that are left,
/// each time along a cosine of its own and in an order of its own.
///
/// # Errors
/// [`CompressError`]; with [`TrainError::Stopped`](automl_train::TrainError::Stopped) if a stop was requested.
pub fn prune_and_tune(
    model: &Model,
    budget: &Budget,
    pruning: &Pruning,
    tuning: &FineTuning<'_>,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    let start = model.cost();
    within_reach(model, &Groups::find(model.graph()), budget, pruning.min_channels)?;
    let steps = pruning.steps.max(1);
    let epochs = tuning.recipe.epochs;
    let between = if steps > 1 { epochs / (2 * (steps as u64 - 1)) } else { 0 };
    let mut spent = 0;
    let mut model = model.clone();
    for step in 1..=steps {
        let target = budget.on_the_way(&start, step as f64 / steps as f64);
        check_stop(callbacks, spent)?;
        let own = FineTuning { seed: phase_seed(tuning.seed, step as u64), ..*tuning };
        model = rank_and_prune(&model, &target, pruning, &own)?;
        report_size(&model, callbacks);
        let share = if step < steps { between } else { epochs - spent };
        model = tune(&model, &own, share, callbacks)?;
        spent += share;
    }
    Ok(model)
}

/// Decomposes layers, and fine-tunes the factors.
///
/// # Errors
/// Those of [`prune_and_tune`].
pub fn decompose_and_tune(
    model: &Model,
    target: RankTarget,
    tuning: &FineTuning<'_>,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    check_stop(callbacks, 0)?;
    let decomposition = Decomposition::of(model);
    let ranks = match target {
        RankTarget::Rule(rule) => decomposition.ranks(rule),
        RankTarget::Budget(budget) => decomposition.within(&budget)?,
    };
    let smaller = decomposition.apply(&ranks)?;
    report_size(&smaller, callbacks);
    let own = FineTuning { seed: phase_seed(tuning.seed, 0), ..*tuning };
    tune(&smaller, &own, own.recipe.epochs, callbacks)
}

/// Removes channels half of the way to a budget, in ratio, with half of the epochs, and decomposes
/// layers for the rest of it.
///
/// A copy without training shows first whether that leads there. If decomposition then cannot
/// reach the budget after all, more channels are removed in its place.
///
/// # Errors
/// Those of [`prune_and_tune`].
pub fn both_and_tune(
    model: &Model,
    budget: &Budget,
    pruning: &Pruning,
    tuning: &FineTuning<'_>,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    let midway = budget.on_the_way(&model.cost(), 0.5);
    within_reach(model, &Groups::find(model.graph()), &midway, pruning.min_channels)?;
    check_stop(callbacks, 0)?;
    let untuned = rank_and_prune(model, &midway, pruning, tuning)?;
    Decomposition::of(&untuned).within(budget)?;

    let half = tuning.recipe.epochs / 2;
    let first = Recipe { epochs: half, ..tuning.recipe.clone() };
    let rest = Recipe { epochs: tuning.recipe.epochs - half, ..tuning.recipe.clone() };
    let tuned = FineTuning { recipe: &first, ..*tuning };
    let pruned = prune_and_tune(model, &midway, pruning, &tuned, callbacks)?;
    go_down(&pruned, budget, pruning, &FineTuning { recipe: &rest, ..*tuning }, callbacks)
}

/// Decomposes layers until a budget is met, or where that cannot be removes channels.
fn go_down(
    model: &Model,
    budget: &Budget,
    pruning: &Pruning,
    tuning: &FineTuning<'_>,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    match decompose_and_tune(model, RankTarget::Budget(*budget), tuning, callbacks) {
        Err(CompressError::Decompose(error @ DecomposeError::OutOfReach { .. })) => {
            (callbacks.tell)(&CompressionEvent::Instead(error));
            let tuning = FineTuning { seed: phase_seed(tuning.seed, u64::MAX), ..*tuning };
            prune_and_tune(model, budget, pruning, &tuning, callbacks)
        }
        done => done,
    }
}

/// Removes channels until the budget is met, those first that are needed least as the network is.
fn rank_and_prune(
    model: &Model,
    budget: &Budget,
    pruning: &Pruning,
    tuning: &FineTuning<'_>,
) -> Result<Model, CompressError> {
    let groups = Groups::find(model.graph());
    let training = training(model, tuning, 1)?;
    let scores = pruning.importance.scores(model, &groups, &training, BATCHES, tuning.seed);
    Ok(prune(model, &groups, &scores, budget, pruning.min_channels)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Activation, Architecture, Block, Layer};
    use automl_data::{DataSplits, Dataset};
    use automl_models::Network;
    use automl_train::{TrainError, cpu};
    use std::cell::{Cell, RefCell};
    use std::sync::Arc;

    fn data() -> Arc<DataSplits> {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        Arc::new(data.subset(0.1, 0))
    }

    /// A network of small matrices, which decomposition cannot halve.
    fn model() -> Model {
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::new(3, Block::inverted_residual(3, 2.0, 8, 1)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        let graph = Architecture::new(1, 8, layers).graph().unwrap();
        let weights = Network::from_graph(&graph, 0, &cpu()).tensors();
        Model::new(graph, weights).unwrap()
    }

    fn share(model: &Model, share: f64) -> Budget {
        let parameters = (share * model.cost().parameters as f64) as u64;
        Budget { parameters: Some(parameters), macs: None }
    }

    #[test]
    fn what_decomposition_cannot_reach_is_pruned() {
        let (data, model) = (data(), model());
        let recipe = Recipe::for_data(&data, 2);
        let tuning = FineTuning { data: &data, recipe: &recipe, seed: 0, device: &cpu() };
        let steps = RefCell::new(Vec::new());
        let tell = |step: &CompressionEvent| steps.borrow_mut().push(step.clone());
        let callbacks = Callbacks { stop: &|| false, tell: &tell };
        let pruning = Pruning { steps: 1, ..Pruning::default() };
        let budget = share(&model, 0.4);
        let smaller = go_down(&model, &budget, &pruning, &tuning, callbacks).unwrap();
        assert!(budget.allows(&smaller.cost()));
        let told = steps.take();
        assert!(
            matches!(told[0], CompressionEvent::Instead(DecomposeError::OutOfReach { .. })),
            "{told:?}"
        );
        assert_eq!(
            told.iter().filter(|step| matches!(step, CompressionEvent::Epoch(_))).count(),
            2
        );
        // As a whole it is refused before any training.
        let budget = share(&model, 0.25);
        let error = both_and_tune(&model, &budget, &pruning, &tuning, callbacks).unwrap_err();
        assert!(matches!(error, CompressError::Decompose(_)), "{error}");
        assert!(steps.take().is_empty());
        // Where both can go their halves there is nothing instead.
        let budget = share(&model, 0.8);
        let smaller = both_and_tune(&model, &budget, &pruning, &tuning, callbacks).unwrap();
        assert!(budget.allows(&smaller.cost()));
        assert!(!steps.take().iter().any(|step| matches!(step, CompressionEvent::Instead(_))));
    }

    /// Also where nothing trains.
    #[test]
    fn stop_requests_are_followed() {
        let (data, model) = (data(), model());
        let recipe = Recipe { epochs: 0, ..Recipe::for_data(&data, 1) };
        let tuning = FineTuning { data: &data, recipe: &recipe, seed: 0, device: &cpu() };
        let sizes = Cell::new(0);
        let tell = |_: &CompressionEvent| sizes.set(sizes.get() + 1);
        let stop = || sizes.get() == 1;
        let callbacks = Callbacks { stop: &stop, tell: &tell };
        let half = share(&model, 0.8);
        let stopped = |done: Result<Model, CompressError>| {
            let error = done.unwrap_err();
            assert!(matches!(error, CompressError::Train(TrainError::Stopped { .. })), "{error}");
            assert_eq!(sizes.replace(0), 1);
        };
        stopped(prune_and_tune(&model, &half, &Pruning::default(), &tuning, callbacks));
        stopped(decompose_and_tune(&model, RankTarget::Budget(half), &tuning, callbacks));
        let now = Callbacks { stop: &|| true, tell: &tell };
        assert!(tune(&model, &tuning, 0, now).is_err());
        assert!(both_and_tune(&model, &half, &Pruning::default(), &tuning, now).is_err());
        assert_eq!(sizes.get(), 0);
    }

    /// Two trainings of the same network with the same recipe differ, and again do not.
    #[test]
    fn no_phase_repeats_another() {
        let (data, model) = (data(), model());
        let recipe = Recipe::for_data(&data, 1);
        // A budget that the network is within: nothing is removed between the trainings.
        let loose = share(&model, 2.0);
        let run = |steps: usize| {
            let recipe = Recipe { epochs: 2, learning_rate: 1e-9, ..recipe.clone() };
            let tuning = FineTuning { data: &data, recipe: &recipe, seed: 3, device: &cpu() };
            let losses = RefCell::new(Vec::new());
            let tell = |step: &CompressionEvent| {
                if let CompressionEvent::Epoch(report) = step {
                    losses.borrow_mut().push(report.loss);
                }
            };
            let callbacks = Callbacks { stop: &|| false, tell: &tell };
            let pruning = Pruning { steps, importance: Importance::L1, ..Pruning::default() };
            prune_and_tune(&model, &loose, &pruning, &tuning, callbacks).unwrap();
            losses.into_inner()
        };
        let losses = run(2);
        assert_eq!(losses, run(2));
        // The weights stay in place, so only order and augmentation tell the epochs apart.
        assert_eq!(losses.len(), 2);
        assert!((losses[0] - losses[1]).abs() > 1e-6, "{losses:?}");
    }
}
