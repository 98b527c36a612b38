//! The choice among candidates drawn from the good density.

use crate::axis::Kind;
use crate::feasibility::relative_log_ratio;
use crate::model::Model;
use crate::parzen::Form;
use crate::sources::SourceDensities;
use crate::workspace::Workspace;
use automl_space::Config;
use automl_study::View;
use rand::Rng;

/// Draws per candidate before the search for allowed, new candidates ends.
const MAX_DRAWS: usize = 20;

impl Model {
    /// The candidate with the largest `l(x) / g(x)` of `count` draws from `l(x)`, both in this form.
    ///
    /// With violated black-box constraints, the candidate with the largest product of relative density
    /// ratios. Draws that a constraint of the space forbids, and in a finite space those already
    /// tried, are no candidates; if no other are found, the proposal is a uniform draw.
    pub(crate) fn best_candidate(
        &mut self,
        view: &View<'_>,
        (form, count): (Form, usize),
        sources: &SourceDensities,
        rng: &mut dyn Rng,
    ) -> Config {
        self.draw_candidates(view, (form, count.max(1)), sources, rng);
        let Workspace { points, logs, scores, bad, .. } = &mut self.workspace;
        scores.clear();
        bad.clear();
        self.good.log_densities(form, points, logs, scores);
        sources.mix(points, logs, scores);
        self.bad.log_densities(form, points, logs, bad);
        for (score, bad) in scores.iter_mut().zip(bad) {
            *score -= *bad;
        }
        if !self.feasibility.is_empty() {
            let share = self.good_share;
            scores.iter_mut().for_each(|score| *score = relative_log_ratio(*score, share));
            self.feasibility.add_log_ratios(points, logs, scores);
        }
        let mut best = 0;
        for (i, score) in scores.iter().enumerate() {
            if *score > scores[best] {
                best = i;
            }
        }
        match points.chunks_exact(self.axes.len()).nth(best) {
            Some(point) => view.space.build_config(|j, _| self.axes[j].value(point[j])),
            None => view.space.sample(rng),
        }
    }

    /// Fills the workspace with the coordinates of at most `count` candidates.
    fn draw_candidates(
        &mut self,
        view: &View<'_>,
        (form, count): (Form, usize),
        sources: &SourceDensities,
        rng: &mut dyn Rng,
    ) {
        let d = self.axes.len();
        let is_constrained = !view.space.constraints().is_empty();
        let is_finite = self.axes.iter().all(|axis| axis.kind != Kind::Continuous);
        let Workspace { config, points, .. } = &mut self.workspace;
        points.clear();
        points.resize(count * d, f64::NAN);
        let (mut found, mut draws) = (0, 0);
        while found < count && draws < MAX_DRAWS * count {
            draws += 1;
            let density = sources.drawn(rng).unwrap_or(&self.good);
            density.draw(form, view.space, 1.0, rng, config, &mut points[found * d..][..d]);
            let is_rejected = is_constrained && !view.space.allows(config)
                || is_finite && view.history.seen(config);
            found += usize::from(!is_rejected);
        }
        points.truncate(found * d);
    }
}
