//! From observations to the criterion that the next proposal maximises.

use super::{Acquisition, GpOptions, Memories, noise};
use crate::acquisition_function::{Criterion, Goal, Part, normals};
use crate::features::Features;
use crate::observed_trials::{LARGEST, Observed};
use crate::regression::{Kernel, Posterior, Priors};
use crate::surrogate::{Component, Freedom, Memory, matrix};
use automl_numeric::{order, pareto};
use automl_study::View;
use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// How many times further than usual below its limit a constraint's value may lie.
const FAR: f64 = 30.0;

/// What a criterion is made of.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) observed: &'a Observed<'a>,
    pub(super) features: &'a Features,
    pub(super) kernel: &'a Kernel,
    pub(super) priors: &'a Priors,
}

/// A criterion and what else is known of the observations.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) criterion: Criterion,
    /// How good each row is (smaller is better): infeasible ones stand behind all others.
    pub(super) standing: Vec<f64>,
    /// The same as the surrogate believes it, without noise.
    pub(super) believed: Vec<f64>,
    /// Length scales of the weightiest surrogate, one for each parameter.
    pub(super) lengths: Vec<f64>,
}

/// What is aimed at, with what [`Made`] tells of the rows.
#[derive(Debug)]
struct Aim {
    goal: Goal,
    standing: Vec<f64>,
    believed: Vec<f64>,
    lengths: Vec<f64>,
}

/// The most running trials that are added to a surrogate.
const PENDING: usize = 64;

/// Limits of failures and constraints need no warping and one surrogate.
const PLAIN: Freedom<'_> = Freedom { warps: false, components: 1, columns: &[] };

/// Several objectives have a surrogate each, on the scale of the largest evidence: monotone maps
/// keep the front, and outliers do not flatten it.
const SCALED: Freedom<'_> = Freedom { warps: true, components: 1, columns: &[] };

