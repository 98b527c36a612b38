//! The networks of the front on a device: int8 programs, their test, and source code.

use super::Finish;
use crate::engine::pool::Pool;
use crate::network_record::Int8Record;
use crate::{ExportTarget, FileError, Network, NetworkRecord, SearchError, saved};
use automl_data::{DataSplits, Images};
use automl_deploy::onnx::{OnnxOptions, float_model};
use automl_deploy::{TrainedNetwork, write_atomic};
use automl_quantize::{Int8Program, Interpreter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Training images by which the ranges of activations are calibrated.
const CALIBRATION: usize = 512;

/// The name of generated code.
const NAME: &str = "network";

impl Finish<'_> {
    /// Quantizes, tests and exports the networks of the front, as far as was asked for.
    pub(super) fn deploy(&self, front: &mut [Network], pool: Pool) -> Result<(), SearchError> {
        let targets = &self.setup.settings.search.export;
        if targets.contains(&ExportTarget::OnnxInt8) {
            let note = "onnx-int8 is not written by this version: int8 programs are tested, and c and \
                        rust have them";
            self.setup.note(note.into());
        }
        for network in front.iter_mut().filter(|_| !targets.is_empty()) {
            if self.setup.stop.is_set() {
                break;
            }
            let folder = self.front_folder(network.trial);
            let trained = TrainedNetwork::read(&folder)?;
            let data = self.setup.plan.data_at(trained.record.graph.input_side);
            if targets.contains(&ExportTarget::Onnx) {
                self.float_model(network, &trained)?;
            }
            if targets.iter().any(|target| target.is_int8()) {
                match quantized(&trained, &data, self.seed) {
                    Ok(program) => self.export(network, &program, &data, pool)?,
                    Err(reason) => {
                        let trial = network.trial;
                        self.setup.note(format!("trial {trial} has no int8 program: {reason}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the ONNX model of a network in 32-bit floats.
    fn float_model(
        &self,
        network: &mut Network,
        trained: &TrainedNetwork,
    ) -> Result<(), SearchError> {
        let program = trained.program()?.without_dead_units();
        match float_model(&program, &trained.record, OnnxOptions::default()) {
            Ok(model) => self.write(network, ExportTarget::Onnx, "network.onnx", &model),
            Err(error) => {
                self.setup.note(format!("trial {}: onnx: {error}", network.trial));
                Ok(())
            }
        }
    }

    /// Writes a file of an export and lists it.
    fn write(
        &self,
        network: &mut Network,
        target: ExportTarget,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), SearchError> {
        let file = format!("front/trial-{}/export/{target}/{name}", network.trial);
        let path = self.setup.folder.path.join(&file);
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(FileError::of("create", folder))?;
        write_atomic(&path, bytes).map_err(FileError::of("write", &path))?;
        network.files.push(file);
        Ok(())
    }

    /// The command that exports a network in the first form that was asked for, else in ONNX.
    pub(super) fn deploy_command(&self, trial: u64) -> String {
        let target = self.setup.settings.search.export.first().unwrap_or(&ExportTarget::Onnx);
        let end = match target {
            ExportTarget::Onnx | ExportTarget::OnnxInt8 => ".onnx",
            ExportTarget::C | ExportTarget::Rust => "",
        };
        let folder = self.front_folder(trial);
        format!("automl export {} --to {target} --out trial-{trial}{end}", folder.display())
    }

    /// Tests an int8 program and writes its source code.
    fn export(
        &self,
        network: &mut Network,
        program: &Int8Program,
        data: &DataSplits,
        pool: Pool,
    ) -> Result<(), SearchError> {
        let folder = self.front_folder(network.trial);
        let accuracy = |images: &Images| accuracy(program, images, pool.workers);
        let int8 = Int8Record {
            validation_accuracy: accuracy(&data.validation),
            test_accuracy: accuracy(&data.test),
            flash_bytes: program.constant_bytes() as u64,
            ram_bytes: program.memory().arena_bytes(),
        };
        network.int8_accuracy = Some(int8.test_accuracy);
        let mut record = NetworkRecord::read(&folder)?;
        record.int8 = Some(int8);
        saved::update(&folder, &record)?;
        for target in &self.setup.settings.search.export {
            let code = match target {
                ExportTarget::C => program.to_c(NAME, &data.class_names),
                ExportTarget::Rust => program.to_rust(NAME, &data.class_names),
                ExportTarget::Onnx | ExportTarget::OnnxInt8 => continue,
            };
            match code {
                Ok(code) => {
                    for file in &code.files {
                        self.write(network, *target, &file.path, file.text.as_bytes())?;
                    }
                }
                Err(error) => {
                    self.setup.note(format!("trial {}: {target}: {error}", network.trial));
                }
            }
        }
        Ok(())
    }
}

/// The int8 program of a network, calibrated by training images.
fn quantized(
    network: &TrainedNetwork,
    data: &DataSplits,
    seed: u64,
) -> Result<Int8Program, String> {
    let program = network.program().map_err(|error| error.to_string())?;
    let normalization: Vec<(f32, f32)> =
        data.mean.iter().copied().zip(data.sd.iter().copied()).collect();
    let some = data.train.at_most(CALIBRATION, seed);
    let images: Vec<Vec<u8>> = (0..some.len()).map(|index| some.image(index).to_vec()).collect();
    Int8Program::quantize(&program, &normalization, &images).map_err(|error| error.to_string())
}

/// The share of images that an int8 program classifies correctly.
fn accuracy(program: &Int8Program, images: &Images, threads: usize) -> f64 {
    let hits = AtomicUsize::new(0);
    let share = images.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        for start in (0..images.len()).step_by(share) {
            let hits = &hits;
            scope.spawn(move || {
                let mut interpreter = Interpreter::new(program);
                let own = start..(start + share).min(images.len());
                let is_hit = |index: &usize| {
                    let image = channels_last(images.image(*index), images.channels);
                    interpreter.classify(&image) == usize::from(images.labels[*index])
                };
                hits.fetch_add(own.filter(is_hit).count(), Ordering::Relaxed);
            });
        }
    });
    hits.into_inner() as f64 / images.len().max(1) as f64
}

/// Planes `[channels, side, side]` as pixels `[side, side, channels]`.
fn channels_last(planes: &[u8], channels: usize) -> Vec<u8> {
    let positions = planes.len() / channels.max(1);
    (0..positions).flat_map(|at| (0..channels).map(move |c| planes[c * positions + at])).collect()
}

#[cfg(test)]
mod tests {
    use super::channels_last;

    #[test]
    fn planes_become_pixels() {
        assert_eq!(channels_last(&[1, 2, 3, 10, 20, 30], 2), [1, 10, 2, 20, 3, 30]);
        assert_eq!(channels_last(&[1, 2, 3], 1), [1, 2, 3]);
    }
}
