//! The networks of the front in int8: calibration, fine-tuning where that is needed, and test.

use super::Finish;
use crate::network_record::Int8Record;
use crate::{Network, NetworkRecord, SearchError, saved};
use automl_arch::NetworkSpec;
use automl_data::DataSplits;
use automl_deploy::{ErrorSamples, TrainedNetwork};
use automl_quantize::Int8Program;
use automl_train::{Int8Tuning, TrainError, TunedInt8, export, tune_int8};
use std::sync::Arc;

/// The most multiply-accumulates of a test in int8 that was not asked for, of a minute or two.
const MOST_WORK: u64 = 1 << 37;

impl Finish<'_> {
    /// The tested int8 program of a network; `None`, with a note, where there is none. Where int8 is
    /// asked for and costs more than half a point on the validation images, the network is fine-tuned.
    pub(super) fn in_int8(
        &self,
        network: &mut Network,
        trained: &mut TrainedNetwork,
        data: &Arc<DataSplits>,
    ) -> Result<Option<Int8Program>, SearchError> {
        let (search, trial) = (&self.setup.settings.search, network.trial);
        let images = data.validation.len() + data.test.len() + 4 * search.calibration;
        if !search.wants_int8() && network.macs.saturating_mul(images as u64) > MOST_WORK {
            self.setup.note(format!("trial {trial} is large: --export onnx-int8 tests it in int8"));
            return Ok(None);
        }
        let program = self.calibrated(trained, data).map_err(|reason| {
            self.setup.note(format!("trial {trial} has no int8 program: {reason}"));
        });
        let Ok(mut program) = program else { return Ok(None) };
        let folder = self.front_folder(trial);
        let mut record = NetworkRecord::read(&folder)?;
        let mut before_tuning = record.int8.and_then(|int8| int8.before_tuning);
        if search.wants_int8()
            && before_tuning.is_none()
            && record.validation_accuracy - program.accuracy(&data.validation)
                > Int8Tuning::LARGE_LOSS
            && let Some(tuned) = self.tuned(trial, trained, record.epochs, data)
        {
            let spec = NetworkSpec::file(&folder).and_then(|file| NetworkSpec::read(&file));
            export(&tuned.network, spec.map_err(TrainError::from)?, &folder)?;
            record = record.judged(&tuned.evaluations, &data.class_names);
            let [validation, test] = &tuned.evaluations;
            let errors = ErrorSamples::new(validation, test, &self.setup.plan.data);
            saved::describe(&folder, trained.record.graph.clone(), data, &record, &errors)?;
            *trained = TrainedNetwork::read(&folder)?;
            program = self.calibrated(trained, data).unwrap_or(program);
            before_tuning = Some(tuned.before);
        }
        record.int8 = Some(Int8Record {
            validation_accuracy: program.accuracy(&data.validation),
            test_accuracy: program.accuracy(&data.test),
            flash_bytes: program.constant_bytes() as u64,
            ram_bytes: program.memory().arena_bytes(),
            before_tuning,
        });
        saved::update(&folder, &record)?;
        *network = self.network(trial, &record);
        Ok(Some(program))
    }

    /// The int8 program of a network, as `automl export` makes it.
    fn calibrated(
        &self,
        network: &TrainedNetwork,
        data: &DataSplits,
    ) -> Result<Int8Program, String> {
        let program = network.program().map_err(|error| error.to_string())?.without_dead_units();
        let (count, seed) = (self.setup.settings.search.calibration, self.setup.settings.seed);
        Int8Program::calibrate(&program, &data.preprocessing(), &data.train, count, seed)
            .map_err(|error| error.to_string())
    }

    /// The network after a fine-tuning, with a note about it; `None` where the accuracy does not rise.
    fn tuned(
        &self,
        trial: u64,
        network: &TrainedNetwork,
        epochs: u64,
        data: &Arc<DataSplits>,
    ) -> Option<TunedInt8> {
        let settings = self.setup.settings;
        let recipe = settings.training.recipe(data, epochs.max(1));
        let tuning = Int8Tuning {
            calibration: settings.search.calibration,
            seed: settings.seed,
            ..Int8Tuning::default()
        };
        let (graph, stop) = (&network.record.graph, || self.setup.stop.is_set());
        let tuned = tune_int8(graph, &network.weights, data, &recipe, &tuning, &stop);
        let note = match &tuned {
            Ok(Some(tuned)) => format!("was {tuned}"),
            Ok(None) => "is no better in int8 after fine-tuning".to_owned(),
            Err(error) => format!("was not fine-tuned for int8: {error}"),
        };
        self.setup.note(format!("trial {trial} {note}"));
        tuned.ok().flatten()
    }
}
