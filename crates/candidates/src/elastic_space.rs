//! Networks that are parts of one: stages of inverted residuals of elastic depth, width, expansion and
//! kernel.

use automl_arch::{Activation, Architecture, Block, BlockSpaceError, Graph, Layer};
use automl_extent::Extent;
use automl_numeric::stream;
use automl_space::{Config, Key, Space, SpaceBuilder, SpaceError};
use std::ops::RangeInclusive;

/// Scales of the channels that [`ElasticSpace::within`] tries, widest first.
const SCALES: [f64; 10] = [8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.75, 0.5, 0.25];

/// The share of the prior's networks that keep within the limits.
const WITHIN: f64 = 0.5;

/// Channels of the stages at scale 1, and of the convolution behind them.
const CHANNELS: [usize; 5] = [16, 24, 40, 80, 112];
const LAST: usize = 128;

/// Channels are multiples of this number, as in every network of blocks.
const STEP: i64 = 8;

/// The most blocks of a stage.
const DEPTH: usize = 3;

/// Inner channels per input channel.
const EXPANSIONS: [f64; 3] = [2.0, 3.0, 4.0];

/// Sides of depthwise kernels.
const KERNELS: [usize; 2] = [3, 5];

/// The largest shorter side of images that the stem keeps.
const KEPT: usize = 40;

/// A space of networks of which each is a part of the largest: it has the first channels and the first
/// blocks of every stage, and the centers of the kernels. So all of them can share one set of weights.
///
/// A 3x3 convolution, which halves images of more than 40 pixels either way, leads to the first of three to five
/// stages of version 3 inverted residuals with hard-swish. The first stage keeps the side in residual blocks, the
/// others begin with a block that halves it. A 1x1 convolution, global average pooling and a linear
/// classifier follow.
///
/// | Parameter | Values |
/// |---|---|
/// | `s1/width`, `s2/width`, ... | channels of a stage: multiples of 8 from a quarter of the most to the most |
/// | `s1/depth` | 0 to 3 blocks |
/// | `s2/depth`, ... | 1 to 3 blocks |
/// | `s1b1/expansion`, ... | 2, 3 or 4 inner channels per input channel, rounded to a multiple of 8 |
/// | `s1b1/kernel`, ... | depthwise kernels of 3 or 5 pixels |
/// | `last` | channels of the 1x1 convolution: multiples of 8 from a quarter of the most to the most |
///
/// # Source
/// Cai et al. (2020), "Once-for-All: Train One Network and Specialize it for Efficient Deployment",
/// section 3.2.
///
/// # Examples
/// ```
/// use automl_candidates::ElasticSpace;
///
/// let space = ElasticSpace::within(1, 28, 10, |graph| graph.cost().parameters <= 20_000)?;
/// let (smallest, largest) = (space.smallest(), space.largest());
/// let parameters = |config| space.architecture(config).cost().map(|cost| cost.parameters);
/// assert!(parameters(&smallest)? < 2_000 && parameters(&largest)? > 20_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ElasticSpace {
    input_channels: usize,
    input_side: Extent,
    classes: usize,
    space: Space,
    stages: Vec<Stage>,
    last: Key<i64>,
}

/// Handles of the parameters of a stage.
#[derive(Clone, Debug)]
struct Stage {
    width: Key<i64>,
    depth: Key<i64>,
    /// Expansion and kernel of each block.
    blocks: Vec<(Key<usize>, Key<usize>)>,
}

impl ElasticSpace {
    /// The space for images of the given channels, height and width, at a scale of the channels.
    ///
    /// # Errors
    /// [`BlockSpaceError::Space`] for a scale that is not a positive number.
    pub fn new(
        input_channels: usize,
        input_side: impl Into<Extent>,
        classes: usize,
        scale: f64,
    ) -> Result<Self, BlockSpaceError> {
        let input_side = input_side.into();
        let mut builder = Space::builder();
        let mut stages = Vec::new();
        for (index, channels) in
            CHANNELS.into_iter().enumerate().take(stage_count(input_side.shorter()))
        {
            stages.push(Stage::add(&mut builder, index, channels as f64 * scale)?);
        }
        let last = builder.int("last", range(LAST as f64 * scale)).step(STEP).add()?;
        let space = builder.build()?;
        Ok(Self { input_channels, input_side, classes, space, stages, last })
    }

