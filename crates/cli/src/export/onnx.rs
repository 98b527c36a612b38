//! ONNX models in 32-bit floats.

use super::target::{Job, Target};
use crate::Failure;
use automl::deploy::onnx::{InputRange, OnnxOptions, float_model};
use automl::deploy::write_atomic;

pub(super) const TARGET: Target =
    Target { name: "onnx", summary: "an ONNX model, opset 17, 32-bit floats", write };

fn write(job: &Job<'_>) -> Result<String, Failure> {
    let record = &job.network.record;
    // Without the normalization, the caller has to know it.
    let range = if record.input.is_none() { InputRange::Normalized } else { job.range };
    let program = job.network.program()?.without_dead_units();
    let model = float_model(&program, record, OnnxOptions { batch: job.batch, range })?;
    write_atomic(job.out, &model)
        .map_err(|error| format!("cannot write {}: {error}", job.out.display()))?;
    let (out, bytes, range) = (job.out.display(), model.len(), range.name());
    Ok(format!("{out}: ONNX, {bytes} bytes, pixels {range}"))
}
