//! The observations of an estimator, sorted along each axis.

/// The row number of the prior, which has its center at 0.5.
const PRIOR: u32 = u32::MAX;

/// The component number of a row outside the estimator.
const NONE: u32 = u32::MAX;

/// The rows of a fit in order of their coordinates, reused by the next fit, which shares most rows.
#[derive(Clone, Debug, Default)]
pub(super) struct SortedRows {
    /// The rows of the current fit, in order of components. `[k]`
    rows: Vec<usize>,
    /// The rows to be sorted in: those that the previous fit did not have, or all.
    new: Vec<usize>,
    /// Whether the orders are rebuilt from all rows.
    is_rebuilt: bool,
    /// The component of each row, or [`NONE`]. `[n]`
    components: Vec<u32>,
    /// Sort keys of the rows and of the prior, for each axis. `[d][<= k + 1]`
    orders: Vec<Vec<u64>>,
}

impl SortedRows {
    /// No rows, on `d` axes.
    pub(super) fn new(d: usize) -> Self {
        Self { orders: vec![Vec::new(); d], ..Self::default() }
    }

    /// Replaces the rows; `n` is the number of all rows.
    pub(super) fn replace(&mut self, rows: &[usize], n: usize) {
        self.components.resize(n, NONE);
        self.new.clear();
        self.new.extend(rows.iter().filter(|row| self.components[**row] == NONE));
        for row in self.rows.drain(..) {
            self.components[row] = NONE;
        }
        for (component, row) in rows.iter().enumerate() {
            self.components[*row] = component as u32;
        }
        self.rows.extend(rows);
        // With many new rows a full sort is cheaper than a merge.
        self.is_rebuilt = self.new.len() > rows.len() / 8;
        if self.is_rebuilt {
            self.new.clone_from(&self.rows);
        }
    }

    /// Calls `visitor(component, center, gap)` for the components active on axis `j`, by ascending
    /// center.
    ///
    /// `gap` is the larger distance to the neighboring centers, that of the prior included; at the
    /// ends the distance to the only neighbor. `centers`: `[k]`, NaN where inactive.
    pub(super) fn visit(
        &mut self,
        j: usize,
        centers: &[f64],
        mut visitor: impl FnMut(usize, f64, f64),
    ) {
        let order = &mut self.orders[j];
        let component = |row: usize| self.components.get(row).map_or(NONE, |c| *c) as usize;
        if self.is_rebuilt {
            order.clear();
            order.push(key(0.5, PRIOR));
        } else {
            order
                .retain(|key| row(*key) == PRIOR as usize || component(row(*key)) != NONE as usize);
        }
        let new = self.new.iter().map(|row| (centers[component(*row)], *row as u32));
        order.extend(new.filter(|(x, _)| !x.is_nan()).map(|(x, row)| key(x, row)));
        // The stable sort makes use of the sorted prefix; without one the unstable sort is faster.
        if self.is_rebuilt {
            order.sort_unstable();
        } else {
            order.sort();
        }
        let at = |key: &u64| {
            let component = component(row(*key));
            (component, centers.get(component).copied().unwrap_or(0.5))
        };
        let mut below = 0.0;
        let (mut i, mut x) = order.first().map_or((0, 0.5), at);
        for rank in 1..=order.len() {
            let (next, y) = order.get(rank).map_or((0, x), at);
            let above = y - x;
            if i < centers.len() {
                visitor(i, x, if below > above { below } else { above });
            }
            (below, i, x) = (above, next, y);
        }
    }
}

/// A sort key: 32 bits of the coordinate above the row number.
///
/// The bit patterns of numbers in `[0, 1]` are in numeric order, with 0 in the highest two bits.
/// Coordinates that agree in the next 32 bits are in order of their rows.
fn key(x: f64, row: u32) -> u64 {
    (x.to_bits() << 2 >> 32 << 32) | u64::from(row)
}

/// The row number of a sort key.
fn row(key: u64) -> usize {
    key as u32 as usize
}
