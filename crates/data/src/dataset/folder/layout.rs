//! Parts and classes by the names of folders.

use super::super::names::{natural, part};
use super::walk::{Content, File, content, files};
use crate::DatasetError;
use crate::report::{Kind, Report};
use crate::split::Split;
use automl_pictures::has_image_name;
use std::collections::BTreeMap;

/// A file of a class.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub file: File,
    pub part: Split,
    /// The index of its class.
    pub class: usize,
}

/// All files of a data set, with the names of the classes in natural order.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub classes: Vec<String>,
    pub members: Vec<Member>,
    /// The parts that have folders of their own.
    pub parts: Vec<Split>,
}

/// Finds parts and classes below a folder. A folder in which one other lies alone, as archives leave
/// behind, stands for that one.
pub(super) fn layout(root: &File, report: &mut Report) -> Result<Layout, DatasetError> {
    let mut top = content(root, report)?;
    while let ([inner], true) = (&top.folders[..], part_of_alone(&top).is_none()) {
        let inner = inner.clone();
        let below = content(&inner, report)?;
        if below.folders.is_empty() {
            break;
        }
        report.notes.push(format!("the classes are the folders in {}", inner.name));
        unlabeled(&top, report);
        top = below;
    }
    unlabeled(&top, report);
    let mut found: Vec<(File, Split)> = Vec::new();
    let is_split = is_split(&top)?;
    for folder in std::mem::take(&mut top.folders) {
        if !is_split {
            found.push((folder, Split::Train));
        } else if let Some(part) = part(folder.own_name()) {
            let inner = content(&folder, report)?;
            unlabeled(&inner, report);
            found.extend(inner.folders.into_iter().map(|class| (class, part)));
        } else {
            let count = files(&folder, report).len();
            let name = folder.own_name();
            let note = format!("the folder {name} is not used: {count} files beside train");
            report.notes.push(note);
        }
    }
    let mut layout = Layout::default();
    if is_split {
        layout.parts = vec![Split::Validation, Split::Test];
    }
    let mut classes: BTreeMap<String, Vec<(File, Split)>> = BTreeMap::new();
    for (folder, part) in found {
        classes.entry(folder.own_name().to_owned()).or_default().push((folder, part));
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by(|(a, _), (b, _)| natural(a, b));
    for (class, (name, folders)) in classes.into_iter().enumerate() {
        layout.classes.push(name);
        for (folder, part) in folders {
            let all = files(&folder, report).into_iter();
            layout.members.extend(all.map(|file| Member { file, part, class }));
        }
    }
    Ok(layout)
}

/// The part of a folder's only folder.
fn part_of_alone(top: &Content) -> Option<Split> {
    match &top.folders[..] {
        [inner] => part(inner.own_name()),
        _ => None,
    }
}

/// Whether the folders are parts. A folder `train` may be a class, beside `bus` and `plane`: it is a
/// part if it holds folders, and there is another part or no other folder of images.
fn is_split(top: &Content) -> Result<bool, DatasetError> {
    let named = |wanted| top.folders.iter().filter(move |f| part(f.own_name()) == Some(wanted));
    let Some(train) = named(Split::Train).next() else { return Ok(false) };
    let inner = content(train, &mut Report::default())?;
    let parts = named(Split::Validation).count() + named(Split::Test).count();
    if inner.folders.is_empty() || parts > 0 {
        return Ok(!inner.folders.is_empty());
    }
    for other in top.folders.iter().filter(|folder| part(folder.own_name()).is_none()) {
        let other = content(other, &mut Report::default())?;
        if other.files.iter().any(|file| has_image_name(&file.name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Files beside the class folders.
fn unlabeled(folder: &Content, report: &mut Report) {
    for file in &folder.files {
        let kind = if has_image_name(&file.name) { Kind::Unlabeled } else { Kind::Other };
        report.leave_out(kind, &file.name);
    }
}
