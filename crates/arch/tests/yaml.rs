//! Public configurations, read and written.

mod common;

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use proptest::prelude::*;

/// Block sequences in flow style over several lines with comments, as public files have them.
const MOBILENET: &str = r#"
input_channel: 3

depth_multiple: 1.0
width_multiple: 1.0

backbone:
  # [repeat, module, args]
  [
    # padding null: as 'SAME'
    [1, Conv, [16, 3, 2, null, 1, "HardSwish"]],
    [1, InvertedResidualv3, [3, 1, 16, 0, 0, 1]],
    [1, InvertedResidualv3, [3, 4, 24, 0, 0, 2]], # 2-P2/4, 24
    [2, InvertedResidualv3, [5, 2.5, 40, 1, 0, 2]],
    [1, MaxPool, [3, 2, 1]],
    [1, Conv, [96, 1, 1]],
    [1, GlobalAvgPool, []],
    [1, Flatten, []],
    [1, Linear, [6]],
  ]
"#;

#[test]
fn a_public_configuration_is_read() {
    let error = Architecture::from_yaml(MOBILENET).unwrap_err().to_string();
    assert_eq!(
        error,
        "the configuration has no input_size: add a line such as input_size: [32, 32]"
    );
    let architecture = Architecture::from_yaml_for(MOBILENET, 32).unwrap();
    assert_eq!((architecture.input_channels, architecture.input_side), (3, 32.into()));
    assert_eq!(architecture.classes(), Ok(6));
    assert_eq!(architecture.backbone[0], Layer::once(Block::conv(16, 3, 2, Activation::HardSwish)));
    assert_eq!(
        architecture.backbone[3],
        Layer::new(
            2,
            Block::InvertedResidualV3(block::InvertedResidualV3 {
                kernel: 5,
                expansion: 2.5,
                channels: 40,
                squeeze_excite: true,
                hard_swish: false,
                stride: 2,
                eca: false,
            })
        )
    );
    assert_eq!(architecture.backbone[5], Layer::once(Block::conv(96, 1, 1, Activation::Relu)));
}

