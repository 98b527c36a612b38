//! The spaces of the settings.

use crate::candidate::ArchitectureSpace;
use crate::caps::Caps;
use crate::elastic_space::ElasticSpace;
use crate::recipe_space::RecipeSpace;
use automl_arch::nas_bench_macro::MacroSpace;
use automl_arch::{BlockSpace, BlockSpaceError, BlockSpaceOptions, Graph, NetworkSpace};
use automl_data::{DataSplits, Recipe};
use automl_numeric::stream;
use automl_settings::{LadderSettings, SearchSettings, Settings, SpaceName};
use std::sync::Arc;

/// The share of the prior's networks within the limits below which blocks are left out.
const RARE: f64 = 0.01;

/// The least shorter side of images of which smaller ones are searched with the recipe.
const LEAST_SIDE: usize = 24;

/// Factors of the prior weight of blocks that are left out, tried in turn.
const PASSED: [f64; 3] = [4.0, 16.0, 64.0];

/// The share of the prior's networks that keep within some limits.
fn share(blocks: &BlockSpace, caps: &Caps) -> f64 {
    const DRAWS: u64 = 256;
    let allowed = (0..DRAWS).filter(|draw| {
        let config = blocks.space().sample_prior(&mut stream(0, *draw, "share within limits"));
        blocks.architecture(&config).graph().is_ok_and(|graph| caps.allow_graph(&graph))
    });
    allowed.count() as f64 / DRAWS as f64
}

/// A space, with the recipes of training about a usual one where they are searched too.
///
/// # Errors
/// [`BlockSpaceError::Space`] if the space has parameters of the same names.
pub fn with_recipes(
    search: &SearchSettings,
    networks: Arc<dyn ArchitectureSpace>,
    recipe: &Recipe,
) -> Result<Arc<dyn ArchitectureSpace>, BlockSpaceError> {
    if !search.tune_recipe {
        return Ok(networks);
    }
    Ok(Arc::new(RecipeSpace::new(networks, recipe)?))
}

/// The space that the settings name, scaled to the limits where it can be.
///
/// # Errors
/// [`BlockSpaceError`]: options out of range.
///
/// # Examples
/// ```
/// use automl_candidates::{Caps, named_space};
/// use automl_data::{DataSplits, Dataset};
/// use automl_settings::Settings;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let settings = Settings::default();
/// let caps = Caps::new(&settings.search, data.side, true);
/// assert!(named_space(&settings, &data, &caps)?.blocks().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn named_space(
    settings: &Settings,
    data: &DataSplits,
    caps: &Caps,
) -> Result<Arc<dyn ArchitectureSpace>, BlockSpaceError> {
    let search = &settings.search;
    let (channels, side, classes) = (data.channels, data.side, data.classes);
    if search.space == SpaceName::NasBenchMacro {
        let skeleton = MacroSpace::new(channels, side, classes)?;
        return Ok(Arc::new(NetworkSpace::NasBenchMacro(skeleton)));
    }
    if search.space == SpaceName::Elastic {
        let allowed = |network: &Graph| caps.allow_graph(network);
        return Ok(Arc::new(ElasticSpace::within(channels, side, classes, allowed)?));
    }
    let mut sides = search.sides.clone();
    // A search for recipes has sides too, where images are large enough and rungs are epochs.
    let by_epoch = matches!(settings.fidelity.ladder, LadderSettings::Epochs);
    if sides.is_empty() && search.tune_recipe && by_epoch && side.shorter() >= LEAST_SIDE {
        let shorter = side.shorter();
        sides = vec![shorter / 2, 3 * shorter / 4, shorter];
    }
    let options = BlockSpaceOptions {
        extended: true,
        recent: search.space == SpaceName::RecentBlocks,
        gated: search.space == SpaceName::GatedBlocks,
        sides,
        ..BlockSpaceOptions::default()
    };
    // Half of the prior's networks use a small part of the limits only, so that the front reaches
    // from networks far below them up to the limits.
    let small = caps.divided(if side.mean_side() <= 16 { 10 } else { 2 });
    let allowed = |network: &Graph| small.allow_graph(network);
    let mut blocks = BlockSpace::within(channels, side, classes, &options, allowed)?;
    // Under limits that even the narrowest networks rarely keep, shorter ones are likely.
    for pass in PASSED {
        if share(&blocks, caps) >= RARE {
            break;
        }
        let options = BlockSpaceOptions { width: blocks.width(), pass, ..options.clone() };
        blocks = BlockSpace::new(channels, side, classes, &options)?;
    }
    Ok(Arc::new(NetworkSpace::Blocks(blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_data::Dataset;
    use std::collections::BTreeSet;

    /// Every space holds networks within the limits, and gated blocks are in theirs alone.
    #[test]
    fn every_space_has_its_blocks() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        for space in SpaceName::ALL {
            let mut settings = Settings::default();
            settings.search.space = space;
            let caps = Caps::new(&settings.search, data.side, space != SpaceName::NasBenchMacro);
            let named = named_space(&settings, &data, &caps).unwrap();
            let (mut fit, mut seen) = (0, BTreeSet::new());
            for draw in 0..60 {
                let config = named.space().sample_prior(&mut stream(4, draw, "test"));
                let architecture = named.architecture(&config);
                fit += usize::from(caps.allow_graph(&architecture.graph().unwrap()));
                seen.extend(architecture.backbone.iter().map(|layer| layer.block.name()));
            }
            assert!(fit > 20, "{space}: {fit}");
            let has = |names: &[&str]| names.iter().all(|name| seen.contains(name));
            let gated = has(&["GatedFFN", "SplitConv", "StarNet", "DeepStem"]);
            assert_eq!(gated, space == SpaceName::GatedBlocks, "{space}: {seen:?}");
            let recent = matches!(space, SpaceName::RecentBlocks | SpaceName::GatedBlocks);
            assert_eq!(has(&["UIB", "FasterNet", "MixConv"]), recent, "{space}: {seen:?}");
        }
    }
}
