//! The searched resolution of the images.

use super::options::BlockSpaceError;
use automl_extent::Extent;
use automl_space::{Config, Key, SpaceBuilder};

/// The sides of a space, with the handle of their parameter where there are several.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    sides: Vec<usize>,
    key: Option<Key<usize>>,
    usual: Extent,
}

impl Sides {
    /// Adds the parameter `side`, the shorter side of the images, where sides are given; each must be 1
    /// pixel to what the images have.
    pub(crate) fn add(
        space: &mut SpaceBuilder,
        sides: &[usize],
        images: Extent,
    ) -> Result<Self, BlockSpaceError> {
        let most = images.shorter();
        if let Some(side) = sides.iter().find(|side| !(1..=most).contains(*side)) {
            return Err(BlockSpaceError::Side { side: *side, most });
        }
        let mut sides = sides.to_vec();
        sides.sort_unstable();
        sides.dedup();
        let values: Vec<i64> = sides.iter().map(|side| *side as i64).collect();
        let key = match values.len() {
            0 => None,
            _ => Some(space.ordinal("side", values).add()?),
        };
        Ok(Self { sides, key, usual: images })
    }

    /// The height and width of a configuration.
    pub(crate) fn side(&self, config: &Config) -> Extent {
        let chosen = self.key.and_then(|key| config.get(key));
        let side = chosen.and_then(|index| self.sides.get(index));
        side.map_or(self.usual, |side| self.usual.scaled_to(*side))
    }
}
