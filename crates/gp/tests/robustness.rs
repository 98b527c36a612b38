//! Generated spaces and objectives: no panic, no repetition, no worse than random.
#![allow(dead_code)]

#[path = "../examples/robustness/generated.rs"]
mod generated;

use automl_gp::GpSampler;
use automl_study::RandomSampler;
use generated::Case;

#[test]
fn never_worse_than_random() {
    let (mut good, cases) = (0, 33);
    for seed in 0..cases {
        let case = Case::new(seed);
        let median = |gp: bool| {
            let mut all: Vec<f64> = (0..3)
                .map(|run| {
                    let (best, distinct) = if gp {
                        case.run(Box::new(GpSampler::default()), 22, run).unwrap()
                    } else {
                        case.run(Box::new(RandomSampler::uniform()), 22, run).unwrap()
                    };
                    assert!(distinct, "case {seed}, run {run}: a configuration was repeated");
                    best
                })
                .collect();
            all.sort_by(f64::total_cmp);
            all[1]
        };
        good += u64::from(median(true) <= median(false));
    }
    assert!(good * 100 >= cases * 90, "at or below random in {good} of {cases}");
}
