#![doc = include_str!("../README.md")]

mod form;

use std::fmt;

/// Height and width of an image or of the maps of a network, in pixels.
///
/// The text of a square is one number, that of another extent height, `x`, width: `64`, `96x64`. In JSON a
/// square is a number and another extent the pair `[height, width]`; read are numbers, pairs and texts.
///
/// # Examples
/// ```
/// use automl_extent::Extent;
///
/// let extent: Extent = "96x64".parse()?;
/// assert_eq!((extent.height, extent.width), (96, 64));
/// assert_eq!(extent.scaled_to(32), Extent::new(48, 32));
/// assert_eq!("64x64".parse(), Ok(Extent::square(64)));
/// assert_eq!(serde_json::to_string(&[extent, 64.into()]).unwrap(), "[[96,64],64]");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

impl Extent {
    /// An extent of `height` rows and `width` columns.
    pub const fn new(height: usize, width: usize) -> Self {
        Self { height, width }
    }

    /// A square.
    pub const fn square(side: usize) -> Self {
        Self { height: side, width: side }
    }

    /// Whether height and width are equal.
    pub const fn is_square(self) -> bool {
        self.height == self.width
    }

    /// The number of pixels, height x width; at overflow the largest number.
    pub const fn pixels(self) -> usize {
        self.height.saturating_mul(self.width)
    }

    /// The smaller of height and width.
    pub fn shorter(self) -> usize {
        self.height.min(self.width)
    }

    /// The larger of height and width.
    pub fn longer(self) -> usize {
        self.height.max(self.width)
    }

    /// The side of the square with as many pixels, rounded down.
    pub const fn mean_side(self) -> usize {
        self.pixels().isqrt()
    }

    /// Applies a function to height and width.
    #[must_use]
    pub fn map(self, mut side: impl FnMut(usize) -> usize) -> Self {
        Self { height: side(self.height), width: side(self.width) }
    }

    /// The extent of the same proportions with `shorter` as its shorter side; the longer one is rounded
    /// to the nearest pixel, halves up.
    #[must_use]
    pub fn scaled_to(self, shorter: usize) -> Self {
        let own = self.shorter().max(1);
        self.map(|side| side.saturating_mul(2 * shorter).saturating_add(own) / (2 * own))
    }

    /// The smaller of both heights, and of both widths.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self { height: self.height.min(other.height), width: self.width.min(other.width) }
    }

    /// Height and width where either might be meant: `64x64`, or `96 pixels high, 64 wide`.
    pub fn in_full(self) -> String {
        if self.is_square() { format!("{self}x{self}") } else { self.in_words() }
    }

    /// Height and width in words: `96 pixels high, 64 wide`, or `64 pixels`.
    pub fn in_words(self) -> String {
        match self {
            Self { height, width } if height == width => format!("{height} pixels"),
            Self { height, width } => format!("{height} pixels high, {width} wide"),
        }
    }
}

impl From<usize> for Extent {
    fn from(side: usize) -> Self {
        Self::square(side)
    }
}

impl From<(usize, usize)> for Extent {
    fn from((height, width): (usize, usize)) -> Self {
        Self { height, width }
    }
}

/// An extent equals the side of a square.
impl PartialEq<usize> for Extent {
    fn eq(&self, side: &usize) -> bool {
        self.height == *side && self.width == *side
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { height, width } if height == width => write!(f, "{height}"),
            Self { height, width } => write!(f, "{height}x{width}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Extent;
    use proptest::prelude::*;

    proptest! {
        /// Text and JSON give the extent back, and a square's are those of its side.
        #[test]
        fn forms_give_the_extent_back(height in 0_usize..10_000, width in 0_usize..10_000) {
            let extent = Extent::new(height, width);
            prop_assert_eq!(extent.to_string().parse(), Ok(extent));
            let json = serde_json::to_string(&extent).unwrap();
            prop_assert_eq!(serde_json::from_str::<Extent>(&json).unwrap(), extent);
            let square = Extent::square(height);
            prop_assert_eq!(square.to_string(), height.to_string());
            prop_assert_eq!(serde_json::to_string(&square).unwrap(), height.to_string());
        }

        /// Proportions are those of the extent to half a pixel, a square stays one, its own side changes
        /// nothing.
        #[test]
        fn proportions_are_kept(
            height in 1_usize..3_000,
            width in 1_usize..3_000,
            shorter in 1_usize..3_000,
        ) {
            let extent = Extent::new(height, width);
            let scaled = extent.scaled_to(shorter);
            prop_assert_eq!(scaled.shorter(), shorter);
            let exact = extent.longer() as f64 * shorter as f64 / extent.shorter() as f64;
            prop_assert!((scaled.longer() as f64 - exact).abs() <= 0.5);
            // Nearly a square, it may become one.
            prop_assert!(scaled.is_square() || (height > width) == (scaled.height > scaled.width));
            prop_assert_eq!(extent.scaled_to(extent.shorter()), extent);
            prop_assert!(Extent::square(height).scaled_to(shorter) == shorter);
        }
    }

    #[test]
    fn what_is_no_extent_is_named() {
        for text in ["", "x", "96x", "x64", "96x64x3", "-3", "9.5"] {
            let error = text.parse::<Extent>().unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(serde_json::from_str::<Extent>(&format!("{text:?}")).is_err());
        }
        for json in ["[96]", "[96,64,3]", "-1", "null"] {
            assert!(serde_json::from_str::<Extent>(json).is_err(), "{json}");
        }
        let read = |json| serde_json::from_str::<Extent>(json).unwrap();
        assert_eq!(read(r#"" 96 X 64 px""#), read("[96,64]"));
    }
}
