//! The observations of an estimator sorted along each axis.

/// What takes the place of a row for the prior, whose centre is the middle.
const PRIOR: u32 = u32::MAX;

/// The place of a row that is no component.
const NONE: u32 = u32::MAX;

/// The rows of a fit in order of their coordinates, kept for the next fit, in which most rows are
/// the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted {
    rows: Vec<usize>,
    /// Those that the last fit did not have.
    new: Vec<usize>,
    /// Whether all rows count as new.
    anew: bool,
    /// The component that each row is, if any. `[n]`
    places: Vec<u32>,
    /// The rows and the prior by coordinate, for each axis. `[d]`
    orders: Vec<Vec<u64>>,
}

impl Sorted {
    /// For `d` axes.
    pub(super) fn new(d: usize) -> Self {
        Self { orders: vec![Vec::new(); d], ..Self::default() }
    }

    /// Goes over to other rows, of `n` in all.
    pub(super) fn replace(&mut self, rows: &[usize], n: usize) {
        self.places.resize(n, NONE);
        self.new.clear();
        self.new.extend(rows.iter().filter(|row| self.places[**row] == NONE));
        for row in self.rows.drain(..) {
            self.places[row] = NONE;
        }
        for (place, row) in rows.iter().enumerate() {
            self.places[*row] = place as u32;
        }
        self.rows.extend(rows);
        // Where many are new it is cheaper to begin anew.
        self.anew = self.new.len() > rows.len() / 8;
        if self.anew {
            self.new.clone_from(&self.rows);
        }
    }

    /// Visits the components that are active on axis `j` in order of their centres: component,
    /// centre, and the larger distance to its neighbours, among them the prior. The ends use their
    /// inner distance only. `centres`: `[k]`, NaN where inactive.
    pub(super) fn visit(
        &mut self,
        j: usize,
        centres: &[f64],
        mut visitor: impl FnMut(usize, f64, f64),
    ) {
        let order = &mut self.orders[j];
        let place = |row: usize| self.places.get(row).map_or(NONE, |place| *place) as usize;
        if self.anew {
            order.clear();
            order.push(key(0.5, PRIOR));
        } else {
            order.retain(|key| row(*key) == PRIOR as usize || place(row(*key)) != NONE as usize);
        }
        let new = self.new.iter().map(|row| (centres[place(*row)], *row as u32));
        order.extend(new.filter(|(x, _)| !x.is_nan()).map(|(x, row)| key(x, row)));
        // The stable sort finds the part that is sorted already, the other one is faster without.
        if self.anew {
            order.sort_unstable();
        } else {
            order.sort();
        }
        let at = |key: &u64| {
            let place = place(row(*key));
            (place, centres.get(place).copied().unwrap_or(0.5))
        };
        let mut below = 0.0;
        let (mut i, mut x) = order.first().map_or((0, 0.5), at);
        for rank in 1..=order.len() {
            let (next, y) = order.get(rank).map_or((0, x), at);
            let above = y - x;
            if i < centres.len() {
                visitor(i, x, if below > above { below } else { above });
            }
            (below, i, x) = (above, next, y);
        }
    }
}

/// A row behind 32 bits of its coordinate, of which closer ones are alike: the bits of numbers in
/// `[0, 1]` are in their order, and the highest two are 0.
fn key(x: f64, row: u32) -> u64 {
    (x.to_bits() << 2 >> 32 << 32) | u64::from(row)
}

fn row(key: u64) -> usize {
    key as u32 as usize
}