impl Task<'_> {
    /// The criterion; `None` where no surrogate can be fitted.
    pub(super) fn criterion(
        &self,
        memory: &mut Memories,
        options: &GpOptions,
        rng: &mut dyn Rng,
    ) -> Option<Made> {
        let space = self.view.space;
        let rows: Vec<Vec<f64>> = self
            .observed
            .rows
            .iter()
            .map(|r| self.features.row(space, r.config, r.fidelity))
            .collect();
        let feasible: Vec<bool> =
            self.observed.rows.iter().map(|r| r.constraints.iter().all(|c| *c <= 0.0)).collect();
        let limits = self.limits(memory, &rows);
        let two = self.view.history.directions().len() == 2
            && options.acquisition != Acquisition::Thompson;
        let Aim { goal, mut standing, mut believed, lengths } = if two {
            self.front(memory, &rows, &feasible)?
        } else {
            self.single(memory, options, &rows, &feasible, rng)?
        };
        let all = standing.iter().chain(&believed).copied();
        let worst = all.fold(f64::NEG_INFINITY, f64::max);
        for (i, row) in self.observed.rows.iter().enumerate() {
            if !feasible[i] {
                let violation: f64 = row.constraints.iter().map(|c| c.max(0.0)).sum();
                standing[i] = worst + 1.0 + violation.min(1e200);
                believed[i] = standing[i];
            }
        }
        let cost = if options.per_second { self.cost(memory, &rows) } else { None };
        Some(Made { criterion: Criterion { goal, limits, cost }, standing, believed, lengths })
    }

    /// One loss for each row: the objective, or a weighting of several that is drawn anew.
    fn losses(&self, rng: &mut dyn Rng) -> Vec<f64> {
        let rows = &self.observed.rows;
        let objectives = self.view.history.directions().len();
        if objectives == 1 {
            return rows.iter().map(|r| r.losses[0]).collect();
        }
        let mut weights: Vec<f64> =
            (0..objectives).map(|_| -rng.random::<f64>().max(1e-300).ln()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let ranges: Vec<(f64, f64)> = (0..objectives)
            .map(|m| {
                let mut all: Vec<f64> = rows.iter().map(|r| r.losses[m]).collect();
                all.sort_by(|a, b| order::compare(*a, *b));
                (all[0], all[all.len() * 9 / 10])
            })
            .collect();
        let chebyshev = |losses: &[f64]| {
            let parts = losses.iter().zip(&ranges).zip(&weights).map(|((x, (low, high)), w)| {
                w * ((x - low) / (high - low).max(1e-300)).clamp(-10.0, 10.0)
            });
            let parts: Vec<f64> = parts.collect();
            parts.iter().copied().fold(f64::MIN, f64::max) + 0.05 * parts.iter().sum::<f64>()
        };
        rows.iter().map(|r| chebyshev(&r.losses)).collect()
    }

    /// The rows of all observed configurations at the highest fidelity.
    fn full(&self, rows: &[Vec<f64>]) -> DMatrix<f64> {
        if !self.observed.differ_in_fidelity() {
            return matrix(rows);
        }
        let space = self.view.space;
        let row = |r: &crate::observed_trials::Row<'_>| self.features.row(space, r.config, 1.0);
        matrix(&self.observed.rows.iter().map(row).collect::<Vec<_>>())
    }

    fn pending(&self) -> Vec<Vec<f64>> {
        let pending = &self.observed.pending;
        let last = &pending[pending.len().saturating_sub(PENDING)..];
        last.iter().map(|c| self.features.row(self.view.space, c, 1.0)).collect()
    }

    fn single(
        &self,
        memory: &mut Memories,
        options: &GpOptions,
        rows: &[Vec<f64>],
        feasible: &[bool],
        rng: &mut dyn Rng,
    ) -> Option<Aim> {
        let losses = self.losses(rng);
        let few = if losses.len() <= 100 { options.components } else { 1 };
        let columns = self.features.warpable();
        let freedom = Freedom { warps: true, components: few, columns: &columns };
        let components =
            memory.objectives[0].learn(self.kernel, self.priors, rows, &losses, freedom);
        let lengths = components.first()?.posterior.hyper().lengths.clone();
        let full = self.full(rows);
        let believed = components.first()?.posterior.means(&full);
        // Partly trained rows do not stand before fully trained ones.
        let partial = self.observed.differ_in_fidelity();
        let standing = if partial { believed.clone() } else { losses };
        if !feasible.contains(&true) {
            return Some(Aim { goal: Goal::Anything, standing, believed, lengths });
        }
        let pending = self.pending();
        let improves = options.acquisition == Acquisition::Improvement && !partial;
        let parts: Vec<Part> = components
            .into_iter()
            .map(|component| {
                let Component { mut posterior, weight, outputs, .. } = component;
                let means = posterior.means(&full);
                let best = means.iter().zip(feasible).filter(|(_, f)| **f).map(|(m, _)| *m);
                let mut best = vec![best.fold(f64::INFINITY, f64::min)];
                let (mean_sd, draws) = (self.priors.mean, options.fantasies);
                let mut drawn = None;
                if improves && noise::is_white(&posterior, &outputs, mean_sd) {
                    let rows: Vec<Vec<f64>> = rows.iter().chain(&pending).cloned().collect();
                    let counts = |i: usize| feasible.get(i).is_none_or(|feasible| *feasible);
                    drawn = noise::without_noise(&posterior, &rows, counts, mean_sd, draws, rng);
                }
                if drawn.is_none() && !pending.is_empty() {
                    drawn =
                        imagine(&posterior, &outputs, &pending, draws, rng).map(|(with, bests)| {
                            (with, bests.into_iter().map(|b| b.min(best[0])).collect())
                        });
                }
                if let Some((with, bests)) = drawn {
                    posterior = with;
                    best.extend(bests);
                }
                Part { posterior, best, weight }
            })
            .collect();
        let goal = match options.acquisition {
            Acquisition::Improvement | Acquisition::Thompson => Goal::Improvement(parts),
            Acquisition::Bound(beta) => Goal::Bound(parts, beta),
        };
        Some(Aim { goal, standing, believed, lengths })
    }

    /// Two objectives: a surrogate for each, and the front of their means.
    fn front(&self, memory: &mut Memories, rows: &[Vec<f64>], feasible: &[bool]) -> Option<Aim> {
        let full = self.full(rows);
        let pending = self.pending();
        let mut posteriors = Vec::new();
        let (mut means, mut beliefs) = (Vec::new(), Vec::new());
        for (m, memory) in memory.objectives.iter_mut().enumerate() {
            let losses: Vec<f64> = self.observed.rows.iter().map(|r| r.losses[m]).collect();
            let learnt = memory.learn(self.kernel, self.priors, rows, &losses, SCALED);
            let Component { mut posterior, outputs, .. } = learnt.into_iter().next()?;
            means.push(posterior.means(&full));
            if !pending.is_empty() {
                // Kriging believer (Ginsbourger, Le Riche & Carraro 2010).
                let believed = posterior.means(&matrix(&pending));
                posterior = grown(&posterior, &outputs, &pending, &believed).unwrap_or(posterior);
                beliefs.push(believed);
            }
            posteriors.push(posterior);
        }
        let points: Vec<[f64; 2]> = (0..rows.len()).map(|i| [means[0][i], means[1][i]]).collect();
        let ranks = pareto::ranks(&points);
        // Within a rank the isolated stand first.
        let crowding = pareto::crowding(&points, &ranks);
        let standing: Vec<f64> =
            ranks.iter().zip(&crowding).map(|(r, c)| *r as f64 + 0.5 / (1.0 + c)).collect();
        let believed = standing.clone();
        let lengths = posteriors[0].hyper().lengths.clone();
        let mut open: Vec<[f64; 2]> =
            points.iter().zip(feasible).filter(|(_, f)| **f).map(|(p, _)| *p).collect();
        if open.is_empty() {
            return Some(Aim { goal: Goal::Anything, standing, believed, lengths });
        }
        if let [first, second] = &beliefs[..] {
            open.extend(first.iter().zip(second).map(|(a, b)| [*a, *b]));
        }
        let ranks = pareto::ranks(&open);
        let mut front: Vec<[f64; 2]> =
            open.iter().zip(&ranks).filter(|(_, r)| **r == 0).map(|(p, _)| *p).collect();
        front.sort_by(|a, b| order::compare(a[0], b[0]));
        front.dedup();
        let mut reference = [0.0; 2];
        for j in 0..2 {
            let of = |points: &[[f64; 2]]| {
                let all = points.iter().map(|p| p[j]);
                all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
            };
            let ((low, high), (_, worst)) = (of(&front), of(&open));
            // A tenth beyond the front, and at least a tenth of what was seen; all of that where
            // the front is a point.
            let least = if front.len() > 1 { 0.1 * (worst - low) } else { worst - low };
            reference[j] = high + (0.1 * (high - low)).max(least).max(1e-6);
        }
        let second = posteriors.pop()?;
        let first = posteriors.pop()?;
        let goal = Goal::Front { posteriors: Box::new([first, second]), front, reference };
        Some(Aim { goal, standing, believed, lengths })
    }

    /// Processes of what must not be exceeded: each constraint, and the share of failures.
    fn limits(&self, memory: &mut Memories, rows: &[Vec<f64>]) -> Vec<(Posterior, f64)> {
        let observed = self.observed;
        let mut limits = Vec::new();
        let count = observed.rows.iter().map(|r| r.constraints.len()).max().unwrap_or(0);
        memory.constraints.resize_with(count, Memory::default);
        for (c, memory) in memory.constraints.iter_mut().enumerate() {
            let known: Vec<usize> =
                (0..rows.len()).filter(|&i| observed.rows[i].constraints.len() > c).collect();
            let values = known.iter().map(|&i| observed.rows[i].constraints[c]);
            let values = within_sight(values.collect());
            if values.iter().all(|v| *v <= 0.0) && values.len() < 3 {
                continue;
            }
            let rows: Vec<Vec<f64>> = known.iter().map(|&i| rows[i].clone()).collect();
            let learnt = memory.learn(self.kernel, self.priors, &rows, &values, PLAIN);
            limits.extend(learnt.into_iter().map(|c| (c.posterior, c.warped.place(0.0))));
        }
        if !observed.failed.is_empty() {
            let space = self.view.space;
            // In the order of trials, so that one more trial is one more row.
            let fine = observed.rows.iter().zip(rows).map(|(o, row)| (o.trial, 0.0, row.clone()));
            let failed = observed.failed.iter();
            let failed = failed.map(|(n, c)| (*n, 1.0, self.features.row(space, c, 1.0)));
            let mut all: Vec<(u64, f64, Vec<f64>)> = fine.chain(failed).collect();
            all.sort_by_key(|(trial, ..)| *trial);
            let failed: Vec<f64> = all.iter().map(|(_, failed, _)| *failed).collect();
            let all: Vec<Vec<f64>> = all.into_iter().map(|(.., row)| row).collect();
            let learnt = memory.failures.learn(self.kernel, self.priors, &all, &failed, PLAIN);
            limits.extend(learnt.into_iter().map(|c| (c.posterior, c.warped.place(0.5))));
        }
        limits
    }

    /// A process of the logarithm of the seconds that trials took, standardised, and what one there
    /// is in that logarithm.
    fn cost(&self, memory: &mut Memories, rows: &[Vec<f64>]) -> Option<(Posterior, f64)> {
        let observed = self.observed;
        let known: Vec<usize> =
            (0..rows.len()).filter(|&i| observed.rows[i].log_seconds.is_some()).collect();
        let seconds: Vec<f64> =
            known.iter().filter_map(|&i| observed.rows[i].log_seconds).collect();
        let spread = seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - seconds.iter().copied().fold(f64::INFINITY, f64::min);
        if known.len() < 4 || spread < 1e-3 {
            return None;
        }
        let rows: Vec<Vec<f64>> = known.iter().map(|&i| rows[i].clone()).collect();
        let learnt = memory.cost.learn(self.kernel, self.priors, &rows, &seconds, PLAIN);
        learnt.into_iter().next().map(|c| (c.posterior, c.warped.deviation()))
    }
}

