//! Linear regression in one variable.

/// The slope of the least-squares line through points; `None` if all have the same first coordinate.
///
/// # Examples
/// ```
/// use automl_numeric::regression::slope;
///
/// assert_eq!(slope(&[[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]), Some(2.0));
/// assert_eq!(slope(&[[1.0, 2.0], [1.0, 5.0]]), None);
/// ```
pub fn slope(points: &[[f64; 2]]) -> Option<f64> {
    let count = points.len().max(1) as f64;
    let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / count;
    let (x, y) = (mean(0), mean(1));
    let shared: f64 = points.iter().map(|point| (point[0] - x) * (point[1] - y)).sum();
    let square: f64 = points.iter().map(|point| (point[0] - x).powi(2)).sum();
    (square > 0.0).then(|| shared / square)
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn lines_have_their_slope() {
        let points: Vec<[f64; 2]> =
            (0..5).map(|x| [f64::from(x), 3.0 - 2.0 * f64::from(x)]).collect();
        assert!((slope(&points).unwrap() + 2.0).abs() < 1e-12);
        assert_eq!(slope(&[[1.0, 2.0], [1.0, 5.0]]), None);
        assert_eq!(slope(&[]), None);
    }
}