    /// The widest space of which at least half of the prior's networks keep within the limits. The largest
    /// network is beyond them as a rule, so that networks of every form come close to them.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn within(
        input_channels: usize,
        input_side: impl Into<Extent>,
        classes: usize,
        allowed: impl Fn(&Graph) -> bool,
    ) -> Result<Self, BlockSpaceError> {
        const DRAWS: u64 = 256;
        let input_side = input_side.into();
        let mut scales = SCALES.into_iter().peekable();
        loop {
            let scale = scales.next().unwrap_or(SCALES[SCALES.len() - 1]);
            let space = Self::new(input_channels, input_side, classes, scale)?;
            let fits = (0..DRAWS).filter(|draw| {
                let config = space.space.sample_prior(&mut stream(0, *draw, "elastic space"));
                space.architecture(&config).graph().is_ok_and(|network| allowed(&network))
            });
            if fits.count() as f64 >= WITHIN * DRAWS as f64 || scales.peek().is_none() {
                return Ok(space);
            }
        }
    }

    /// The parameters that samplers choose.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The architecture of a configuration.
    pub fn architecture(&self, config: &Config) -> Architecture {
        self.lay_out(config).0
    }

    /// The configuration of the network that every other one is part of.
    pub fn largest(&self) -> Config {
        self.space.build_config(|_, param| param.domain().from_unit(1.0))
    }

    /// The configuration of the network that is part of every other one.
    pub fn smallest(&self) -> Config {
        self.space.build_config(|_, param| param.domain().from_unit(0.0))
    }

    /// For each layer of a configuration's architecture, which layer of the largest network it is a part
    /// of.
    pub fn layers(&self, config: &Config) -> Vec<usize> {
        self.lay_out(config).1
    }

    /// The architecture of a configuration, and its [layers](Self::layers).
    pub fn lay_out(&self, config: &Config) -> (Architecture, Vec<usize>) {
        let size = |key: Key<i64>| config.get(key).unwrap_or(1).max(0) as usize;
        let stride = if self.input_side.shorter() > KEPT { 2 } else { 1 };
        let first = self.stages.first().map_or(1, |stage| size(stage.width));
        let mut layers = vec![Layer::once(Block::conv(first, 3, stride, Activation::HardSwish))];
        let mut places = vec![0];
        for (index, stage) in self.stages.iter().enumerate() {
            for (block, (expansion, kernel)) in
                stage.blocks.iter().enumerate().take(size(stage.depth))
            {
                let expansion = EXPANSIONS[config.get(*expansion).unwrap_or(0)];
                let kernel = KERNELS[config.get(*kernel).unwrap_or(0)];
                let stride = if index > 0 && block == 0 { 2 } else { 1 };
                let mut block_of =
                    Block::inverted_residual(kernel, expansion, size(stage.width), stride);
                if let Block::InvertedResidualV3(residual) = &mut block_of {
                    residual.hard_swish = true;
                }
                layers.push(Layer::once(block_of));
                places.push(1 + DEPTH * index + block);
            }
        }
        let behind = 1 + DEPTH * self.stages.len();
        layers.extend([
            Layer::once(Block::conv(size(self.last), 1, 1, Activation::HardSwish)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(self.classes)),
        ]);
        places.extend(behind..behind + 4);
        (Architecture::new(self.input_channels, self.input_side, layers), places)
    }
}

impl Stage {
    fn add(space: &mut SpaceBuilder, index: usize, channels: f64) -> Result<Self, SpaceError> {
        let name = format!("s{}", index + 1);
        let width = space.int(&format!("{name}/width"), range(channels)).step(STEP).add()?;
        let least = i64::from(index > 0);
        let depth = space.int(&format!("{name}/depth"), least..=DEPTH as i64).add()?;
        let mut blocks = Vec::with_capacity(DEPTH);
        for block in 1..=DEPTH {
            let name = format!("{name}b{block}");
            let expansion = space
                .ordinal(&format!("{name}/expansion"), EXPANSIONS)
                .when_between(depth, block as f64, f64::INFINITY)
                .add()?;
            let kernel = space
                .ordinal(&format!("{name}/kernel"), KERNELS.map(|kernel| kernel as i64))
                .when_between(depth, block as f64, f64::INFINITY)
                .add()?;
            blocks.push((expansion, kernel));
        }
        Ok(Self { width, depth, blocks })
    }
}

/// The number of stages, of which the last has maps of about 7 pixels.
fn stage_count(side: usize) -> usize {
    let first = if side > KEPT { side / 2 } else { side };
    ((first as f64 / 4.0).log2().round().max(0.0) as usize).clamp(3, CHANNELS.len())
}

/// Multiples of 8 from a quarter of the most channels to the most.
fn range(most: f64) -> RangeInclusive<i64> {
    let multiple = |channels: f64| ((channels / STEP as f64).round() as i64).max(1) * STEP;
    multiple(most / 4.0)..=multiple(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(side: usize, cap: u64) -> ElasticSpace {
        ElasticSpace::within(1, side, 10, |graph| graph.cost().parameters <= cap).unwrap()
    }

    #[test]
    fn spaces_reach_from_far_below_the_limit_to_beyond_it() {
        for (side, cap) in [(8, 5_000), (28, 20_000), (32, 100_000), (224, 1_000_000)] {
            let space = at(side, cap);
            let parameters =
                |config: &Config| space.architecture(config).cost().unwrap().parameters;
            let (smallest, largest) = (parameters(&space.smallest()), parameters(&space.largest()));
            assert!(smallest < cap / 4, "{side}: {smallest}");
            assert!((cap..5 * cap).contains(&largest), "{side}: {largest}");
            let maps = space.architecture(&space.largest()).graph().unwrap();
            assert!(maps.cost().macs > 0, "{side}");
        }
        assert_eq!([8, 28, 32, 64, 224].map(stage_count), [3, 3, 3, 3, 5]);
    }

    proptest! {
        /// No layer is wider than its place in the largest network, and the kinds of their nodes agree.
        #[test]
        fn networks_are_parts_of_the_largest(
            seed in 0_u64..1_000,
            side in 8_usize..100,
            scale in 0.25_f64..2.0,
        ) {
            let space = ElasticSpace::new(1, side, 10, scale).unwrap();
            let whole = space.architecture(&space.largest()).graph().unwrap();
            let places = space.architecture(&space.largest()).places().unwrap();
            let config = space.space().sample_prior(&mut stream(seed, 0, "test"));
            let own = space.architecture(&config);
            let layers = space.layers(&config);
            prop_assert_eq!(layers.len(), own.backbone.len());
            let graph = own.graph().unwrap();
            for (node, place) in graph.nodes.iter().zip(own.places().unwrap()) {
                let of_whole = places.iter().position(|other| other.layer == layers[place.layer]);
                let alike = |other: &automl_arch::Op| {
                    std::mem::discriminant(other) == std::mem::discriminant(node)
                };
                prop_assert!(alike(&whole.nodes[of_whole.unwrap()]));
            }
            prop_assert!(graph.cost().parameters <= whole.cost().parameters);
        }
    }
}
