//! What every block provides.

use super::offer::{Offer, Values};
use super::range::Range;
use crate::builder::{Builder, Checked};
use crate::row::{Row, YamlError};

/// One positional argument of a block.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Name of the field.
    pub name: &'static str,
    /// Documentation.
    pub help: &'static str,
    /// Allowed values; `None` for a flag, an activation or a dependent range.
    pub range: Option<Range>,
    /// Default as a Rust expression, where the argument may be left out.
    pub default: Option<&'static str>,
}

/// Arguments of a block; implemented by [`arguments!`](super::arguments::arguments).
pub(crate) trait Arguments {
    /// Name in configuration files.
    fn name(&self) -> &'static str;

    /// The positional arguments in a configuration file.
    fn positional(&self) -> Vec<String>;

    /// Checks the ranges of all arguments.
    fn check(&self, builder: &Builder) -> Checked<()>;
}

/// The lowering of a block, its stride, and its parameters in the block space.
pub(crate) trait BlockKind: Arguments {
    /// Appends copies of the block to the chain.
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()>;

    /// Whether the block must stand before `Flatten`.
    fn needs_maps(&self) -> bool {
        true
    }

    /// The stride, for a block that has one.
    fn stride(&self) -> Option<usize> {
        None
    }

    /// The stride to be changed.
    fn stride_mut(&mut self) -> Option<&mut usize> {
        None
    }

    /// The arguments as they are written, by default all of them.
    fn written(&self) -> Vec<String> {
        self.positional()
    }

    /// Skips the arguments of a block that has none; by default nothing.
    ///
    /// # Errors
    /// [`YamlError`] for an argument that cannot be ignored.
    fn skip(_row: &mut Row<'_>) -> Result<(), YamlError>
    where
        Self: Sized,
    {
        Ok(())
    }

    /// The block's part of the [`BlockSpace`](crate::BlockSpace), if it is searched.
    fn offer() -> Option<Offer>
    where
        Self: Sized,
    {
        None
    }

    /// The block that values of the offered parameters stand for.
    fn chosen(_values: &Values<'_>) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// The stride of a block that has a field of that name.
macro_rules! strided {
    () => {
        fn stride(&self) -> Option<usize> {
            Some(self.stride)
        }

        fn stride_mut(&mut self) -> Option<&mut usize> {
            Some(&mut self.stride)
        }
    };
}

pub(super) use strided;
