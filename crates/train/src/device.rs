//! Devices of a training.

use burn::tensor::Device;
use thiserror::Error;

/// Requested device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A real GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU, or an error.
    Gpu,
}

/// Selected device and the reason for it.
#[derive(Clone, Debug)]
pub struct SelectedDevice {
    /// The device.
    pub device: Device,
    /// Name of the device and the reason, for people.
    pub description: String,
    /// `true` for a GPU.
    pub is_gpu: bool,
}

/// Reasons for which the requested device is not available.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The program was built without GPU support.
    #[error(
        "this build cannot use a GPU: build with `--features gpu`, or train with `--device cpu`"
    )]
    NotBuilt,
    /// No GPU was found.
    #[error("no GPU to train on: {reason}; train with `--device cpu`")]
    NoGpu {
        /// Outcome of the search for a GPU.
        reason: String,
    },
}

/// The CPU.
pub fn cpu() -> Device {
    Device::flex()
}

/// Selects a device.
///
/// # Examples
/// ```
/// use automl_train::{DeviceChoice, choose, cpu};
///
/// let selected = choose(DeviceChoice::Cpu)?;
/// assert!(!selected.is_gpu && selected.device == cpu());
/// # Ok::<(), automl_train::DeviceError>(())
/// ```
///
/// # Errors
/// [`DeviceError`] if a GPU is requested and none was found. A software renderer is not a GPU.
pub fn choose(choice: DeviceChoice) -> Result<SelectedDevice, DeviceError> {
    let on_cpu = |why: &str| SelectedDevice {
        device: cpu(),
        description: format!("CPU ({why})"),
        is_gpu: false,
    };
    match choice {
        DeviceChoice::Cpu => Ok(on_cpu("asked for")),
        DeviceChoice::Gpu => gpu(),
        DeviceChoice::Auto => Ok(match gpu() {
            Ok(chosen) => chosen,
            Err(DeviceError::NotBuilt) => on_cpu("built without GPU support"),
            Err(DeviceError::NoGpu { reason }) => on_cpu(&reason),
        }),
    }
}

#[cfg(not(feature = "gpu"))]
fn gpu() -> Result<SelectedDevice, DeviceError> {
    Err(DeviceError::NotBuilt)
}

/// The first adapter that is hardware, found once: the framework refuses to be set up again.
#[cfg(feature = "gpu")]
fn gpu() -> Result<SelectedDevice, DeviceError> {
    static FOUND: std::sync::OnceLock<Result<SelectedDevice, DeviceError>> =
        std::sync::OnceLock::new();
    FOUND.get_or_init(probe).clone()
}

/// Probed before any tensor is made, because the framework panics on a thread of its own where it
/// finds no adapter.
#[cfg(feature = "gpu")]
fn probe() -> Result<SelectedDevice, DeviceError> {
    use burn::tensor::wgpu::wgpu::DeviceType;
    let no_gpu = |reason: String| DeviceError::NoGpu { reason };
    let probed = Device::wgpu_options().init_with_setup();
    let (device, setup) = probed.map_err(|e| no_gpu(e.to_string()))?;
    let info = setup.adapter.get_info();
    match info.device_type {
        DeviceType::DiscreteGpu | DeviceType::IntegratedGpu | DeviceType::VirtualGpu => {
            let description = format!("GPU {} ({:?})", info.name, info.backend);
            Ok(SelectedDevice { device, description, is_gpu: true })
        }
        _ => Err(no_gpu(format!("{} is a software renderer", info.name))),
    }
}

/// Runs work on one thread of its own, so that several trainings share the cores without getting
/// into each other's way: everything below that would spread over threads stays on this one.
///
/// If the system refuses the thread, the work runs on the caller's.
pub fn one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    on_threads(1, work)
}

/// Runs work that spreads over this many threads. See [`one_thread`].
pub fn on_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(count).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// The number of threads that prepare batches: one beside a training on the CPU, where other
/// trainings use the cores; up to eight where a GPU trains and the cores are idle.
pub(crate) fn loader_threads(device: &Device) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    if *device == cpu() { 1 } else { cores().min(8) }
}
