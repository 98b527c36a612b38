use super::*;
use automl_space::stream;
use automl_study::Study;

fn branin(x: f64, y: f64) -> f64 {
    use std::f64::consts::PI;
    let a = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    a * a + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

#[test]
fn branin_is_solved_and_a_fresh_sampler_agrees() {
    let mut builder = Space::builder();
    let x = builder.float("x", -5.0..=10.0).add().unwrap();
    let y = builder.float("y", 0.0..=15.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut study = Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
    study.optimize(40, |c| branin(c[x], c[y])).unwrap();
    let regret = study.best().unwrap().values[0] - 0.397_887_357_7;
    assert!(regret < 0.05, "{regret}");
    let asked = study.ask().unwrap();
    let mut history = automl_study::History::new(study.history().directions().to_vec());
    for trial in &study.history().trials()[..40] {
        history.push(trial.clone()).unwrap();
    }
    let propose = |sampler: &mut GpSampler| {
        let view = View {
            space: &space,
            history: &history,
            number: 40,
            seed: 0,
            budget: None,
            ladder: None,
            target: None,
        };
        sampler.propose(&view, &mut stream(0, 40, "propose")).unwrap()
    };
    let mut used = GpSampler::default();
    assert_eq!(propose(&mut used), propose(&mut used));
    assert_eq!(propose(&mut used), propose(&mut GpSampler::default()));
    assert!(space.check(&asked.config).is_ok());
}

#[test]
fn mixed_spaces_with_outliers_failures_and_constants() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    let x = builder.float("x", 0.0..=1.0).when(kind, "a").add().unwrap();
    builder.int("k", 1..=9).add().unwrap();
    let space = builder.build().unwrap();
    for mode in 0..3 {
        let mut study =
            Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
        let mut count = 0;
        study
            .optimize(25, |c| {
                count += 1;
                match (mode, count % 5) {
                    (0, 0) => f64::NAN,
                    (0, 1) => 1e30,
                    (1, _) => 3.0,
                    (2, 0) => f64::INFINITY,
                    _ => c.get(x).unwrap_or(2.0),
                }
            })
            .unwrap();
        assert_eq!(study.history().distinct(), 25);
    }
}
