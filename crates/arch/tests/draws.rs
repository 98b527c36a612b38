//! Networks drawn from the block space by seed, as literal fingerprints: the candidates of every
//! recorded study depend on them.
#![allow(clippy::unwrap_used)]

use automl_arch::{BlockSpace, BlockSpaceOptions};
use automl_numeric::stream;

/// The fingerprints of six networks drawn from the prior and of two drawn evenly.
fn drawn(space: &BlockSpace) -> Vec<u64> {
    let rng = |seed| stream(seed, 0, "pinned");
    let prior = (0..6).map(|seed| space.space().sample_prior(&mut rng(seed)));
    let even = (6..8).map(|seed| space.space().sample(&mut rng(seed)));
    prior.chain(even).map(|c| space.architecture(&c).fingerprint().unwrap()).collect()
}

#[test]
fn extended_space_of_small_images() {
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    let expected = [
        0xa99b_663c_3612_fc15,
        0x978f_27ed_2ad8_4d17,
        0x8055_e511_48af_b1ab,
        0x64bf_265a_3f6d_3543,
        0x6621_42bc_8096_1607,
        0xb9ca_c47b_4143_c605,
        0x3b91_cf33_0eab_d55f,
        0x2c06_105c_b298_3a93,
    ];
    assert_eq!(drawn(&BlockSpace::new(1, 8, 10, &options).unwrap()), expected);
}

#[test]
fn plain_space_of_color_images() {
    let expected = [
        0xe968_52bd_ccb6_8ece,
        0x934a_d2c1_8db3_6cdd,
        0x6d10_b397_ef34_8f67,
        0x0834_35b5_2fce_935e,
        0x34bd_a3f4_08b5_74b7,
        0x93cf_266a_4f56_f0fb,
        0xb481_55a9_759e_2974,
        0x79e3_111a_c6f4_e024,
    ];
    let space = BlockSpace::new(3, 32, 10, &BlockSpaceOptions::default()).unwrap();
    assert_eq!(drawn(&space), expected);
}

#[test]
fn space_within_a_cap() {
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    let space = BlockSpace::within(1, 28, 10, &options, |n| n.cost().parameters <= 20_000).unwrap();
    let expected = [
        0x77cf_27ae_56bf_8e30,
        0x7d9a_65ce_a2b0_3659,
        0xa342_7161_1666_1db5,
        0xfe10_f9c9_75db_ab70,
        0x528f_6dc8_acd4_b6d9,
        0x32b8_04ba_548a_395f,
        0x524d_c7ad_8b6b_00e1,
        0xe6bf_e54e_8d7e_9815,
    ];
    assert_eq!((space.width(), drawn(&space)), (0.25, expected.to_vec()));
}

#[test]
fn gated_space_of_color_images() {
    let options = BlockSpaceOptions { gated: true, ..BlockSpaceOptions::default() };
    let expected = [
        0x0374_14ef_321e_dfbd,
        0x9eab_f248_e7e1_6689,
        0xa718_8358_e8b7_719a,
        0x85e9_2bc8_c3e5_2afc,
        0xe2b5_cc3e_1b4c_ac25,
        0x5af3_5436_a69c_adc8,
        0xb1be_4cab_4f29_d56a,
        0xea68_3f80_0e64_3922,
    ];
    assert_eq!(drawn(&BlockSpace::new(3, 32, 10, &options).unwrap()), expected);
}
