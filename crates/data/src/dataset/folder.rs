//! A folder of images for each class, optionally below `train` and `test`.

use super::format::{DatasetFormat, Source};
use super::{Dataset, DatasetError};
use crate::images::Images;
use image::imageops::FilterType;
use std::path::{Path, PathBuf};

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "folder",
    summary: "images of your own, one folder of PNG, JPEG or BMP files for each class",
    files: Some("a folder of images for each class, optionally below train/ and test/"),
    is_resized: true,
    load,
};

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let (folder, side) = (source.folder("folder", "")?, source.side);
    let (train, test) = (folder.join("train"), folder.join("test"));
    let split = train.is_dir();
    let root = if split { train } else { folder.clone() };
    let classes = folders(&root)?;
    if classes.len() < 2 {
        let what = "two folders of images, one for each class".to_owned();
        return Err(DatasetError::Missing { path: root, what });
    }
    let images = read(&root, &classes, side)?;
    let test = if split && test.is_dir() { Some(read(&test, &classes, side)?) } else { None };
    let name = folder.file_name().map_or("folder".into(), |n| n.to_string_lossy().into_owned());
    Ok(Dataset { test, ..Dataset::new(&name, classes, images, true) })
}

/// The names of the folders in a folder, sorted.
fn folders(root: &Path) -> Result<Vec<String>, DatasetError> {
    let entries = std::fs::read_dir(root).map_err(|e| DatasetError::read(root, e))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

fn read(root: &Path, classes: &[String], side: usize) -> Result<Images, DatasetError> {
    let mut images = Images { channels: 3, side, ..Images::default() };
    for (label, class) in classes.iter().enumerate() {
        let folder = root.join(class);
        let entries = std::fs::read_dir(&folder).map_err(|e| DatasetError::read(&folder, e))?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| is_image(p)).collect();
        files.sort();
        if files.is_empty() {
            let what = "PNG, JPEG or BMP image".to_owned();
            return Err(DatasetError::Missing { path: folder, what });
        }
        for file in files {
            let picture =
                image::open(&file).map_err(|e| DatasetError::content(&file, e.to_string()))?;
            let size = side as u32;
            let picture = picture.resize_exact(size, size, FilterType::Triangle).into_rgb8();
            for channel in 0..3 {
                images.pixels.extend(picture.pixels().map(|pixel| pixel.0[channel]));
            }
            images.labels.push(label as u16);
        }
    }
    Ok(images)
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg" | "bmp"))
}
