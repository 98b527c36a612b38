//! ONNX models in int8.

use super::int8::quantized;
use super::target::{Job, Target};
use crate::Failure;
use automl::deploy::onnx::OnnxOptions;
use automl::deploy::write_atomic;

pub(super) const TARGET: Target =
    Target { name: "onnx-int8", summary: "an ONNX model, opset 17, int8 in QDQ form", write };

fn write(job: &Job<'_>) -> Result<String, Failure> {
    let int8 = quantized(job)?;
    let options = OnnxOptions { batch: job.batch, range: job.range };
    let model = int8.program.to_onnx(&job.network.record, options);
    write_atomic(job.out, &model)
        .map_err(|error| format!("cannot write {}: {error}", job.out.display()))?;
    let (out, bytes, range) = (job.out.display(), model.len(), job.range.name());
    Ok(format!("{out}: ONNX in int8, {bytes} bytes, pixels {range}; {}", int8.told))
}
