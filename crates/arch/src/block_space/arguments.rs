//! The parameters of one block, and the block that their values make.

use super::choice::BlockChoice;
use super::skeleton::{Range, Skeleton};
use crate::{Activation, Block, Layer};
use automl_space::{Config, Key, Prior, SpaceBuilder, SpaceError};

const STEM: [&str; 2] = ["Conv", "DWConv"];
const TYPES: [&str; 5] = ["Conv", "DWConv", "InvertedResidualv2", "InvertedResidualv3", "Pass"];
const EXTENDED: [&str; 12] = [
    "Conv",
    "DWConv",
    "InvertedResidualv2",
    "InvertedResidualv3",
    "Pass",
    "MBConv",
    "Fire",
    "Bottleneck",
    "GhostBottleneck",
    "ECAInvertedResidualv2",
    "ECAInvertedResidualv3",
    "ECABottleneck",
];
/// Types with a stride of their own.
const STRIDED: [&str; 8] = [
    "Conv",
    "DWConv",
    "InvertedResidualv2",
    "InvertedResidualv3",
    "MBConv",
    "GhostBottleneck",
    "ECAInvertedResidualv2",
    "ECAInvertedResidualv3",
];
const KERNELS: [usize; 3] = [1, 3, 5];
const SPATIAL_KERNELS: [usize; 2] = [3, 5];
const ACTIVATIONS: [Activation; 2] = [Activation::Relu, Activation::HardSwish];
const MULTIPLES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];
/// How likely the prior puts a pooling behind a block that could have halved the maps itself.
const POOL_ODDS: f64 = 0.1;

/// Handles of one block's parameters; what a block cannot be has none.
#[derive(Clone, Debug)]
pub(crate) struct BlockKeys {
    types: Vec<&'static str>,
    kind: Key<usize>,
    repeat: Option<Key<i64>>,
    stride: Key<usize>,
    /// Pooling behind a block that has no stride, and behind one whose stride is 1.
    pools: Option<[Key<usize>; 2]>,
    plain: PlainKeys,
    residual: Option<ResidualKeys>,
    extended: Option<ExtendedKeys>,
}

#[derive(Clone, Debug)]
struct PlainKeys {
    channels: Key<i64>,
    kernel: Option<Key<usize>>,
    activation: Key<usize>,
}

#[derive(Clone, Debug)]
struct ResidualKeys {
    v2_channels: Key<i64>,
    v2_expansion: Option<Key<i64>>,
    v3_channels: Key<i64>,
    v3_expansion: Key<f64>,
    v3_kernel: Key<usize>,
    v3_excite: Key<usize>,
    v3_hard_swish: Key<usize>,
}

#[derive(Clone, Debug)]
struct ExtendedKeys {
    mb_channels: Key<i64>,
    mb_expansion: Key<i64>,
    mb_kernel: Key<usize>,
    mb_excite: Key<usize>,
    fire_squeeze: Key<i64>,
    fire_expand: Key<i64>,
    bottleneck_channels: Key<i64>,
    ghost_channels: Key<i64>,
    ghost_expansion: Key<f64>,
    ghost_excite: Key<usize>,
}

fn weights<const N: usize>(weights: [f64; N]) -> Prior {
    Prior::Weights { weights: weights.to_vec() }
}

/// A normal prior around a share of a range.
fn around(low: f64, high: f64, share: f64) -> Prior {
    let sd = ((high - low) / 3.0).max(1e-3);
    Prior::Normal { mean: low + share * (high - low), sd }
}

