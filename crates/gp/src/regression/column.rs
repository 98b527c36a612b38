//! Columns of the feature matrix and the distances within them.

/// The squared distance of two entries of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// `(a - b)^2`: for numbers, and for the positions of ordinal choices.
    Square,
    /// 1 where the entries differ, else 0 (Hamming): for indices of categories. It is a squared
    /// Euclidean distance, of indicator vectors over `sqrt(2)`, so that every kernel family stays
    /// positive definite (Hutter 2009, section 6.2).
    Hamming,
    /// `|e_a - e_b|^2` of learned points in the plane, one for each of `choices` indices from 0 on
    /// (any other index counts as the last). The column's scale is the first of `2 choices` ones,
    /// the logarithms of which are the coordinates: a normal prior of log scales is one of the
    /// points.
    ///
    /// # Source
    /// Zhang et al. (2020), "A Latent Variable Approach to Gaussian Process Modeling with
    /// Qualitative and Quantitative Factors", Technometrics 62(3), section 2.
    Embedded {
        /// The number of indices, at least 1.
        choices: usize,
    },
}

/// One column of the feature matrix.
///
/// # Examples
/// Two numbers that share one length scale, and a category with a second one:
/// ```
/// use automl_gp::{Column, Distance, Kernel, KernelFamily};
///
/// let number = Column { distance: Distance::Square, scale: 0 };
/// let category = Column { distance: Distance::Hamming, scale: 1 };
/// let kernel = Kernel::new(KernelFamily::Matern52, vec![number, number, category]);
/// assert_eq!((kernel.columns(), kernel.scales()), (3, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The squared distance of two entries.
    pub distance: Distance,
    /// The index of the length scale in [`Hyperparameters::lengths`]; columns that encode one
    /// parameter share one.
    ///
    /// [`Hyperparameters::lengths`]: crate::Hyperparameters::lengths
    pub scale: usize,
}
