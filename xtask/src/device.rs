//! Whether this machine has a real GPU, found without any graphics library.

use std::fs;
use std::path::Path;

/// A short name of the first real GPU. Software renderers have no device of their own, so what is
/// found is hardware: the NVIDIA driver's list, a PCI display controller with a render node, or
/// any Mac.
pub(crate) fn gpu() -> Option<String> {
    if cfg!(target_os = "macos") {
        return Some("Metal".into());
    }
    if let Ok(cards) = fs::read_dir("/proc/driver/nvidia/gpus")
        && cards.flatten().next().is_some()
    {
        return Some("NVIDIA".into());
    }
    let nodes = fs::read_dir("/sys/class/drm").ok()?;
    nodes.flatten().find_map(|node| {
        let name = node.file_name().to_string_lossy().into_owned();
        let vendor = fs::read_to_string(node.path().join("device/vendor")).ok()?;
        if !name.starts_with("renderD") || !Path::new("/dev/dri").join(&name).exists() {
            return None;
        }
        match vendor.trim() {
            "0x10de" => Some("NVIDIA".to_owned()),
            "0x1002" => Some("AMD".to_owned()),
            "0x8086" => Some("Intel".to_owned()),
            _ => None,
        }
    })
}