/// An integer that is left out where there is only one value.
fn int(
    space: &mut SpaceBuilder,
    name: &str,
    (low, high, step): Range,
    share: f64,
    parent: Key<usize>,
    types: &[&'static str],
) -> Result<Key<i64>, SpaceError> {
    space
        .int(name, low..=high)
        .step(step)
        .prior(around(low as f64, high as f64, share))
        .when(parent, types.to_vec())
        .add()
}

impl BlockKeys {
    /// Adds the parameters of block `index` (0 is m1).
    pub(crate) fn add(
        space: &mut SpaceBuilder,
        index: usize,
        skeleton: &Skeleton,
    ) -> Result<Self, SpaceError> {
        let name = format!("m{}", index + 1);
        let sub = |argument: &str| format!("{name}/{argument}");
        let stem = index == 0;
        let (types, prior): (Vec<&'static str>, Prior) = match (stem, skeleton.extended) {
            (true, _) => (STEM.to_vec(), weights([0.8, 0.2])),
            (false, false) => (TYPES.to_vec(), weights([0.1, 0.15, 0.25, 0.35, 0.15])),
            (false, true) => (
                EXTENDED.to_vec(),
                weights([0.07, 0.1, 0.14, 0.2, 0.13, 0.1, 0.03, 0.03, 0.05, 0.05, 0.08, 0.02]),
            ),
        };
        let offers = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| types.contains(name)).collect()
        };
        let kind = space.choice(&name, types.clone()).prior(prior).add()?;

        let most = if stem { skeleton.max_repeat.min(3) } else { skeleton.max_repeat };
        let repeat = if most > 1 {
            let repeated: Vec<_> = types.iter().copied().filter(|&name| name != "Pass").collect();
            Some(int(space, &sub("repeat"), (1, most, 1), 0.2, kind, &repeated)?)
        } else {
            None
        };
        let odds = skeleton.halving_odds(index);
        let stride = space
            .ordinal(&sub("stride"), [1, 2])
            .prior(weights([1.0 - odds, odds]))
            .when(kind, offers(&STRIDED))
            .add()?;
        let pools = if skeleton.extended && !stem {
            let halves = ["Fire", "Bottleneck", "ECABottleneck"];
            let without_stride = space
                .ordinal(&sub("pool"), [0, 1])
                .prior(weights([1.0 - odds, odds]))
                .when(kind, offers(&halves))
                .add()?;
            let behind_stride_1 = space
                .ordinal(&sub("stride1_pool"), [0, 1])
                .prior(weights([1.0 - POOL_ODDS, POOL_ODDS]))
                .when(stride, [1])
                .add()?;
            Some([without_stride, behind_stride_1])
        } else {
            None
        };

        let plain = ["Conv", "DWConv"];
        let channels = int(space, &sub("out_channels"), skeleton.plain(index), 0.3, kind, &plain)?;
        let kernel = if stem {
            None
        } else {
            let sizes = KERNELS.map(|kernel| kernel as i64);
            let kernel =
                space.ordinal(&sub("kernel_size"), sizes).prior(weights([0.15, 0.6, 0.25]));
            Some(kernel.when(kind, plain.to_vec()).add()?)
        };
        let activation = space
            .choice(&sub("activation"), ["ReLU", "Hardswish"])
            .when(kind, plain.to_vec())
            .add()?;
        let plain = PlainKeys { channels, kernel, activation };

        let residual = if stem {
            None
        } else {
            let v2 = offers(&["InvertedResidualv2", "ECAInvertedResidualv2"]);
            let v3 = offers(&["InvertedResidualv3", "ECAInvertedResidualv3"]);
            let (v2_range, v2_most) = skeleton.v2(index);
            Some(ResidualKeys {
                v2_channels: int(space, &sub("v2_c"), v2_range, 0.45, kind, &v2)?,
                v2_expansion: if v2_most > 1 {
                    Some(int(space, &sub("v2_t"), (1, v2_most, 1), 0.4, kind, &v2)?)
                } else {
                    None
                },
                v3_channels: int(space, &sub("v3_c"), skeleton.v3(index), 0.45, kind, &v3)?,
                v3_expansion: space
                    .float(&sub("v3_t"), 1.0..=6.0)
                    .step(0.1)
                    .prior(Prior::Normal { mean: 3.0, sd: 1.5 })
                    .when(kind, v3.clone())
                    .add()?,
                v3_kernel: space
                    .ordinal(&sub("v3_kernel"), [3, 5])
                    .prior(weights([0.65, 0.35]))
                    .when(kind, v3.clone())
                    .add()?,
                v3_excite: space
                    .ordinal(&sub("v3_se"), [0, 1])
                    .prior(weights([0.5, 0.5]))
                    .when(kind, v3.clone())
                    .add()?,
                v3_hard_swish: space
                    .ordinal(&sub("v3_hs"), [0, 1])
                    .prior(weights([0.5, 0.5]))
                    .when(kind, v3)
                    .add()?,
            })
        };
        let extended = if skeleton.extended && !stem {
            Some(ExtendedKeys::add(space, &name, kind, skeleton.v3(index))?)
        } else {
            None
        };
        Ok(Self { types, kind, repeat, stride, pools, plain, residual, extended })
    }

    /// The block of a configuration in which every active parameter has a value.
    pub(crate) fn read(&self, config: &Config) -> BlockChoice {
        let kind = config.get(self.kind).and_then(|i| self.types.get(i)).copied();
        let repeat = self.repeat.and_then(|key| config.get(key)).unwrap_or(1).max(1) as usize;
        let block = kind.and_then(|kind| self.block(kind, config)).unwrap_or(Block::Pass);
        let pool = self.pools.is_some_and(|keys| keys.iter().any(|key| flag(config, *key)));
        BlockChoice { repeat, block, pool }
    }

    fn block(&self, kind: &str, config: &Config) -> Option<Block> {
        let stride = || config.get(self.stride).map(|index| index + 1);
        Some(match kind {
            "Conv" | "DWConv" => {
                let channels = config.get(self.plain.channels)? as usize;
                let kernel = match self.plain.kernel {
                    Some(key) => *KERNELS.get(config.get(key)?)?,
                    None => 3,
                };
                let activation = *ACTIVATIONS.get(config.get(self.plain.activation)?)?;
                match kind {
                    "Conv" => Block::conv(channels, kernel, stride()?, activation),
                    _ => Block::dw_conv(channels, kernel, stride()?, activation),
                }
            }
            "InvertedResidualv2" | "ECAInvertedResidualv2" => {
                let keys = self.residual.as_ref()?;
                Block::InvertedResidualV2 {
                    channels: config.get(keys.v2_channels)? as usize,
                    expansion: keys.v2_expansion.and_then(|key| config.get(key)).unwrap_or(1)
                        as f64,
                    stride: stride()?,
                    eca: kind.starts_with("ECA"),
                }
            }
            "InvertedResidualv3" | "ECAInvertedResidualv3" => {
                let keys = self.residual.as_ref()?;
                Block::InvertedResidualV3 {
                    kernel: *SPATIAL_KERNELS.get(config.get(keys.v3_kernel)?)?,
                    expansion: tenths(config.get(keys.v3_expansion)?),
                    channels: config.get(keys.v3_channels)? as usize,
                    squeeze_excite: flag(config, keys.v3_excite),
                    hard_swish: flag(config, keys.v3_hard_swish),
                    stride: stride()?,
                    eca: kind.starts_with("ECA"),
                }
            }
            _ => self.extended.as_ref()?.block(kind, config, stride().unwrap_or(1))?,
        })
    }
}

