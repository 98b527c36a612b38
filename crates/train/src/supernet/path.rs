//! Paths: single networks of the supernet and the shared tensors that they use.

use crate::Memory;
use automl_arch::{Architecture, ArchitectureError, BlockSpace, Cost};
use automl_extent::Extent;
use automl_models::NamedTensor;
use automl_space::Config;
use std::collections::HashMap;

/// Layers with weights, as they stand in the names of tensors.
const KINDS: [&str; 4] = ["Convolution", "Linear", "SqueezeExcite", "ChannelAttention"];

/// The name of a shared tensor.
///
/// A position in the block space rather than in one network: block, type, copy,
/// kind of layer counted from the end of the copy, role. So the projection of an inverted residual
/// is the same tensor with and without an expansion, a shortcut or attention before it.
pub(crate) type Slot = String;

/// A network of the block space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) architecture: Architecture,
    /// Architecture adapted to the height and width of the training images.
    pub(crate) adapted: Architecture,
    /// Cost of the architecture at its own height and width.
    pub(crate) cost: Cost,
    /// Memory of the adapted architecture.
    pub(crate) memory: Memory,
    /// For each node the block, its type and the copy.
    places: Vec<(usize, &'static str, usize)>,
}

impl Path {
    pub(crate) fn new(
        blocks: &BlockSpace,
        config: &Config,
        side: Extent,
    ) -> Result<Self, ArchitectureError> {
        let architecture = blocks.architecture(config);
        let adapted = architecture.at_resolution(side)?;
        let block_of = blocks.blocks_of_layers(config);
        let mut places: Vec<(usize, &'static str, usize)> = Vec::new();
        let mut last = None;
        for place in adapted.places()? {
            let block = block_of[place.layer];
            let copy = match places.last() {
                Some(&(other, _, copy)) if other == block => {
                    copy + usize::from(last != Some(place))
                }
                _ => 0,
            };
            places.push((block, adapted.backbone[place.layer].block.name(), copy));
            last = Some(place);
        }
        let cost = architecture.cost()?;
        let memory = Memory::of(&adapted.graph()?);
        Ok(Self { architecture, adapted, cost, memory, places })
    }

    /// The slot of each learned tensor of the network, by the tensor's name.
    pub(crate) fn slots(&self, tensors: &[NamedTensor]) -> HashMap<String, Slot> {
        let learnt = tensors.iter().filter(|tensor| tensor.is_parameter());
        let parts: Vec<Part<'_>> = learnt.filter_map(|tensor| self.part(&tensor.name)).collect();
        // How many layers of its kind a copy has, and which of them a tensor belongs to.
        let mut layers: HashMap<(usize, usize, &str), Vec<&str>> = HashMap::new();
        for part in &parts {
            let of_copy = layers.entry((part.block, part.copy, part.kind)).or_default();
            if of_copy.last() != Some(&part.layer) {
                of_copy.push(part.layer);
            }
        }
        let slot = |part: &Part<'_>| {
            let of_copy = &layers[&(part.block, part.copy, part.kind)];
            let from_end = of_copy.iter().rev().position(|layer| *layer == part.layer);
            let Part { block, copy, type_name, kind, role, .. } = part;
            format!("{block}.{type_name}.{copy}.{kind}.{}.{role}", from_end.unwrap_or(0))
        };
        parts.iter().map(|part| (part.name.to_owned(), slot(part))).collect()
    }

    /// Takes the name of a tensor apart, `layers.<node>.<...>.<kind>.<role>`.
    fn part<'a>(&self, name: &'a str) -> Option<Part<'a>> {
        let node: usize = name.split('.').nth(1)?.parse().ok()?;
        let &(block, type_name, copy) = self.places.get(node)?;
        let (start, kind) = KINDS
            .iter()
            .filter_map(|kind| Some((name.rfind(&format!(".{kind}."))? + 1, *kind)))
            .max()?;
        let end = start + kind.len();
        let (layer, role) = (&name[..end], &name[end + 1..]);
        Some(Part { name, block, type_name, copy, kind, layer, role })
    }
}

/// A tensor's name and what it says.
struct Part<'a> {
    name: &'a str,
    block: usize,
    type_name: &'static str,
    copy: usize,
    kind: &'static str,
    layer: &'a str,
    role: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::BlockSpaceOptions;
    use automl_models::Network;
    use automl_numeric::stream;
    use automl_space::Value;
    use std::collections::HashSet;

    fn slots(blocks: &BlockSpace, config: &Config, side: usize) -> HashMap<String, Slot> {
        let path = Path::new(blocks, config, side.into()).unwrap();
        path.slots(&Network::new(&path.adapted, 0, &crate::cpu()).unwrap().tensors())
    }

    #[test]
    fn every_learnt_tensor_has_a_slot_of_its_own() {
        let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
        let blocks = BlockSpace::new(1, 8, 10, &options).unwrap();
        for draw in 0..40 {
            let config = blocks.space().sample(&mut stream(0, draw, "test"));
            let path = Path::new(&blocks, &config, 8.into()).unwrap();
            let tensors = Network::new(&path.adapted, 0, &crate::cpu()).unwrap().tensors();
            let slots = path.slots(&tensors);
            let learnt = tensors.iter().filter(|tensor| tensor.is_parameter()).count();
            assert_eq!(slots.len(), learnt, "{:?}", path.architecture);
            assert_eq!(slots.values().collect::<HashSet<_>>().len(), learnt);
        }
    }

    /// The types of a supernet have the same weights at every side.
    #[test]
    fn smaller_images_share_the_same_tensors() {
        let blocks = BlockSpace::new(1, 28, 10, &BlockSpaceOptions::default()).unwrap();
        for draw in 0..40 {
            let config = blocks.space().sample(&mut stream(0, draw, "test"));
            assert_eq!(slots(&blocks, &config, 28), slots(&blocks, &config, 14));
        }
    }

    /// A block's projection is the same tensor with and without an expansion before it.
    #[test]
    fn roles_are_counted_from_the_end_of_a_block() {
        let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default()).unwrap();
        let space = blocks.space();
        let with = |expansion: f64| {
            let config = space.build_config(|_, param| match param.name() {
                "m3" => param.domain().value_of(&"InvertedResidualv3".into()).unwrap(),
                "m3/v3_t" => Value::Float(expansion),
                "m3/repeat" => Value::Int(1),
                _ => param.default_value(),
            });
            let slots: HashSet<Slot> = slots(&blocks, &config, 8).into_values().collect();
            slots.into_iter().filter(|slot| slot.starts_with("2.")).collect::<HashSet<_>>()
        };
        let (wide, narrow) = (with(4.0), with(1.0));
        assert!(narrow.is_subset(&wide), "{narrow:?} {wide:?}");
        assert!(narrow.contains("2.InvertedResidualv3.0.Convolution.0.weight"));
        assert_eq!(wide.len(), narrow.len() + 3);
    }
}
