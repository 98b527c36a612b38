//! NSGA-II.

use crate::standing::{Standing, Trace, judged, startup};
use crate::vary::another;
use automl_numeric::pareto;
use automl_space::{Config, Domain, Value};
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};

/// Settings of [`Nsga2Sampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nsga2Options {
    /// The size of the population.
    pub population: usize,
    /// The probability that a child has two parents.
    pub crossover: f64,
    /// The distribution index of the crossover: larger keeps children closer to their parents.
    pub crossover_index: f64,
    /// The distribution index of the mutation: larger makes smaller steps.
    pub mutation_index: f64,
}

impl Default for Nsga2Options {
    fn default() -> Self {
        Self { population: 40, crossover: 0.9, crossover_index: 15.0, mutation_index: 20.0 }
    }
}

/// The elitist non-dominated sorting genetic algorithm.
///
/// The population is what survives when the judged trials (finished or paused), in the order of
/// their numbers, arrive in generations: fronts first, the less crowded first within a front. The trials of a generation
/// that is not yet full compete too (the steady-state form), so workers never wait for each other.
/// Numbers are crossed by simulated binary crossover and mutated polynomially, choices are crossed
/// uniformly and mutated uniformly. A parameter that a child's choices make active comes from the
/// parent that has it, or is drawn.
///
/// # Source
/// Deb et al. (2002), "A fast and elitist multiobjective genetic algorithm: NSGA-II", sections
/// III and VI (constrained dominance); Deb & Agrawal (1995) for the crossover; Deb & Goyal (1996)
/// for the mutation; Durillo et al. (2009) for the steady state.
#[derive(Clone, Debug, Default)]
pub struct Nsga2Sampler {
    options: Nsga2Options,
    /// Who survived recent generations, oldest first: what was read, and the survivors.
    cache: Vec<(Vec<Trace>, Vec<usize>)>,
}

impl Nsga2Sampler {
    /// A sampler with other settings than the default.
    pub fn new(options: Nsga2Options) -> Self {
        Self { options, cache: Vec::new() }
    }
}

/// How many generations are remembered: late trials reach back only a few.
const GENERATIONS: usize = 8;

/// A member of the population.
#[derive(Clone, Debug)]
struct Member<'a, 'b> {
    standing: &'b Standing<'a>,
    rank: usize,
    crowding: f64,
}

impl Sampler for Nsga2Sampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let most = view.planned_trials.map_or(usize::MAX, |budget| (budget / 4).max(2) as usize);
        let size = self.options.population.max(2).min(most);
        let all = judged(view.history);
        if all.is_empty() || view.number < size as u64 {
            return Ok(startup(view, rng));
        }
        let population = self.population(&all, size);
        for _ in 0..32 {
            let child = self.child(view, &population, rng);
            if view.space.allows(&child) && !view.history.seen(&child) {
                return Ok(child);
            }
        }
        Ok(view.deduplicated(view.space.sample(rng), rng))
    }
}

/// The best `size` by rank and crowding distance.
fn select<'a, 'b>(standings: Vec<&'b Standing<'a>>, size: usize) -> Vec<Member<'a, 'b>> {
    let ranks = ranks(&standings);
    let mut crowding = vec![0.0; standings.len()];
    for rank in 0..=ranks.iter().copied().max().unwrap_or(0) {
        let front: Vec<usize> = (0..standings.len()).filter(|i| ranks[*i] == rank).collect();
        crowd(&standings, &front, &mut crowding);
    }
    let mut members: Vec<Member<'a, 'b>> = standings
        .into_iter()
        .zip(ranks.into_iter().zip(crowding))
        .map(|(standing, (rank, crowding))| Member { standing, rank, crowding })
        .collect();
    // Stable: the older of two equals survives.
    members.sort_by(|a, b| a.rank.cmp(&b.rank).then(b.crowding.total_cmp(&a.crowding)));
    members.truncate(size);
    members
}