fn flag(config: &Config, key: Key<usize>) -> bool {
    config.get(key) == Some(1)
}

/// The tenth that a value of the grid 1.0, 1.1, ... stands for, without the grid's rounding.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl ExtendedKeys {
    fn add(
        space: &mut SpaceBuilder,
        name: &str,
        kind: Key<usize>,
        channels: Range,
    ) -> Result<Self, SpaceError> {
        let sub = |argument: &str| format!("{name}/{argument}");
        let (mb, fire, ghost) = (["MBConv"], ["Fire"], ["GhostBottleneck"]);
        let bottleneck = ["Bottleneck", "ECABottleneck"];
        let squeeze = (channels.0, (channels.1 / 2).max(channels.0), channels.2);
        let squeeze =
            (squeeze.0, squeeze.0 + (squeeze.1 - squeeze.0) / squeeze.2 * squeeze.2, squeeze.2);
        Ok(Self {
            mb_channels: int(space, &sub("mb_c"), channels, 0.45, kind, &mb)?,
            mb_expansion: int(space, &sub("mb_t"), (1, 6, 1), 0.5, kind, &mb)?,
            mb_kernel: space
                .ordinal(&sub("mb_kernel"), [3, 5])
                .prior(weights([0.65, 0.35]))
                .when(kind, mb)
                .add()?,
            mb_excite: space.ordinal(&sub("mb_se"), [0, 1]).when(kind, mb).add()?,
            fire_squeeze: int(space, &sub("f_s"), squeeze, 0.3, kind, &fire)?,
            fire_expand: int(space, &sub("f_e"), (2, 4, 1), 0.3, kind, &fire)?,
            bottleneck_channels: int(space, &sub("b_c"), channels, 0.4, kind, &bottleneck)?,
            ghost_channels: int(space, &sub("gb_c"), channels, 0.45, kind, &ghost)?,
            ghost_expansion: space
                .float(&sub("gb_t"), 1.0..=6.0)
                .step(0.1)
                .prior(Prior::Normal { mean: 3.0, sd: 1.5 })
                .when(kind, ghost)
                .add()?,
            ghost_excite: space.ordinal(&sub("gb_se"), [0, 1]).when(kind, ghost).add()?,
        })
    }

    fn block(&self, kind: &str, config: &Config, stride: usize) -> Option<Block> {
        Some(match kind {
            "MBConv" => Block::MBConv {
                expansion: config.get(self.mb_expansion)? as f64,
                channels: config.get(self.mb_channels)? as usize,
                stride,
                kernel: *SPATIAL_KERNELS.get(config.get(self.mb_kernel)?)?,
                squeeze_excite: flag(config, self.mb_excite),
            },
            "Fire" => {
                let squeeze = config.get(self.fire_squeeze)? as usize;
                let expand = squeeze * config.get(self.fire_expand)? as usize;
                Block::Fire { squeeze, expand1: expand, expand3: expand }
            }
            "Bottleneck" | "ECABottleneck" => Block::Bottleneck {
                channels: config.get(self.bottleneck_channels)? as usize,
                shortcut: true,
                groups: 1,
                expansion: 0.5,
                activation: Activation::Relu,
                eca: kind == "ECABottleneck",
            },
            "GhostBottleneck" => Block::GhostBottleneck {
                kernel: 3,
                expansion: tenths(config.get(self.ghost_expansion)?),
                channels: config.get(self.ghost_channels)? as usize,
                squeeze_excite: flag(config, self.ghost_excite),
                stride,
            },
            _ => return None,
        })
    }
}

