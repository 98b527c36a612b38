//! Networks in int8: calibration images, and what their rounding costs.

use super::target::Job;
use crate::Failure;
use automl::data::{DataSplits, Dataset, Images, Preprocessing};
use automl::deploy::{Engine, Program};
use automl::quantize::{Int8Program, Interpreter};

/// The most test images that are compared.
const COMPARED: usize = 1000;

/// A network in int8 with a sentence about its accuracy.
pub(super) struct Quantized {
    pub(super) program: Int8Program,
    pub(super) told: String,
}

/// Calibrates with training images of the network's data set.
pub(super) fn quantized(job: &Job<'_>) -> Result<Quantized, Failure> {
    let record = &job.network.record;
    let Some(input) = &record.input else {
        return Err("int8 needs the mean and deviation of the images: name the data set of the \
                    training by --dataset and --data-dir"
            .into());
    };
    let Some(training) = &job.training else {
        return Err("int8 needs calibration images, and the record names no data set: give \
                    --dataset or --data-dir"
            .into());
    };
    let side = record.graph.input_side;
    let dataset = Dataset::load(&training.dataset, training.folder.as_deref(), side)?;
    let data = DataSplits::split(&dataset, training.validation, training.seed)?;
    let (channels, found) = (record.graph.input_channels, &data.train);
    if (found.channels, found.side) != (channels, side) {
        let (name, c, s) = (&data.name, found.channels, found.side);
        return Err(format!(
            "{name} has images of {c} channels and side {s}, the network takes {channels} and {side}"
        )
        .into());
    }
    let floats = job.network.program()?.without_dead_units();
    let program = Int8Program::calibrate(&floats, input, found, job.calibration, training.seed)?;
    let told = compared(&floats, &program, input, &data.test.at_most(COMPARED, 0))?;
    Ok(Quantized { program, told })
}

/// The accuracy of both forms on test images, and how often they agree.
fn compared(
    floats: &Program,
    program: &Int8Program,
    input: &Preprocessing,
    tests: &Images,
) -> Result<String, Failure> {
    let engine = Engine::new(floats);
    let mut session = engine.session();
    let mut interpreter = Interpreter::new(program);
    let (mut right, mut right_in_int8, mut same) = (0, 0, 0);
    for (index, image) in tests.iter().enumerate() {
        let scores = session.run(&input.normalized(image))?;
        let class = highest(&scores);
        let in_int8 = interpreter.classify_planes(image);
        let label = usize::from(tests.labels[index]);
        right += usize::from(class == label);
        right_in_int8 += usize::from(in_int8 == label);
        same += usize::from(class == in_int8);
    }
    let share = |count: usize| 100.0 * count as f64 / tests.len().max(1) as f64;
    Ok(format!(
        "accuracy {:.2} % in int8, {:.2} % in floats, {:.2} % of the classes equal, on {} test images",
        share(right_in_int8),
        share(right),
        share(same),
        tests.len()
    ))
}

fn highest(scores: &[f32]) -> usize {
    let higher =
        |best: usize, class: usize| if scores[class] > scores[best] { class } else { best };
    (0..scores.len()).fold(0, higher)
}
