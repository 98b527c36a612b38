//! NSGA-II.

mod reference_points;
mod selection;
mod variation;

use crate::individual::{Individual, TrialFingerprint, is_prefix};
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};
use selection::{Member, binary_tournament, survivors};
use variation::{crossover, polynomial_mutation};

automl_study::options! {
    /// NSGA-II, a genetic algorithm: any space, any number of objectives.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `population` | 40 | size of the population and of a generation | `>= 2` |
    /// | `crossover-rate` | 0.9 | probability of two parents | `[0, 1]` |
    /// | `crossover-index` | 15 | distribution index of the crossover | `>= 0` |
    /// | `mutation-rate` | `1 / d` | probability of a mutation, for each of `d` active parameters | `[0, 1]` |
    /// | `mutation-index` | 20 | distribution index of the mutation | `>= 0` |
    pub struct Nsga2Config = "nsga2" {
        /// Size of the population and of a generation, and number of quasi-random trials at the start;
        /// at most a quarter of the planned trials.
        pub population: usize = 40, in at_least(2.0);
        /// Probability of two parents; a child of one parent is only mutated.
        pub crossover_rate: f64 = 0.9, in between(0.0, 1.0);
        /// Distribution index of the crossover: larger values keep children closer to their parents.
        pub crossover_index: f64 = 15.0, in at_least(0.0);
        /// Probability of a mutation for each active parameter; by default one over their number.
        pub mutation_rate: Option<f64> = None, in between(0.0, 1.0);
        /// Distribution index of the mutation: larger values make smaller steps.
        pub mutation_index: f64 = 20.0, in at_least(0.0);
    }
}

impl SamplerConfig for Nsga2Config {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(Nsga2Sampler::new(self.clone())))
    }
}

/// The elitist non-dominated sorting genetic algorithm (NSGA-II).
///
/// The evaluated trials (finished or paused), in order of their numbers, are generations of
/// [`population`](Nsga2Config::population) individuals. After each generation the best of survivors and
/// newcomers survive: by non-domination rank, then by falling crowding distance. The trials of an
/// incomplete generation compete as well (the steady-state form), so parallel workers never wait for
/// each other. From four objectives on, the last front is not chosen by crowding distance, which calls
/// the extremes good, but by the reference directions of NSGA-III, as many as the population has room
/// for.
///
/// - **Parents** are winners of binary tournaments by rank and crowding distance, from four objectives
///   on by rank.
/// - **Numbers** undergo simulated binary crossover and polynomial mutation; **choices** come from
///   either parent and mutate uniformly. A parameter that the child's choices activate comes from the
///   parent that has it, or is drawn from its prior.
/// - **Constraints**: feasible individuals before infeasible ones, these by the sum of violations.
///   Higher fidelities come before lower ones.
/// - A child that was tried before, or that a constraint forbids, is replaced by another one, after 32
///   attempts by a uniform draw.
///
/// # Source
/// Deb et al. (2002), "A fast and elitist multiobjective genetic algorithm: NSGA-II", sections III and
/// VI (constrained dominance); Deb & Agrawal (1995), "Simulated Binary Crossover for Continuous Search
/// Space"; Deb & Goyal (1996), "A Combined Genetic Adaptive Search (GeneAS) for Engineering Design", for
/// the mutation; Durillo et al. (2009), "On the Effect of the Steady-State Selection Scheme in
/// Multi-Objective Genetic Algorithms"; Deb & Jain (2014), "An Evolutionary Many-Objective Optimization
/// Algorithm Using Reference-Point-Based Nondominated Sorting Approach, Part I", for many objectives.
///
/// # Examples
/// ```
/// use automl_evolution::Nsga2Sampler;
/// use automl_space::Space;
/// use automl_study::{Direction, Study};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let y = space.float("y", 0.0..=1.0).add()?;
/// let mut study = Study::builder(space.build()?)
///     .directions([Direction::Minimize, Direction::Minimize])
///     .sampler(Nsga2Sampler::default())
///     .build()?;
/// // The optimal trade-offs between the distances to two points lie on the line between them.
/// study.optimize(300, |config| {
///     let distance = |a: f64, b: f64| (config[x] - a).powi(2) + (config[y] - b).powi(2);
///     [distance(0.2, 0.5), distance(0.8, 0.5)]
/// })?;
/// assert!(study.front().len() > 10);
/// assert!(study.front().iter().all(|trial| (trial.config[y] - 0.5).abs() < 0.2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Nsga2Sampler {
    config: Nsga2Config,
    /// The populations after the latest generations, oldest first.
    generations: Vec<Generation>,
}

