//! The frame of a plot: axes, grid and labels.

use super::{Scale, marks::px};
use maud::{Markup, html};

/// The frame of a plot with two scales.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
}

const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 38.0;

impl Frame {
    /// The positions of the ends of the horizontal axis.
    pub(crate) fn horizontal(width: f64) -> [f64; 2] {
        [LEFT, width - RIGHT]
    }

    /// The positions of the ends of the vertical axis, the lower one first.
    pub(crate) fn vertical(height: f64) -> [f64; 2] {
        [height - BOTTOM, TOP]
    }

    /// Axes with a light grid; the label of the vertical axis stands above it, that of the horizontal
    /// one below its right end.
    pub(crate) fn axes(&self) -> Markup {
        let Self { width, height, x, y, .. } = self;
        let [left, right] = Self::horizontal(*width);
        let [bottom, top] = Self::vertical(*height);
        let log = |scale: &Scale| if scale.is_log() { " (log scale)" } else { "" };
        html! {
            g.axes aria-hidden="true" {
                @for (tick, label) in y.ticks(5) {
                    @let at = px(y.at(tick));
                    path.grid d=(format!("M{} {at}H{}", px(left), px(right))) {}
                    text x=(px(left - 7.0)) y=(at) dy=".32em" text-anchor="end" { (label) }
                }
                @for (tick, label) in x.ticks((width / 90.0) as usize) {
                    @let at = px(x.at(tick));
                    path.tick d=(format!("M{at} {}v5", px(bottom))) {}
                    text x=(at) y=(px(bottom + 18.0)) text-anchor="middle" { (label) }
                }
                path.base d=(format!("M{} {}H{}", px(left), px(bottom), px(right))) {}
                text.label x="2" y=(px(top - 14.0)) { "↑ " (self.y_label) (log(y)) }
                text.label x=(px(right)) y=(px(height - 4.0)) text-anchor="end" { (self.x_label) (log(x)) " →" }
            }
        }
    }

    /// A plot with marks of trials, which a pointer and the keyboard can reach.
    pub(crate) fn interactive(&self, title: &str, content: &Markup) -> Markup {
        html! {
            svg.plot viewBox=(format!("0 0 {} {}", self.width, self.height)) role="group"
                data-hover="dots" aria-label=(title) {
                (self.axes())
                (content)
            }
        }
    }

    /// The whole plot: frame and content under a title that a screen reader reads.
    pub(crate) fn plot(&self, title: &str, content: &Markup) -> Markup {
        html! {
            svg.plot viewBox=(format!("0 0 {} {}", self.width, self.height)) role="img" aria-label=(title) {
                (self.axes())
                (content)
            }
        }
    }
}
