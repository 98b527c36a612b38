//! Settings with a few values, each with a name and a summary: for help, tables and error texts.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares an enum with its list: variant, name in settings, and documentation, of which the first
/// line is the summary.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $Name:ident {
            $(
                #[doc = $summary:literal]
                $(#[$more:meta])*
                $Variant:ident = $name:literal,
            )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $Name {
            $(
                #[doc = $summary]
                $(#[$more])*
                #[serde(rename = $name)]
                $Variant,
            )+
        }

        impl $Name {
            /// Every value, in the order of the documentation.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Variant),+];

            /// Name in settings and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)+
                }
            }

            /// One-line description.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$Variant => $summary.trim_ascii(),)+
                }
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

choices! {
    /// The cost that a search minimizes beside the error.
    pub enum CostObjective {
        /// The number of parameters.
        #[default]
        Params = "params",
        /// Multiply-accumulates of one image.
        Macs = "macs",
        /// The time for one image on the device at hand: predicted in the search, measured in the end.
        Latency = "latency",
        /// Bytes of the constants of the int8 program.
        Flash = "flash",
        /// Bytes of the activations of the int8 program.
        Ram = "ram",
    }
}

choices! {
    /// The zero-cost proxy that selects the best of a few proposals in a search's first trials.
    pub enum ZeroCostProxy {
        /// None: every proposal is trained.
        #[default]
        None = "none",
        /// Parameters.
        Params = "params",
        /// Patterns of the nonlinearities (Mellor et al. 2021).
        Naswot = "naswot",
        /// The flow through the weights (Tanaka et al. 2020).
        Synflow = "synflow",
        /// The norm of the gradient at initialization.
        GradientNorm = "gradient-norm",
    }
}

choices! {
    /// The networks that are searched.
    ///
    /// # Examples
    /// ```
    /// use automl_settings::SpaceName;
    ///
    /// let names = SpaceName::ALL.map(SpaceName::name);
    /// assert_eq!(names, ["blocks", "recent-blocks", "gated-blocks", "elastic", "nas-bench-macro"]);
    /// ```
    pub enum SpaceName {
        /// Seven searched blocks, scaled to the images and the caps.
        #[default]
        Blocks = "blocks",
        /// The same with MobileOne, UIB, FasterNet and MixConv.
        RecentBlocks = "recent-blocks",
        /// The same with GatedFFN, SplitConv, StarNet and DeepStem, which keeps the resolution of small images.
        GatedBlocks = "gated-blocks",
        /// Stages of inverted residuals, each network a part of the largest, so that all can share weights.
        Elastic = "elastic",
        /// The skeleton of NAS-Bench-Macro, 6,561 codes; without caps unless they are given.
        NasBenchMacro = "nas-bench-macro",
    }
}