/// A population after a full generation.
#[derive(Clone, Debug, Default)]
struct Generation {
    /// The individuals so far.
    read: Vec<TrialFingerprint>,
    /// Positions of the surviving ones.
    survivors: Vec<usize>,
}

/// The number of cached generations: late results invalidate only the latest few.
const CACHED_GENERATIONS: usize = 8;

/// Children before a uniform draw replaces them.
const MAX_CHILDREN: usize = 32;

impl Nsga2Sampler {
    /// A sampler with these options, which are not checked; a population below 2 acts as 2.
    pub fn new(config: Nsga2Config) -> Self {
        Self { config, generations: Vec::new() }
    }

    fn population_size(&self, view: &View<'_>) -> usize {
        view.startup_trials(self.config.population.max(2))
    }

    /// The population after all trials, which may end with an incomplete generation.
    fn population<'a, 'b>(
        &mut self,
        all: &'b [Individual<'a>],
        size: usize,
    ) -> Vec<Member<'a, 'b>> {
        let is_valid = |generation: &Generation| {
            generation.read.len().is_multiple_of(size) && is_prefix(&generation.read, all)
        };
        while self.generations.last().is_some_and(|generation| !is_valid(generation)) {
            self.generations.pop();
        }
        let mut current = self.generations.last().cloned().unwrap_or_default();
        loop {
            let next = &all[current.read.len()..(current.read.len() + size).min(all.len())];
            let pool = current.survivors.iter().map(|position| &all[*position]).chain(next);
            let members = survivors(pool.collect(), size);
            if next.len() < size {
                return members;
            }
            let position = |member: &Member<'a, 'b>| {
                let number = member.individual.trial.number;
                all.binary_search_by_key(&number, |individual| individual.trial.number)
            };
            current.survivors = members.iter().filter_map(|member| position(member).ok()).collect();
            current.read.extend(next.iter().map(Individual::fingerprint));
            self.generations.push(current.clone());
            if self.generations.len() > CACHED_GENERATIONS {
                self.generations.remove(0);
            }
        }
    }

    fn child(&self, view: &View<'_>, population: &[Member<'_, '_>], rng: &mut dyn Rng) -> Config {
        let options = &self.config;
        let first = binary_tournament(population, rng);
        let is_crossed = rng.random::<f64>() < options.crossover_rate;
        let second = if is_crossed { binary_tournament(population, rng) } else { first };
        let (a, b) = (&first.individual.trial.config, &second.individual.trial.config);
        let active = a.values().flatten().count().max(1);
        let mutation_rate = options.mutation_rate.unwrap_or(1.0 / active as f64);
        view.space.build_config(|index, param| {
            let domain = param.domain();
            let value = match (a.value(index), b.value(index)) {
                (Some(x), Some(y)) => crossover(domain, x, y, options.crossover_index, rng),
                (Some(x), None) | (None, Some(x)) => x,
                (None, None) => param.sample_prior(rng),
            };
            if rng.random::<f64>() < mutation_rate {
                polynomial_mutation(domain, value, options.mutation_index, rng)
            } else {
                value
            }
        })
    }
}

impl Sampler for Nsga2Sampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let size = self.population_size(view);
        let all = Individual::all(view.history);
        if all.is_empty() || view.number < size as u64 {
            return Ok(view.startup_proposal(rng));
        }
        let population = self.population(&all, size);
        for _ in 0..MAX_CHILDREN {
            let child = self.child(view, &population, rng);
            if view.space.allows(&child) && !view.history.seen(&child) {
                return Ok(child);
            }
        }
        Ok(view.deduplicated(view.space.sample(rng), rng))
    }

    fn prepare(&mut self, view: &View<'_>) {
        let size = self.population_size(view);
        self.population(&Individual::all(view.history), size);
    }
}
