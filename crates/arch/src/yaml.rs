//! kindle's YAML format of networks.
//!
//! A document has `input_channel`, `input_size`, `depth_multiple`, `width_multiple`, a `backbone` and
//! a `head` of `[repeat, module, arguments]` rows; kindle's leading `from` index (-1) and its map of
//! arguments by name at the end of a row are accepted. The modules and their arguments are those of
//! [`Block::kinds`].

mod grammar;

use crate::architecture::{Architecture, Layer};
use crate::block::Block;
use crate::row::{Item, Row, YamlError, hint};
use automl_extent::Extent;
use std::fmt::Write;

/// The keys of a document.
const KEYS: [&str; 6] =
    ["input_channel", "input_size", "depth_multiple", "width_multiple", "backbone", "head"];

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

    /// Reads a configuration for images of a given height and width in pixels, which replace those in the
    /// file. Many public configurations have none.
    ///
    /// # Errors
    /// As [`from_yaml`](Self::from_yaml).
    pub fn from_yaml_for(text: &str, input_side: impl Into<Extent>) -> Result<Self, YamlError> {
        read(text, Some(input_side.into()))
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
        let Extent { height, width } = self.input_side;
        writeln!(out, "input_size: [{height}, {width}]")?;
        writeln!(out, "depth_multiple: {:?}", self.depth_multiple)?;
        writeln!(out, "width_multiple: {:?}", self.width_multiple)?;
        for (key, layers) in [("backbone", &self.backbone), ("head", &self.head)] {
            if key == "backbone" || !layers.is_empty() {
                writeln!(out, "{key}:")?;
            }
            for Layer { repeat, block } in layers {
                let arguments = block.kind().written().join(", ");
                writeln!(out, "  - [{repeat}, {}, [{arguments}]]", block.name())?;
            }
        }
        Ok(())
    }
}

fn read(text: &str, side: Option<Extent>) -> Result<Architecture, YamlError> {
    let syntax = |message: String| YamlError::Syntax { message };
    let document = serde_saphyr::from_str(text).map_err(|error| syntax(error.to_string()))?;
    let Item::Map(pairs) = document else {
        return Err(syntax(
            "it is no map with the keys input_channel, input_size, backbone".into(),
        ));
    };
    if let Some((key, _)) = pairs.iter().find(|(key, _)| !KEYS.contains(&key.as_str())) {
        let (key, hint) = (key.clone(), hint(key, &KEYS));
        return Err(YamlError::Key { key, hint, known: KEYS.join(", ") });
    }
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, item)| item);
    let wrong = |key: &'static str, expected: &'static str, item: Option<&Item>| {
        let found = item.map_or_else(|| "missing".to_owned(), Item::describe);
        YamlError::Setting { key, expected, found }
    };
    let multiple = |key: &'static str| match get(key) {
        None => Ok(1.0),
        item => item.and_then(Item::number).ok_or_else(|| wrong(key, "a number", item)),
    };
    let rows = |key: &'static str| match get(key) {
        None | Some(Item::Null) => Ok(Vec::new()),
        Some(Item::List(rows)) => Ok(rows.clone()),
        item => Err(wrong(key, "a list of rows", item)),
    };
    let channels = get("input_channel");
    let input_channels = channels.and_then(Item::size);
    let (depth_multiple, width_multiple) =
        (multiple("depth_multiple")?, multiple("width_multiple")?);
    let (backbone, head) = (rows("backbone")?, rows("head")?);
    let first = backbone.len();
    let layers = |rows: Vec<Item>, first: usize| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(at, row)| layer(first + at, row)).collect::<Result<_, _>>()
    };
    let architecture = Architecture {
        input_channels: input_channels
            .ok_or_else(|| wrong("input_channel", "a whole number", channels))?,
        input_side: match side {
            Some(side) => side,
            None => extent(get("input_size").cloned())?,
        },
        depth_multiple,
        width_multiple,
        backbone: layers(backbone, 0)?,
        head: layers(head, first)?,
    };
    architecture.graph()?;
    Ok(architecture)
}

fn extent(size: Option<Item>) -> Result<Extent, YamlError> {
    let items = match size {
        None | Some(Item::Null) => return Err(YamlError::NoInputSize),
        Some(Item::List(items)) => items,
        Some(item) => vec![item],
    };
    let sides: Vec<usize> = items.iter().map(|item| item.size().unwrap_or(0)).collect();
    match sides[..] {
        [side] => Ok(side.into()),
        [height, width] => Ok(Extent { height, width }),
        _ => Err(YamlError::InputSize { sides }),
    }
}

fn layer(block: usize, row: Item) -> Result<Layer, YamlError> {
    let Item::List(mut row) = row else {
        let message = format!("block {block} is {}, not a list", row.describe());
        return Err(YamlError::Syntax { message });
    };
    let keywords = match row.pop() {
        Some(Item::Map(keywords)) => keywords,
        last => {
            row.extend(last);
            Vec::new()
        }
    };
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
    let mut row = Row::new(block, &name, items, keywords);
    let block = Block::read(&mut row)?;
    row.end()?;
    Ok(Layer { repeat, block })
}
