//! The blocks of networks and their arguments.
//!
//! Each block is one file: its arguments with ranges and defaults, its names and positional
//! arguments in configuration files, its lowering to primitive operations, its stride, and its
//! parameters in the [`BlockSpace`](crate::BlockSpace). A new block is such a file and one line in
//! the list below.

mod arguments;
mod constructors;
mod kind;
mod offer;
mod range;

mod avg_pool;
mod bottleneck;
mod conv;
mod deep_stem;
mod dw_conv;
mod faster_net;
mod fire;
mod fixed_conv;
mod flatten;
mod gated_ffn;
mod ghost_bottleneck;
mod global_avg_pool;
mod inverted_residual_v2;
mod inverted_residual_v3;
mod linear;
mod max_pool;
mod mb_conv;
mod mix_conv;
mod mobile_one;
mod pass;
mod split_conv;
mod star_net;
mod uib;

pub use kind::Argument;
pub(crate) use kind::BlockKind;
pub(crate) use offer::{
    Domain, Generation, Halving, Handle, Offer, OfferedType, Parameter, Position, Steps, Values,
    around, weights,
};
pub use range::Range;

use crate::row::{Row, YamlError};
use serde::{Deserialize, Serialize};

/// Makes [`Block`] and the registry of the blocks, with arguments and without.
macro_rules! blocks {
    (
        with arguments { $($module:ident::$Block:ident,)* }
        without arguments { $($unit_module:ident::$Unit:ident,)* }
    ) => {
        $( pub use $module::$Block; )*
        $( pub use $unit_module::$Unit; )*

        /// One block of the chain.
        ///
        /// `channels` of every block but [`FixedConv`], [`Fire`] and [`Linear`] are multiplied by
        /// the width multiple and rounded by [`make_divisible`](crate::make_divisible) to a
        /// multiple of 8. Where a block is repeated, the stride belongs to one copy: the last of
        /// [`Conv`], [`FixedConv`] and [`DWConv`], the first of the others, as in kindle's
        /// generators.
        ///
        /// # Examples
        /// ```
        /// use automl_arch::Block;
        /// use automl_arch::block::Fire;
        ///
        /// let block = Block::Fire(Fire { squeeze: 16, expand1: 64, expand3: 64 });
        /// assert_eq!(block.name(), "Fire");
        /// let json = serde_json::to_string(&block)?;
        /// assert_eq!(json, r#"{"type":"Fire","squeeze":16,"expand1":64,"expand3":64}"#);
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum Block {
            $(
                #[doc = concat!("[`", stringify!($Block), "`] with its arguments.")]
                $Block($Block),
            )*
            $(
                #[doc = concat!("[`", stringify!($Unit), "`](struct@", stringify!($Unit), ").")]
                $Unit,
            )*
        }

        $(
            impl From<$Block> for Block {
                fn from(block: $Block) -> Self {
                    Self::$Block(block)
                }
            }
        )*

        /// All blocks.
        const ENTRIES: &[Entry] = &[
            $(Entry {
                info: BlockInfo {
                    names: $Block::NAMES,
                    doc: $Block::SUMMARY,
                    arguments: $Block::ARGUMENTS,
                },
                read: |row| $Block::read(row).map(Block::$Block),
                offer: $Block::offer,
                chosen: |values| $Block::chosen(values).map(Block::$Block),
            },)*
            $(Entry {
                info: BlockInfo {
                    names: $Unit::NAMES,
                    doc: $Unit::SUMMARY,
                    arguments: $Unit::ARGUMENTS,
                },
                read: |row| $Unit::skip(row).and($Unit::read(row)).map(|_| Block::$Unit),
                offer: $Unit::offer,
                chosen: |values| $Unit::chosen(values).map(|_| Block::$Unit),
            },)*
        ];

        impl Block {
            /// The lowering of the block.
            pub(crate) fn kind(&self) -> &dyn BlockKind {
                match self {
                    $( Self::$Block(block) => block, )*
                    $( Self::$Unit => &$Unit {}, )*
                }
            }

            fn stride_mut(&mut self) -> Option<&mut usize> {
                match self {
                    $( Self::$Block(block) => block.stride_mut(), )*
                    $( Self::$Unit )|* => None,
                }
            }
        }
    };
}

blocks! {
    with arguments {
        conv::Conv,
        fixed_conv::FixedConv,
        dw_conv::DWConv,
        inverted_residual_v2::InvertedResidualV2,
        inverted_residual_v3::InvertedResidualV3,
        mb_conv::MBConv,
        fire::Fire,
        bottleneck::Bottleneck,
        ghost_bottleneck::GhostBottleneck,
        mobile_one::MobileOne,
        uib::UIB,
        faster_net::FasterNet,
        mix_conv::MixConv,
        gated_ffn::GatedFFN,
        split_conv::SplitConv,
        star_net::StarNet,
        deep_stem::DeepStem,
        max_pool::MaxPool,
        avg_pool::AvgPool,
        linear::Linear,
    }
    without arguments {
        global_avg_pool::GlobalAvgPool,
        flatten::Flatten,
        pass::Pass,
    }
}

/// Description of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockInfo {
    /// Names in configuration files: the usual one, the one with efficient channel attention where
    /// the block can have it, then other spellings that are read.
    pub names: &'static [&'static str],
    /// Documentation.
    pub doc: &'static str,
    /// The positional arguments in order.
    pub arguments: &'static [Argument],
}

/// A block in the registry.
struct Entry {
    info: BlockInfo,
    read: fn(&mut Row<'_>) -> Result<Block, YamlError>,
    offer: fn() -> Option<Offer>,
    chosen: fn(&Values<'_>) -> Option<Block>,
}

impl Block {
    /// The block's name in configuration files.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Descriptions of all blocks.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::Block;
    ///
    /// let fire = Block::kinds().find(|kind| kind.names.contains(&"Fire")).unwrap();
    /// let arguments: Vec<_> = fire.arguments.iter().map(|argument| argument.name).collect();
    /// assert_eq!(arguments, ["squeeze", "expand1", "expand3"]);
    /// assert_eq!(fire.arguments[0].range.map(|range| range.expected), Some("1 to 65536"));
    /// ```
    pub fn kinds() -> impl Iterator<Item = BlockInfo> {
        ENTRIES.iter().map(|entry| entry.info)
    }

    /// The block's stride, 1 for a block without one.
    pub(crate) fn stride(&self) -> usize {
        self.kind().stride().unwrap_or(1)
    }

    /// Sets the stride of a block that has one.
    pub(crate) fn set_stride(&mut self, value: usize) {
        if let Some(stride) = self.stride_mut() {
            *stride = value;
        }
    }

    /// Reads the block of a row of a configuration.
    pub(crate) fn read(row: &mut Row<'_>) -> Result<Self, YamlError> {
        match ENTRIES.iter().find(|entry| entry.info.names.contains(&row.name())) {
            Some(entry) => (entry.read)(row),
            None => {
                let known: Vec<_> = ENTRIES.iter().map(|entry| entry.info.names[0]).collect();
                Err(row.unknown_module(known.join(", ")))
            }
        }
    }

    /// What the blocks offer to the block space, in the order of the registry.
    pub(crate) fn offers() -> impl Iterator<Item = Offer> {
        ENTRIES.iter().filter_map(|entry| (entry.offer)())
    }

    /// The block that values of the offered parameters stand for.
    pub(crate) fn chosen(values: &Values<'_>) -> Option<Self> {
        let entry = ENTRIES.iter().find(|entry| entry.info.names.contains(&values.kind))?;
        (entry.chosen)(values)
    }
}
