//! Batch normalization and activation in one pass (Ioffe & Szegedy 2015, section 3).
//!
//! A layer keeps only what its convolution gave, z. What the next layer reads,
//! f(scale z + shift), is computed while it is read, and so is the gradient: normalization
//! and activation cost no passes through memory of their own but for two sums.

use super::activation::{Function, with_activation};
use super::buffer::Buffer;
use automl_arch::Activation;
use automl_numeric::vector::{fast, vectorized};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// Numbers in one period of the vectors of channels below: they are repeated, so that loops are
/// long whatever the number of channels.
const PERIOD: usize = 512;

/// A vector of channels, repeated.
pub(super) fn repeated(channels: impl ExactSizeIterator<Item = f32>) -> Buffer {
    let values: Vec<f32> = channels.collect();
    Buffer::copy(&values.repeat(PERIOD.div_ceil(values.len().max(1))))
}

/// Per channel sums of a repeated vector, in double precision.
fn fold(repeated: &[f32], totals: &mut [f64]) {
    for values in repeated.chunks_exact(totals.len()) {
        for (total, value) in totals.iter_mut().zip(values) {
            *total += f64::from(*value);
        }
    }
}

/// Mean and variance of every channel, from sums of differences to a pilot value, with little
/// cancellation (Chan, Golub & LeVeque 1983).
#[derive(Debug)]
pub(super) struct Moments {
    pilot: Buffer,
    sums: Buffer,
    squares: Buffer,
    totals: Vec<f64>,
    total_squares: Vec<f64>,
    count: f64,
}

impl Moments {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            pilot: Buffer::default(),
            sums: repeated(vec![0.0; channels].into_iter()),
            squares: repeated(vec![0.0; channels].into_iter()),
            totals: vec![0.0; channels],
            total_squares: vec![0.0; channels],
            count: 0.0,
        }
    }

    /// Pixels of all channels.
    pub(super) fn add(&mut self, z: &[f32]) {
        let channels = self.totals.len();
        if self.pilot.is_empty() {
            self.pilot = repeated(z[..channels].iter().copied());
        }
        let (pilot, sums, squares) = (&self.pilot[..], &mut self.sums[..], &mut self.squares[..]);
        fast(|| {
            sums.fill(0.0);
            squares.fill(0.0);
            for z in z.chunks(pilot.len()) {
                let sums = sums.iter_mut().zip(squares.iter_mut());
                for ((z, pilot), (sum, square)) in z.iter().zip(pilot).zip(sums) {
                    let difference = z - pilot;
                    *sum += difference;
                    *square += difference * difference;
                }
            }
        });
        fold(&self.sums, &mut self.totals);
        fold(&self.squares, &mut self.total_squares);
        self.count += (z.len() / channels) as f64;
    }

    /// Mean and sum of squared differences to it, of one channel.
    fn channel(&self, channel: usize) -> (f64, f64) {
        let (sum, square) = (self.totals[channel], self.total_squares[channel]);
        let pilot = self.pilot.get(channel).copied().unwrap_or_default();
        let mean = sum / self.count.max(1.0);
        (f64::from(pilot) + mean, (square - sum * mean).max(0.0))
    }

    /// Means and (biased) variances over all parts: two parts' sums of squares add up, and the
    /// difference of their means adds its square times n m / (n + m).
    pub(super) fn finish(parts: &[Self]) -> (Vec<f32>, Vec<f32>) {
        let channels = parts.first().map_or(0, |part| part.totals.len());
        (0..channels)
            .map(|channel| {
                let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
                for part in parts.iter().filter(|part| part.count > 0.0) {
                    let (own_mean, own_squares) = part.channel(channel);
                    let (difference, total) = (own_mean - mean, n + part.count);
                    mean += difference * part.count / total;
                    squares += own_squares + difference * difference * n * part.count / total;
                    n = total;
                }
                (mean as f32, (squares / n.max(1.0)) as f32)
            })
            .unzip()
    }
}

/// f(scale z + shift) per channel; the vectors are repeated.
#[derive(Debug)]
pub(super) struct Affine {
    channels: usize,
    scale: Buffer,
    shift: Buffer,
    mean: Buffer,
    activation: Activation,
}

/// Per channel, with h the gradient at scale z + shift: the sums of h and of h (z - mean).
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) plain: Vec<f64>,
    pub(super) centered: Vec<f64>,
    plains: Buffer,
    products: Buffer,
}

impl Sums {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            plain: vec![0.0; channels],
            centered: vec![0.0; channels],
            plains: repeated(vec![0.0; channels].into_iter()),
            products: repeated(vec![0.0; channels].into_iter()),
        }
    }

    /// Over all parts.
    pub(super) fn total(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or_else(|| Self::new(0));
        for part in parts {
            total.plain.iter_mut().zip(&part.plain).for_each(|(to, from)| *to += from);
            total.centered.iter_mut().zip(&part.centered).for_each(|(to, from)| *to += from);
        }
        total
    }
}

