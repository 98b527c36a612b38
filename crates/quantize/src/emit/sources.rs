//! Texts of the kernels.

/// A kernel in both languages.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) rust: &'static str,
    pub(super) c: &'static str,
    /// Kernels that it calls.
    pub(super) needs: &'static [&'static str],
}

macro_rules! source {
    ($name:literal, $needs:expr) => {
        Source {
            name: $name,
            rust: include_str!(concat!("../kernels/", $name, ".rs")),
            c: include_str!(concat!("../kernels/", $name, ".c")),
            needs: &$needs,
        }
    };
}

/// All kernels, each behind those that it needs.
const SOURCES: [Source; 17] = [
    source!("requantize", []),
    source!("rescale", []),
    source!("dot", []),
    source!("total", []),
    source!("pixels", []),
    source!("matrix", ["dot", "requantize"]),
    source!("convolution", ["dot", "requantize", "total"]),
    source!("grouped", ["dot", "requantize", "total"]),
    source!("depthwise", ["requantize"]),
    source!("max_pool", []),
    source!("average", ["requantize"]),
    source!("table", []),
    source!("along_channels", ["requantize"]),
    source!("add", ["rescale"]),
    source!("scale", ["rescale"]),
    source!("join", ["rescale"]),
    source!("take", []),
];

/// The parts of an arena, which only Rust needs.
pub(super) const SPLIT: &str = include_str!("../kernels/split.rs");

/// The kernels of these names and all that they need, in an order in which C can read them.
pub(super) fn sources(names: &[&str]) -> Vec<&'static Source> {
    let named = |source: &&Source| names.contains(&source.name);
    let needs = SOURCES.iter().filter(named).flat_map(|source| source.needs);
    let needed: Vec<&str> = needs.chain(names).copied().collect();
    SOURCES.iter().filter(|source| needed.contains(&source.name)).collect()
}
