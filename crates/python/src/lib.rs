//! The native part of the Python module `automl_rs`: one class around a study. What has structure
//! (spaces, parameters, trials) crosses the boundary as JSON.

mod convert;
mod study;

use pyo3::prelude::*;

pyo3::create_exception!(
    automl_rs,
    StudyError,
    pyo3::exceptions::PyRuntimeError,
    "A study that cannot hand out a trial or record a result."
);

/// Studies, samplers and schedulers.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("StudyError", module.py().get_type::<StudyError>())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<study::NativeStudy>()
}