/// Values of a constraint without those that are kept by far more than is usual: no scale would tell
/// the others apart beside them, and all of them say the same.
fn within_sight(values: Vec<f64>) -> Vec<f64> {
    let mut sizes: Vec<f64> =
        values.iter().map(|v| v.abs()).filter(|v| *v > 0.0 && *v < LARGEST).collect();
    sizes.sort_by(f64::total_cmp);
    let Some(usual) = sizes.get(sizes.len() / 2) else { return values };
    values.iter().map(|v| v.max(-FAR * usual)).collect()
}

/// The posterior with the pending rows appended, their outcomes drawn `count` times, and for each
/// draw the least of them.
fn imagine(
    posterior: &Posterior,
    y: &[f64],
    pending: &[Vec<f64>],
    count: usize,
    rng: &mut dyn Rng,
) -> Option<(Posterior, Vec<f64>)> {
    let points = matrix(pending);
    let normal = normals(pending.len(), count.max(1), rng);
    let draws = posterior.draw(&points, &normal).ok()?;
    let outputs: Vec<Vec<f64>> = draws
        .column_iter()
        .map(|draw| y.iter().copied().chain(draw.iter().copied()).collect())
        .collect();
    let mut with = grown(posterior, y, pending, draws.column(0).as_slice())?;
    with.set_fantasies(&outputs).ok()?;
    let least = draws.column_iter().map(|d| d.iter().copied().fold(f64::INFINITY, f64::min));
    Some((with, least.collect()))
}

/// The posterior with further rows and their outputs.
fn grown(posterior: &Posterior, y: &[f64], rows: &[Vec<f64>], more: &[f64]) -> Option<Posterior> {
    let mut with = posterior.clone();
    for row in rows {
        with.append(row, 0.0).ok()?;
    }
    let outputs: Vec<f64> = y.iter().chain(more).copied().collect();
    with.set_outputs(&outputs).ok()?;
    Some(with)
}