/// Non-domination ranks of the feasible, those of the highest fidelity first, then one rank for each
/// size of violation.
fn ranks(standings: &[&Standing<'_>]) -> Vec<usize> {
    let mut feasible: Vec<usize> =
        (0..standings.len()).filter(|i| standings[*i].violation <= 0.0).collect();
    feasible.sort_by(|a, b| standings[*b].step.cmp(&standings[*a].step));
    let mut ranks = vec![0; standings.len()];
    let mut next = 0;
    for group in feasible.chunk_by(|a, b| standings[*a].step == standings[*b].step) {
        let losses: Vec<&[f64]> = group.iter().map(|i| standings[*i].losses()).collect();
        let first = next;
        for (i, rank) in group.iter().zip(pareto::ranks(&losses)) {
            ranks[*i] = first + rank;
            next = next.max(first + rank + 1);
        }
    }
    let mut rest: Vec<usize> =
        (0..standings.len()).filter(|i| standings[*i].violation > 0.0).collect();
    rest.sort_by(|a, b| standings[*a].violation.total_cmp(&standings[*b].violation));
    for pair in 0..rest.len() {
        let same =
            pair > 0 && standings[rest[pair]].violation == standings[rest[pair - 1]].violation;
        next += usize::from(pair > 0 && !same);
        ranks[rest[pair]] = next;
    }
    ranks
}

/// Adds the crowding distances of one front (section III.B).
fn crowd(standings: &[&Standing<'_>], front: &[usize], crowding: &mut [f64]) {
    let Some(first) = front.first() else { return };
    for objective in 0..standings[*first].losses().len() {
        let loss = |i: usize| standings[i].losses()[objective];
        let mut order = front.to_vec();
        order.sort_by(|a, b| loss(*a).total_cmp(&loss(*b)));
        let (low, high) = (order[0], order[order.len() - 1]);
        let range = loss(high) - loss(low);
        crowding[low] = f64::INFINITY;
        crowding[high] = f64::INFINITY;
        for three in order.windows(3) {
            let share = (loss(three[2]) - loss(three[0])) / range;
            // Infinite losses and fronts without extent say nothing about crowding.
            crowding[three[1]] += if share.is_finite() { share } else { 0.0 };
        }
    }
}

impl Nsga2Sampler {
    /// The survivors of generation after generation, the last of which may not be full yet.
    fn population<'a, 'b>(&mut self, all: &'b [Standing<'a>], size: usize) -> Vec<Member<'a, 'b>> {
        let fits = |(read, _): &(Vec<Trace>, Vec<usize>)| {
            read.len() <= all.len()
                && read.len() % size == 0
                && read.iter().zip(all).all(|(trace, standing)| *trace == standing.trace())
        };
        while self.cache.last().is_some_and(|entry| !fits(entry)) {
            self.cache.pop();
        }
        let (mut read, mut survivors) = self.cache.last().cloned().unwrap_or_default();
        loop {
            let next = &all[read.len()..(read.len() + size).min(all.len())];
            let pool = survivors.iter().map(|position| &all[*position]).chain(next);
            let members = select(pool.collect(), size);
            if next.len() < size {
                return members;
            }
            let position = |member: &Member<'a, 'b>| {
                all.binary_search_by_key(&member.standing.trial.number, |s| s.trial.number)
            };
            survivors = members.iter().filter_map(|member| position(member).ok()).collect();
            read.extend(next.iter().map(Standing::trace));
            self.cache.push((read.clone(), survivors.clone()));
            if self.cache.len() > GENERATIONS {
                self.cache.remove(0);
            }
        }
    }

    fn child(&self, view: &View<'_>, population: &[Member<'_, '_>], rng: &mut dyn Rng) -> Config {
        let options = self.options;
        let first = tournament(population, rng);
        let crossed = rng.random::<f64>() < options.crossover;
        let second = if crossed { tournament(population, rng) } else { first };
        let config = |member: &Member<'_, '_>| member.standing.trial.config.clone();
        let (a, b) = (config(first), config(second));
        let active = a.values().flatten().count().max(1);
        view.space.build_config(|index, param| {
            let domain = param.domain();
            let value = match (a.value(index), b.value(index)) {
                (Some(x), Some(y)) => cross(domain, x, y, options.crossover_index, rng),
                (Some(x), None) | (None, Some(x)) => x,
                (None, None) => param.sample_prior(rng),
            };
            if rng.random::<f64>() < 1.0 / active as f64 {
                mutated(domain, value, options.mutation_index, rng)
            } else {
                value
            }
        })
    }
}

/// The better of two random members: lower rank, then less crowded.
fn tournament<'p, 'a, 'b>(
    population: &'p [Member<'a, 'b>],
    rng: &mut dyn Rng,
) -> &'p Member<'a, 'b> {
    let a = &population[rng.random_range(0..population.len())];
    let b = &population[rng.random_range(0..population.len())];
    let order = a.rank.cmp(&b.rank).then(b.crowding.total_cmp(&a.crowding));
    if order.is_le() { a } else { b }
}

/// One of the two children of a crossover: simulated binary within the bounds for ordered domains
/// (half of the parameters are crossed, as in the authors' code), either parent's value otherwise.
fn cross(domain: &Domain, x: Value, y: Value, eta: f64, rng: &mut dyn Rng) -> Value {
    let swap = rng.random::<bool>();
    let (u, v) = (domain.to_unit(x), domain.to_unit(y));
    if !domain.is_ordered() || (u - v).abs() < 1e-14 || rng.random::<bool>() {
        return if swap { y } else { x };
    }
    let (low, high) = (u.min(v), u.max(v));
    let uniform = rng.random::<f64>();
    let spread = |room: f64| {
        let beta = 1.0 + 2.0 * room / (high - low);
        let alpha = 2.0 - beta.powf(-(eta + 1.0));
        let power = 1.0 / (eta + 1.0);
        if uniform <= 1.0 / alpha {
            (uniform * alpha).powf(power)
        } else {
            (1.0 / (2.0 - uniform * alpha)).powf(power)
        }
    };
    let unit = if swap {
        0.5 * ((low + high) - spread(low) * (high - low))
    } else {
        0.5 * ((low + high) + spread(1.0 - high) * (high - low))
    };
    domain.from_unit(unit)
}

/// Polynomial mutation within the bounds; discrete values and choices always change.
fn mutated(domain: &Domain, value: Value, eta: f64, rng: &mut dyn Rng) -> Value {
    let x = domain.to_unit(value);
    if domain.is_ordered() {
        let u = rng.random::<f64>();
        let power = 1.0 / (eta + 1.0);
        let delta = if u < 0.5 {
            (2.0 * u + (1.0 - 2.0 * u) * (1.0 - x).powf(eta + 1.0)).powf(power) - 1.0
        } else {
            let v = 2.0 * (1.0 - u) + 2.0 * (u - 0.5) * x.powf(eta + 1.0);
            1.0 - v.powf(power)
        };
        let other = domain.from_unit((x + delta).clamp(0.0, 1.0));
        if other != value {
            return other;
        }
    }
    another(domain, value, 1.0 / (eta + 1.0), rng)
}
