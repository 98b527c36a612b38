//! The parameters of one block, and the block that their values stand for.

use super::choice::BlockChoice;
use super::skeleton::Skeleton;
use crate::block::{
    Block, Domain, Halving, Handle, Offer, OfferedType, Parameter, Position, Values, around,
    weights,
};
use automl_space::{Config, Key, Prior, SpaceBuilder, SpaceError};

/// Prior probability of a pooling behind a block that could have halved the maps itself.
const POOL_ODDS: f64 = 0.1;

/// Handles of one block's parameters.
#[derive(Clone, Debug)]
pub(crate) struct BlockKeys {
    types: Vec<(&'static str, Halving)>,
    kind: Key<usize>,
    repeat: Option<Key<i64>>,
    stride: Key<usize>,
    /// Pooling behind a block that has no stride, and behind a block of stride 1.
    pools: Option<[Key<usize>; 2]>,
    arguments: Vec<(&'static str, Handle)>,
}

impl BlockKeys {
    /// Adds the parameters of block `index` (0 is m1).
    pub(crate) fn add(
        space: &mut SpaceBuilder,
        index: usize,
        skeleton: &Skeleton,
    ) -> Result<Self, SpaceError> {
        let name = format!("m{}", index + 1);
        let position = skeleton.position(index);
        let types = offered(&position, skeleton);
        let named = |wanted: &dyn Fn(&Offer) -> bool| -> Vec<&'static str> {
            types.iter().filter(|(_, _, offer)| wanted(offer)).map(|(name, ..)| *name).collect()
        };
        let weight = |(kind, weight, _): &(&str, f64, Offer)| match *kind {
            "Pass" => weight * skeleton.pass,
            _ => *weight,
        };
        let prior = Prior::Weights { weights: types.iter().map(weight).collect() };
        let kind = space.choice(&name, named(&|_| true)).prior(prior).add()?;
        let repeat = add_repeat(space, &name, &position, skeleton, kind, named(&|o| o.repeats))?;
        let odds = skeleton.halving_odds(index);
        let stride = space
            .ordinal(&format!("{name}/stride"), [1, 2])
            .prior(weights([1.0 - odds, odds]))
            .when(kind, named(&|offer| offer.halving == Halving::Stride))
            .add()?;
        let pools = if skeleton.extended && !position.stem {
            let without_stride = space
                .ordinal(&format!("{name}/pool"), [0, 1])
                .prior(weights([1.0 - odds, odds]))
                .when(kind, named(&|offer| offer.halving == Halving::Pool))
                .add()?;
            let behind_stride_1 = space
                .ordinal(&format!("{name}/stride1_pool"), [0, 1])
                .prior(weights([1.0 - POOL_ODDS, POOL_ODDS]))
                .when(stride, [1])
                .add()?;
            Some([without_stride, behind_stride_1])
        } else {
            None
        };
        let mut arguments = Vec::new();
        for parameter in parameters(&position, &types) {
            let own = |offer: &Offer| {
                (offer.parameters)(&position).iter().any(|other| other.name == parameter.name)
            };
            let argument = parameter.name;
            let parent = (kind, named(&own));
            arguments
                .push((argument, add(space, &format!("{name}/{argument}"), parameter, parent)?));
        }
        let types = types.iter().map(|(name, _, offer)| (*name, offer.halving)).collect();
        Ok(Self { types, kind, repeat, stride, pools, arguments })
    }

    /// The block of a configuration in which every active parameter has a value.
    pub(crate) fn read(&self, config: &Config) -> BlockChoice {
        let chosen = config.get(self.kind).and_then(|index| self.types.get(index)).copied();
        let stride = config.get(self.stride).map_or(1, |index| index + 1);
        let block = chosen.and_then(|(kind, _)| {
            Block::chosen(&Values { config, handles: &self.arguments, kind, stride })
        });
        let is_on = |key: &Key<usize>| config.get(*key) == Some(1);
        BlockChoice {
            repeat: self.repeat.and_then(|key| config.get(key)).unwrap_or(1).max(1) as usize,
            block: block.unwrap_or(Block::Pass),
            halving: chosen.map_or(Halving::Never, |(_, halving)| halving),
            pool: self.pools.is_some_and(|keys| keys.iter().any(is_on)),
        }
    }
}

/// The types at a position, each with its prior weight and its block's offer: those of the plain
/// space, those of the extended space, those with efficient channel attention.
fn offered(position: &Position, skeleton: &Skeleton) -> Vec<(&'static str, f64, Offer)> {
    let weight = |offered: &OfferedType| match (position.stem, skeleton.extended) {
        (true, _) => offered.stem,
        (false, false) => offered.plain,
        (false, true) => Some(offered.extended).filter(|weight| *weight > 0.0),
    };
    let mut types: Vec<(bool, bool, (&'static str, f64, Offer))> = Block::offers()
        .filter(|offer| offer.generation <= skeleton.generation)
        .flat_map(|offer| offer.types.iter().map(move |offered| (offered, offer.clone())))
        .filter_map(|(offered, offer)| {
            let has_attention = offered.name.starts_with("ECA");
            let own = (offered.name, weight(offered)?, offer);
            Some((offered.plain.is_none(), has_attention, own))
        })
        .collect();
    types.sort_by_key(|(extended, attention, _)| (*extended, *attention));
    types.into_iter().map(|(_, _, own)| own).collect()
}

/// The parameters of the types, each once, in the order of the registry.
fn parameters(position: &Position, types: &[(&'static str, f64, Offer)]) -> Vec<Parameter> {
    let is_offered = |offer: &Offer| {
        offer.types.iter().any(|own| types.iter().any(|(name, ..)| *name == own.name))
    };
    let mut all: Vec<Parameter> = Vec::new();
    for offer in Block::offers().filter(is_offered) {
        for parameter in (offer.parameters)(position) {
            if all.iter().all(|other| other.name != parameter.name) {
                all.push(parameter);
            }
        }
    }
    all
}

/// The number of copies, left out where it can only be 1.
fn add_repeat(
    space: &mut SpaceBuilder,
    name: &str,
    position: &Position,
    skeleton: &Skeleton,
    kind: Key<usize>,
    types: Vec<&'static str>,
) -> Result<Option<Key<i64>>, SpaceError> {
    let most = if position.stem { skeleton.max_repeat.min(3) } else { skeleton.max_repeat };
    if most == 1 {
        return Ok(None);
    }
    let prior = around(1.0, most as f64, 0.2);
    let repeat = space.int(&format!("{name}/repeat"), 1..=most).step(1).prior(prior);
    Ok(Some(repeat.when(kind, types).add()?))
}

/// Adds an argument that is active for some types.
fn add(
    space: &mut SpaceBuilder,
    name: &str,
    parameter: Parameter,
    (kind, types): (Key<usize>, Vec<&'static str>),
) -> Result<Handle, SpaceError> {
    let Parameter { domain, prior, .. } = parameter;
    Ok(match domain {
        Domain::Int((low, high, step)) => {
            let new = space.int(name, low..=high).step(step).when(kind, types);
            Handle::Int(if let Some(prior) = prior { new.prior(prior) } else { new }.add()?)
        }
        Domain::Float { low, high, step } => {
            let new = space.float(name, low..=high).step(step).when(kind, types);
            Handle::Float(if let Some(prior) = prior { new.prior(prior) } else { new }.add()?)
        }
        Domain::Ordinal(values) => {
            let new = space.ordinal(name, values.to_vec()).when(kind, types);
            let new = if let Some(prior) = prior { new.prior(prior) } else { new };
            Handle::Ordinal(new.add()?, values)
        }
        Domain::Choice(choices) => {
            let new = space.choice(name, choices.to_vec()).when(kind, types);
            Handle::Choice(if let Some(prior) = prior { new.prior(prior) } else { new }.add()?)
        }
    })
}