impl Affine {
    /// scale (z - mean) + bias.
    pub(super) fn new(scale: &[f32], mean: &[f32], bias: &[f32], activation: Activation) -> Self {
        let shift = scale.iter().zip(mean).zip(bias).map(|((s, m), b)| b - s * m);
        Self {
            channels: scale.len(),
            scale: repeated(scale.iter().copied()),
            shift: repeated(shift.collect::<Vec<f32>>().into_iter()),
            mean: repeated(mean.iter().copied()),
            activation,
        }
    }

    /// f(scale z + shift).
    pub(super) fn apply(&self, z: &[f32], out: &mut [f32]) {
        let affine = self;
        with_activation!(self.activation, F => vectorized(Values::<F> { affine, z, out, f: PhantomData }));
    }

    /// Adds to the sums, given the gradient at the output.
    pub(super) fn reduce(&self, g: &[f32], z: &[f32], sums: &mut Sums) {
        let affine = self;
        let Sums { plains, products, .. } = &mut *sums;
        with_activation!(self.activation, F => {
            vectorized(Reduction::<F> { affine, g, z, plains, products, f: PhantomData });
        });
        fold(&sums.plains, &mut sums.plain);
        fold(&sums.products, &mut sums.centered);
    }

    /// The gradient at z, from that at the output, if mean and scale are constants.
    /// With `center = (a, b)` per channel, `a + b (z - mean)` is added: the derivative through them.
    pub(super) fn gradient(
        &self,
        g: &[f32],
        z: &[f32],
        center: &(Buffer, Buffer),
        out: &mut [f32],
    ) {
        let affine = self;
        with_activation!(self.activation, F => {
            vectorized(Slopes::<F> { affine, g, z, center, out, f: PhantomData });
        });
    }

    /// Derivative by z through mean and variance of a batch of n pixels, as
    /// [`gradient`](Self::gradient) takes it: with s the scale, v = variance + epsilon,
    /// a = -s sum(h) / n and b = -s sum(h (z - mean)) / (n v).
    pub(super) fn center(&self, sums: &Sums, variance: &[f32], n: usize) -> (Buffer, Buffer) {
        let n = n as f64;
        let scale = &self.scale[..self.channels];
        let a = scale.iter().zip(&sums.plain).map(|(&s, sum)| (-f64::from(s) * sum / n) as f32);
        let b = scale.iter().zip(&sums.centered).zip(variance);
        let b = b.map(|((&s, sum), &v)| (-f64::from(s) * sum / (n * f64::from(v))) as f32);
        (repeated(a.collect::<Vec<_>>().into_iter()), repeated(b.collect::<Vec<_>>().into_iter()))
    }

    /// Zero derivative through mean and variance, for constants.
    pub(super) fn constant(&self) -> (Buffer, Buffer) {
        (Buffer::zeros(self.scale.len()), Buffer::zeros(self.scale.len()))
    }
}

struct Values<'a, F> {
    affine: &'a Affine,
    z: &'a [f32],
    out: &'a mut [f32],
    f: PhantomData<F>,
}

impl<F: Function> WithSimd for Values<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Affine { scale, shift, .. } = self.affine;
        let period = scale.len();
        for (out, z) in self.out.chunks_mut(period).zip(self.z.chunks(period)) {
            for ((out, z), (scale, shift)) in
                out.iter_mut().zip(z).zip(scale.iter().zip(shift.iter()))
            {
                *out = F::value(z * scale + shift);
            }
        }
    }
}

struct Reduction<'a, F> {
    affine: &'a Affine,
    g: &'a [f32],
    z: &'a [f32],
    plains: &'a mut [f32],
    products: &'a mut [f32],
    f: PhantomData<F>,
}

impl<F: Function> WithSimd for Reduction<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Affine { scale, shift, mean, .. } = self.affine;
        let period = scale.len();
        self.plains.fill(0.0);
        self.products.fill(0.0);
        for (g, z) in self.g.chunks(period).zip(self.z.chunks(period)) {
            let vectors = scale.iter().zip(shift.iter()).zip(mean.iter());
            let sums = self.plains.iter_mut().zip(self.products.iter_mut());
            for (((g, z), ((scale, shift), mean)), (plain, product)) in
                g.iter().zip(z).zip(vectors).zip(sums)
            {
                let h = g * F::slope(z * scale + shift);
                *plain += h;
                *product += h * (z - mean);
            }
        }
    }
}

struct Slopes<'a, F> {
    affine: &'a Affine,
    g: &'a [f32],
    z: &'a [f32],
    center: &'a (Buffer, Buffer),
    out: &'a mut [f32],
    f: PhantomData<F>,
}

impl<F: Function> WithSimd for Slopes<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Affine { scale, shift, mean, .. } = self.affine;
        let (a, b) = self.center;
        let period = scale.len();
        let chunks = self.out.chunks_mut(period).zip(self.g.chunks(period));
        for ((out, g), z) in chunks.zip(self.z.chunks(period)) {
            let vectors =
                scale.iter().zip(shift.iter()).zip(mean.iter()).zip(a.iter().zip(b.iter()));
            for (((out, g), z), (((scale, shift), mean), (a, b))) in
                out.iter_mut().zip(g).zip(z).zip(vectors)
            {
                let h = g * F::slope(z * scale + shift);
                *out = scale * h + (a + b * (z - mean));
            }
        }
    }
}
