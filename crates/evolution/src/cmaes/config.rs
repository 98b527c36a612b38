//! Options of CMA-ES.

automl_study::options! {
    /// CMA-ES with margin and categorical distributions: any space, one objective.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `startup` | 10 | quasi-random trials before the first generation | `>= 0` |
    /// | `sigma` | 0.15 | initial step size, in units of the parameters' ranges | `> 0` |
    /// | `population` | `4 + floor(3 ln d)` | points of a generation, for `d` parameters | `[4, 10000]` |
    /// | `max-full-dimensions` | 100 | most numbers with a full covariance matrix | `>= 0` |
    /// | `warm-start` | 0 | known trials that give the first distribution | `>= 0` |
    pub struct CmaEsConfig = "cmaes" {
        /// Quasi-random trials before the first generation; the weighted mean of the better half is
        /// the initial mean. At most a quarter of the planned trials.
        pub startup: usize = 10, in at_least(0.0);
        /// Initial step size, in units of the parameters' ranges.
        pub sigma: f64 = 0.15, in above(0.0);
        /// Number of points in a generation, by default `4 + floor(3 ln d)` for `d` parameters; restarts
        /// double it, or take a smaller one.
        pub population: Option<usize> = None, in between(4.0, 10_000.0);
        /// Largest number of numeric parameters with a full covariance matrix; with more, variances only.
        pub max_full_dimensions: usize = 100, in at_least(0.0);
        /// Number of known trials at the beginning of the study, as of a similar problem, of which the
        /// best tenth gives the first mean and covariance matrix; they take the place of `startup` and
        /// `sigma`.
        pub warm_start: usize = 0, in at_least(0.0);
    }
}
