//! Values and slopes of the nonlinearities, for loops over many numbers.

/// A nonlinearity and its derivative.
pub(super) trait Function {
    fn value(x: f32) -> f32;
    fn slope(x: f32) -> f32;
}

macro_rules! functions {
    ($($name:ident($x:ident): $value:expr, $slope:expr;)*) => {$(
        #[doc = concat!("As the activation of the same name: ", stringify!($value), ".")]
        pub(super) struct $name;

        impl Function for $name {
            #[inline(always)]
            fn value($x: f32) -> f32 {
                $value
            }

            #[inline(always)]
            fn slope($x: f32) -> f32 {
                $slope
            }
        }
    )*};
}

functions! {
    Identity(x): x, { let _ = x; 1.0 };
    Relu(x): if x < 0.0 { 0.0 } else { x }, if x > 0.0 { 1.0 } else { 0.0 };
    Relu6(x): clamp(x, 6.0), if x > 0.0 && x < 6.0 { 1.0 } else { 0.0 };
    HardSwish(x): x * clamp(x * (1.0 / 6.0) + 0.5, 1.0), {
        let within = if x < 3.0 { x * (1.0 / 3.0) + 0.5 } else { 1.0 };
        if x > -3.0 { within } else { 0.0 }
    };
    HardSigmoid(x): clamp(x * (1.0 / 6.0) + 0.5, 1.0),
        if x > -3.0 && x < 3.0 { 1.0 / 6.0 } else { 0.0 };
    Clamp(x): clamp(x, 1.0), if (0.0..=1.0).contains(&x) { 1.0 } else { 0.0 };
    Silu(x): x * logistic(x), { let s = logistic(x); s * (1.0 + x * (1.0 - s)) };
    Sigmoid(x): logistic(x), { let s = logistic(x); s * (1.0 - s) };
    LeakyRelu(x): if x < 0.0 { 0.01 * x } else { x }, if x > 0.0 { 1.0 } else { 0.01 };
    Gelu(x): x * normal(x), normal(x) + x * (-0.5 * x * x).exp() * 0.398_942_3;
    Tanh(x): x.tanh(), { let t = x.tanh(); 1.0 - t * t };
}

/// max(0, min(x, most)); NaN stays NaN, so that divergence shows.
#[inline(always)]
fn clamp(x: f32, most: f32) -> f32 {
    let x = if x < 0.0 { 0.0 } else { x };
    if x > most { most } else { x }
}

#[inline(always)]
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The exponential function without branches or calls, so that loops of it are vectorized; within
/// 2e-7 of its value. As Moshier's Cephes: 2^n times a polynomial of what is left.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Added, it leaves the nearest whole number in the last bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let high = (1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3;
    let p = ((high * r + 4.166_579_6e-2) * r + 1.666_666_6e-1) * r + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (p * r * r + r + 1.0) * power
}

/// The standard normal distribution function.
#[inline(always)]
fn normal(x: f32) -> f32 {
    0.5 + 0.5 * libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)
}

/// Evaluates an expression with `$function` standing for the type of an [`Activation`].
macro_rules! with_activation {
    ($activation:expr, $function:ident => $body:expr) => {{
        use ::automl_arch::Activation;
        use $crate::cpu::activation as functions;
        match $activation {
            Activation::Identity => {
                type $function = functions::Identity;
                $body
            }
            Activation::Relu => {
                type $function = functions::Relu;
                $body
            }
            Activation::Relu6 => {
                type $function = functions::Relu6;
                $body
            }
            Activation::HardSwish => {
                type $function = functions::HardSwish;
                $body
            }
            Activation::HardSigmoid => {
                type $function = functions::HardSigmoid;
                $body
            }
            Activation::Silu => {
                type $function = functions::Silu;
                $body
            }
            Activation::Sigmoid => {
                type $function = functions::Sigmoid;
                $body
            }
            Activation::LeakyRelu => {
                type $function = functions::LeakyRelu;
                $body
            }
            Activation::Gelu => {
                type $function = functions::Gelu;
                $body
            }
            Activation::Tanh => {
                type $function = functions::Tanh;
                $body
            }
        }
    }};
}
pub(super) use with_activation;

#[cfg(test)]
mod tests {
    use super::*;

    fn check<F: Function>(kinks: &[f32]) {
        for i in -500..=500 {
            let x = i as f32 * 0.0123 + 0.0017;
            if kinks.iter().any(|kink| (x - kink).abs() < 2e-3) {
                continue;
            }
            let difference = (f64::from(F::value(x + 1e-3)) - f64::from(F::value(x - 1e-3)))
                / (f64::from(x + 1e-3) - f64::from(x - 1e-3));
            assert!((difference - f64::from(F::slope(x))).abs() < 1e-3, "{x}");
        }
    }

    #[test]
    fn the_exponential_function_is_the_systems() {
        for i in -8700..=8800 {
            let x = i as f32 * 0.01;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) / truth - 1.0).abs() < 2e-7, "{x}");
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::INFINITY) > 1e38);
    }

    #[test]
    fn slopes_are_differences_of_values() {
        check::<Identity>(&[]);
        check::<Relu>(&[0.0]);
        check::<Relu6>(&[0.0, 6.0]);
        check::<HardSwish>(&[-3.0, 3.0]);
        check::<HardSigmoid>(&[-3.0, 3.0]);
        check::<Clamp>(&[0.0, 1.0]);
        check::<Silu>(&[]);
        check::<Sigmoid>(&[]);
        check::<LeakyRelu>(&[0.0]);
        check::<Gelu>(&[]);
        check::<Tanh>(&[]);
    }
}