#[test]
fn a_leading_from_index_is_read() {
    let text = "
input_size: [32, 32]
input_channel: 3
depth_multiple: 0.5
width_multiple: 0.25
backbone:
    # [from, repeat, module, args]
    - [-1, 3, DWConv, [64, 5, 1, null, ~]]
    - [-1, 1, FixedConv, [6, 1, 1, null, 1, null]]
    - [-1, 1, GlobalAvgPool, []]
";
    let architecture = Architecture::from_yaml(text).unwrap();
    assert_eq!(architecture.classes(), Ok(6));
    assert_eq!(
        architecture.backbone[0],
        Layer::new(3, Block::dw_conv(64, 5, 1, Activation::Identity))
    );
    let skip = text.replace("[-1, 1, FixedConv", "[0, 1, FixedConv");
    assert_eq!(
        Architecture::from_yaml(&skip).unwrap_err().to_string(),
        "block 1 comes from 0; only chains (-1) can be read"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let with = |rows: &str| {
        let text = format!("input_channel: 3\ninput_size: [8, 8]\nbackbone:\n{rows}\n");
        Architecture::from_yaml(&text).unwrap_err().to_string()
    };
    for (rows, expected) in [
        ("- [1, Conf, [8, 3]]", "block 0: no module is called \"Conf\""),
        ("- [1, Conv]", "block 0 must read [repeat, module, [arguments]]"),
        (
            "- [1, Flatten, []]\n- [1, Linear, [ten]]",
            "block 1 (Linear): argument 1 must be a whole number, not \"ten\"",
        ),
        ("- [1, Conv, [8]]", "block 0 (Conv): argument 2 must be a whole number, not missing"),
        (
            "- [1, Conv, [8, 3, 1, null, 1, Relux]]",
            "block 0 (Conv): argument 6 must be null or an activation of torch.nn, not \"Relux\"",
        ),
        ("- [1, Fire, [1, 2, 3, 4]]", "block 0 (Fire): argument 4 must be absent, not 4"),
        ("- [1, Conv, [8, 3]]", "the chain ends in 8 maps of side 8"),
        ("- 5", "not a model configuration"),
    ] {
        let message = with(rows);
        assert!(message.starts_with(expected), "{rows}: {message}");
    }
    for text in ["", "input_channel: [", "\0", "a: &a [*a]", "backbone: []", "input_size: 3"] {
        assert!(Architecture::from_yaml(text).is_err(), "{text:?}");
    }
}

/// The text of an architecture on images `[1, 8, 8]`.
fn text(multiples: &str, backbone: &[&str], head: &[&str]) -> String {
    let rows = |rows: &[&str]| rows.iter().map(|row| format!("  - {row}\n")).collect::<String>();
    let (backbone, head) = (rows(backbone), rows(head));
    format!("input_channel: 1\ninput_size: [8, 8]\n{multiples}backbone:\n{backbone}head:\n{head}")
}

/// The head is appended as it is: no multiple applies, and channels are not rounded.
#[test]
fn the_head_is_appended_without_multiples() {
    let multiples = "depth_multiple: 0.5\nwidth_multiple: 0.5\n";
    let backbone = ["[-1, 4, Conv, [30, 3, 1]]", "[-1, 1, MaxPool, [2]]"];
    let head = ["[-1, 3, Conv, [10, 1, 1]]", "[-1, 1, GlobalAvgPool, []]", "[-1, 1, Flatten, []]"];
    let read = Architecture::from_yaml(&text(multiples, &backbone, &head)).unwrap();
    assert_eq!((read.backbone.len(), read.head.len()), (2, 3));
    let plain = ["[1, Conv, [16, 3, 1]]", "[1, Conv, [16, 3, 1]]", "[1, MaxPool, [2]]"];
    let fixed = ["[3, FixedConv, [10, 1, 1]]", "[1, GlobalAvgPool, []]", "[1, Flatten, []]"];
    let same = Architecture::from_yaml(&text("", &[&plain[..], &fixed].concat(), &[])).unwrap();
    assert_eq!(read.graph().unwrap(), same.graph().unwrap());
    assert_eq!(read.classes(), Ok(10));
    assert_eq!(Architecture::from_yaml(&read.to_yaml()).unwrap(), read);
    // Blocks of inner channels keep their channels too.
    let head = ["[1, InvertedResidualv3, [3, 2, 11, 0, 0, 1]]", "[1, GlobalAvgPool, []]"];
    let read = Architecture::from_yaml(&text(multiples, &backbone, &head)).unwrap();
    assert_eq!(read.classes(), Ok(11));
    assert_eq!(read.places().unwrap().last().unwrap().layer, 3);
    let wrong = text("", &backbone, &["[1, Conv, [10, 1, 1]]", "[1, Conf, []]"]);
    let error = Architecture::from_yaml(&wrong).unwrap_err().to_string();
    assert!(error.starts_with("block 3: no module is called \"Conf\""), "{error}");
}

#[test]
fn arguments_by_name_are_read() {
    let read = |row: &str| {
        let rows = [row, "[1, GlobalAvgPool, []]", "[1, Flatten, []]", "[1, Linear, [10]]"];
        Architecture::from_yaml(&text("", &rows, &[]))
    };
    let expected = read("[1, Conv, [16, 3, 2, null, 1, LeakyReLU]]").unwrap();
    for row in [
        "[-1, 1, Conv, [16, 3, 2], {activation: LeakyReLU}]",
        "[1, Conv, [16], {stride: 2, kernel: 3, activation: LeakyReLU}]",
        "[1, Conv, [], {out_channels: 16, kernel_size: 3, stride: 2, activation: LeakyReLU}]",
        "[1, Conv, [16, 3, 2, null, 1, LeakyReLU], {}]",
    ] {
        assert_eq!(read(row).unwrap(), expected, "{row}");
    }
    for (row, message) in [
        ("[1, Conv, [16, 3], {strid: 2}]", "\"strid\" is no argument (did you mean \"stride\"?)"),
        ("[1, Conv, [16, 3, 2], {stride: 2}]", "\"stride\" stands among the positional"),
        ("[1, Conv, [16, 3], {activation: 7}]", "\"activation\" must be null or an activation"),
        ("[1, Conv, [16, 3], {kernel_size: 3}]", "\"kernel_size\" stands among the positional"),
        ("[1, Conv, [16], {stride: 2}]", "argument 2 must be a whole number, not missing"),
        ("[1, Conv, [16, {kernel: 3}]]", "argument 2 must be a whole number, not a map"),
    ] {
        let error = read(row).unwrap_err().to_string();
        assert!(error.starts_with("block 0 (Conv): ") && error.contains(message), "{row}: {error}");
    }
    let error = read("[1, Flatten, [], {start: 1}]").unwrap_err().to_string();
    assert!(
        error.starts_with("block 0 (Flatten): \"start\" is no argument: it has none"),
        "{error}"
    );
    let error = read("[1, Conv, {channels: 16}]").unwrap_err().to_string();
    assert_eq!(error, "block 0 must read [repeat, module, [arguments]]");
}

#[test]
fn keys_are_known_or_named() {
    let rows = ["[1, GlobalAvgPool, []]", "[1, Flatten, []]", "[1, Linear, [10]]"];
    for (line, message) in [
        ("width_multiplier: 0.5", "\"width_multiplier\" (did you mean \"width_multiple\"?)"),
        ("heads: []", "\"heads\" (did you mean \"head\"?)"),
        ("zzz: 1", "unknown key \"zzz\": input_channel,"),
        ("depth_multiple: deep", "depth_multiple must be a number, not \"deep\""),
        ("7: 8", "the key 7 is no text"),
    ] {
        let error = Architecture::from_yaml(&text(&format!("{line}\n"), &rows, &[])).unwrap_err();
        assert!(error.to_string().contains(message), "{line}: {error}");
    }
    let sized = |size: &str| {
        let sized =
            text("", &rows, &[]).replace("input_size: [8, 8]", &format!("input_size: {size}"));
        Architecture::from_yaml(&sized).map(|architecture| architecture.input_side)
    };
    assert_eq!(sized("[24, 16]"), Ok((24, 16).into()));
    assert_eq!(sized("16"), Ok(16.into()));
    let error = sized("[24, 16, 3]").unwrap_err().to_string();
    assert_eq!(error, "input_size must be one side or [height, width], not [24, 16, 3]");
    let error = Architecture::from_yaml("input_size: 3\nbackbone: []").unwrap_err().to_string();
    assert_eq!(error, "input_channel must be a whole number, not missing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read_back(architecture in common::architecture()) {
        let text = architecture.to_yaml();
        prop_assert_eq!(Architecture::from_yaml(&text).unwrap(), architecture, "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-zA-Z0-9:\\[\\], \n#\"&*~.]{0,200}") {
        let _ = Architecture::from_yaml(&format!("input_channel: 1\nbackbone:\n{text}"));
        let _ = Architecture::from_yaml(&text);
    }
}