/// Handles of what concerns the whole chain.
#[derive(Clone, Debug)]
pub(crate) struct HeadKeys {
    last_dim: Key<i64>,
    multiples: Option<(Key<usize>, Key<usize>)>,
}

impl HeadKeys {
    pub(crate) fn add(space: &mut SpaceBuilder, skeleton: &Skeleton) -> Result<Self, SpaceError> {
        let (low, high, step) = skeleton.last_dim();
        let prior = around(low as f64, high as f64, 0.25);
        let last_dim = space.int("last_dim", low..=high).step(step).prior(prior).add()?;
        let multiples = if skeleton.multiples {
            let depth = space
                .ordinal("depth_multiple", MULTIPLES)
                .prior(weights([0.2, 0.25, 0.25, 0.3]))
                .add()?;
            let width = space
                .ordinal("width_multiple", MULTIPLES)
                .prior(weights([0.15, 0.25, 0.25, 0.35]))
                .add()?;
            Some((depth, width))
        } else {
            None
        };
        Ok(Self { last_dim, multiples })
    }

    pub(crate) fn depth(&self, config: &Config) -> f64 {
        multiple(config, self.multiples.map(|(depth, _)| depth))
    }

    pub(crate) fn width(&self, config: &Config) -> f64 {
        multiple(config, self.multiples.map(|(_, width)| width))
    }

    pub(crate) fn layers(&self, config: &Config, classes: usize) -> [Layer; 4] {
        let last = config.get(self.last_dim).unwrap_or(128) as usize;
        [
            Layer::once(Block::conv(last, 1, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(classes)),
        ]
    }
}

fn multiple(config: &Config, key: Option<Key<usize>>) -> f64 {
    key.and_then(|key| config.get(key)).and_then(|i| MULTIPLES.get(i)).copied().unwrap_or(1.0)
}
