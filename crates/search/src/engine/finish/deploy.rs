//! The networks of the front on a device: their test in int8, and files of the forms asked for.

use super::Finish;
use crate::{ExportTarget, FileError, Network, SearchError};
use automl_data::DataSplits;
use automl_deploy::onnx::{OnnxOptions, float_model};
use automl_deploy::{TrainedNetwork, write_atomic};
use automl_quantize::{GeneratedCode, Int8Program};

/// The name of generated code.
const NAME: &str = "network";

impl Finish<'_> {
    /// Quantizes, fine-tunes, tests and exports the networks of the front, as far as was asked for.
    pub(super) fn deploy(&self, front: &mut [Network]) -> Result<(), SearchError> {
        for network in front.iter_mut() {
            if self.setup.stop.is_set() {
                break;
            }
            let mut trained = TrainedNetwork::read(&self.front_folder(network.trial))?;
            let data = self.setup.plan.data_at(trained.record.graph.input_side);
            let program = self.in_int8(network, &mut trained, &data)?;
            for target in &self.setup.settings.search.export {
                match (target, &program) {
                    (ExportTarget::Onnx, _) => self.float_model(network, &trained)?,
                    (_, Some(program)) => {
                        self.export(*target, network, program, &trained, &data)?;
                    }
                    (_, None) => {}
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

    /// Writes an int8 program as an ONNX model or as source code.
    fn export(
        &self,
        target: ExportTarget,
        network: &mut Network,
        program: &Int8Program,
        trained: &TrainedNetwork,
        data: &DataSplits,
    ) -> Result<(), SearchError> {
        let code = match target {
            ExportTarget::C => program.to_c(NAME, &data.class_names),
            ExportTarget::Rust => program.to_rust(NAME, &data.class_names),
            ExportTarget::Onnx | ExportTarget::OnnxInt8 => {
                let model = program.to_onnx(&trained.record, OnnxOptions::default());
                return self.write(network, target, "network.onnx", &model);
            }
        };
        match code {
            Ok(GeneratedCode { files, .. }) => files
                .iter()
                .try_for_each(|file| self.write(network, target, &file.path, file.text.as_bytes())),
            Err(error) => {
                self.setup.note(format!("trial {}: {target}: {error}", network.trial));
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
}
