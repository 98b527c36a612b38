//! kindle's YAML format of networks.
//!
//! A document has `input_channel`, `input_size`, `depth_multiple`, `width_multiple` and a
//! `backbone` of `[repeat, module, arguments]` rows; kindle's leading `from` index (-1) is accepted.
//! The modules and their positional arguments are those of [`Block::kinds`].

use crate::architecture::{Architecture, Layer};
use crate::block::Block;
use crate::row::{Item, Row, YamlError};
use serde::Deserialize;
use std::fmt::Write;

#[derive(Deserialize)]
struct Document {
    input_channel: usize,
    input_size: Option<Item>,
    #[serde(default = "one")]
    depth_multiple: f64,
    #[serde(default = "one")]
    width_multiple: f64,
    backbone: Vec<Vec<Item>>,
}

fn one() -> f64 {
    1.0
}

impl Architecture {
    /// Reads a configuration and checks that it can be built.
    ///
    /// # Errors
    /// [`YamlError`] with the block and argument at fault.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::Architecture;
    ///
    /// let text = "
    /// input_channel: 3
    /// input_size: [32, 32]
    /// backbone:
    ///   - [1, Conv, [16, 3, 2]]
    ///   - [2, InvertedResidualv3, [3, 4, 24, 1, 0, 2]]
    ///   - [1, GlobalAvgPool, []]
    ///   - [1, Flatten, []]
    ///   - [1, Linear, [10]]
    /// ";
    /// let architecture = Architecture::from_yaml(text)?;
    /// assert_eq!(architecture.backbone[1].repeat, 2);
    /// assert_eq!(Architecture::from_yaml(&architecture.to_yaml())?, architecture);
    /// # Ok::<(), automl_arch::YamlError>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, YamlError> {
        read(text, None)
    }

    /// Reads a configuration for images of a given side in pixels, which replaces the side in the
    /// file. Many public configurations have none.
    ///
    /// # Errors
    /// As [`from_yaml`](Self::from_yaml).
    pub fn from_yaml_for(text: &str, input_side: usize) -> Result<Self, YamlError> {
        read(text, Some(input_side))
    }

    /// The configuration of this architecture; reading it gives the same architecture back.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_yaml(&mut text);
        text
    }

    fn write_yaml(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "input_channel: {}", self.input_channels)?;
        writeln!(out, "input_size: [{0}, {0}]", self.input_side)?;
        writeln!(out, "depth_multiple: {:?}", self.depth_multiple)?;
        writeln!(out, "width_multiple: {:?}", self.width_multiple)?;
        writeln!(out, "backbone:")?;
        for Layer { repeat, block } in &self.backbone {
            let arguments = block.kind().written().join(", ");
            writeln!(out, "  - [{repeat}, {}, [{arguments}]]", block.name())?;
        }
        Ok(())
    }
}

fn read(text: &str, side: Option<usize>) -> Result<Architecture, YamlError> {
    let document: Document = serde_saphyr::from_str(text)
        .map_err(|error| YamlError::Syntax { message: error.to_string() })?;
    let input_side = match side {
        Some(side) => side,
        None => square(document.input_size)?,
    };
    let rows = document.backbone.into_iter().enumerate();
    let architecture = Architecture {
        input_channels: document.input_channel,
        input_side,
        depth_multiple: document.depth_multiple,
        width_multiple: document.width_multiple,
        backbone: rows.map(|(block, row)| layer(block, row)).collect::<Result<_, _>>()?,
    };
    architecture.graph()?;
    Ok(architecture)
}

fn square(size: Option<Item>) -> Result<usize, YamlError> {
    let items = match size {
        None | Some(Item::Null) => return Err(YamlError::NoInputSize),
        Some(Item::List(items)) => items,
        Some(item) => vec![item],
    };
    let sides: Vec<usize> = items.iter().map(|item| item.size().unwrap_or(0)).collect();
    match sides[..] {
        [side] => Ok(side),
        [height, width] if height == width => Ok(height),
        _ => Err(YamlError::InputSize { sides }),
    }
}

fn layer(block: usize, mut row: Vec<Item>) -> Result<Layer, YamlError> {
    if row.len() == 4 {
        let from = row.remove(0);
        if !matches!(from, Item::Int(-1)) {
            return Err(YamlError::From { block, from: from.describe() });
        }
    }
    let Ok([repeat, Item::Text(name), Item::List(items)]) = <[Item; 3]>::try_from(row) else {
        return Err(YamlError::Row { block });
    };
    let Some(repeat) = repeat.size() else {
        return Err(YamlError::Row { block });
    };
    let mut row = Row::new(block, &name, items);
    let block = Block::read(&mut row)?;
    row.end()?;
    Ok(Layer { repeat, block })
}
