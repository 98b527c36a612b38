//! Parts and classes by the names of folders.

use super::walk::{Content, File, content, files, holds_images};
use crate::DatasetError;
use crate::report::{Kind, Report};
use automl_lists::{Split, folded, natural, part, shown};
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
    let top = classes_in(content(root, report)?, report)?;
    unlabeled(&top, report);
    let is_split = is_split(&top)?;
    if is_split {
        note_joined(&top, report);
    }
    let (mut found, mut has_parts) = (Parts::new(), is_split);
    let folders = top.folders.into_iter();
    if is_split {
        for folder in folders {
            found.extend(part_in(folder, report)?);
        }
    } else {
        let folders: Vec<_> = folders.collect();
        if let Some(parts) = parts_in_classes(&folders) {
            return Ok(with_parts_in_classes(&folders, parts, report));
        }
        if let Some(parts) = parts_beside_classes(&folders, report) {
            found = parts;
            has_parts = true;
        } else {
            note_equal_folders(&folders, report);
            found.extend(folders.into_iter().map(|folder| (folder, Split::Train)));
        }
    }
    let mut layout = Layout::default();
    if has_parts {
        layout.parts = vec![Split::Validation, Split::Test];
    }
    let mut classes: BTreeMap<String, Vec<(File, Split)>> = BTreeMap::new();
    let trained: Vec<String> = named(&found, |part| part == Split::Train);
    for (folder, part) in found {
        let name = alike(folder.own_name(), &trained);
        if name != folder.own_name() {
            let own = shown(&folder.name);
            report.notes.push(format!("{own} is taken for the class {}", shown(&name)));
        }
        classes.entry(name).or_default().push((folder, part));
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by(|(a, _), (b, _)| natural(a, b));
    for (class, (name, folders)) in classes.into_iter().enumerate() {
        layout.classes.push(name);
        for (folder, part) in folders {
            note_inner_parts(&folder, report);
            let all = files(&folder, report).into_iter();
            layout.members.extend(all.map(|file| Member { file, part, class }));
        }
    }
    Ok(layout)
}

/// Says which folders are joined to one part.
fn note_joined(top: &Content, report: &mut Report) {
    for (wanted, name) in
        [(Split::Train, "training"), (Split::Validation, "validation"), (Split::Test, "test")]
    {
        let own = top.folders.iter().map(File::own_name).filter(|own| part(own) == Some(wanted));
        let own: Vec<_> = own.map(shown).collect();
        if own.len() > 1 {
            report.notes.push(format!("the {name} images are those of {}", own.join(" and ")));
        }
    }
}

/// Says where all folders hold the same folders: those in them are perhaps the classes.
fn note_equal_folders(folders: &[File], report: &mut Report) {
    let inner = |folder: &File| -> Option<Vec<String>> {
        let inner = content(folder, &mut Report::default()).ok()?;
        let is_around = inner.files.iter().all(|file| !has_image_name(&file.name));
        is_around.then(|| inner.folders.iter().map(|inner| inner.own_name().to_owned()).collect())
    };
    let [first, others @ ..] = folders else { return };
    let Some(same) = inner(first).filter(|names| names.len() > 1) else { return };
    if !others.is_empty() && others.iter().all(|folder| inner(folder).as_ref() == Some(&same)) {
        let names: Vec<_> = same.iter().take(3).map(|name| shown(name)).collect();
        report.notes.push(format!(
            "the classes are the outer folders; each holds the same folders ({}{})",
            names.join(", "),
            if same.len() > 3 { ", ..." } else { "" }
        ));
    }
}

/// The names of the folders of some parts.
fn named(folders: &[(File, Split)], is_wanted: impl Fn(Split) -> bool) -> Vec<String> {
    let wanted = folders.iter().filter(|(_, part)| is_wanted(*part));
    wanted.map(|(folder, _)| folder.own_name().to_owned()).collect()
}

/// The class that a folder of another part stands for: that of its name, or the only one with a name
/// that looks the same.
fn alike(name: &str, trained: &[String]) -> String {
    if !trained.iter().any(|known| known == name) {
        let mut same = trained.iter().filter(|known| folded(known) == folded(name));
        if let (Some(only), None) = (same.next(), same.next()) {
            return only.clone();
        }
    }
    name.to_owned()
}

/// The content of the innermost folder that holds all classes or parts.
fn classes_in(mut top: Content, report: &mut Report) -> Result<Content, DatasetError> {
    while let Some(inner) = only_with_images(&top)? {
        let below = content(&inner, report)?;
        if below.folders.is_empty() {
            break;
        }
        report.notes.push(format!("the classes are the folders in {}", shown(&inner.name)));
        note_unused(&top, &inner, report);
        unlabeled(&top, report);
        top = below;
    }
    Ok(top)
}

/// Names the folders beside the only one with images.
fn note_unused(top: &Content, only: &File, report: &mut Report) {
    for other in top.folders.iter().filter(|folder| *folder != only) {
        let name = shown(&other.name);
        report.notes.push(format!("the folder {name} is not used: it holds no images"));
    }
}

/// The only folder with images in folders, unless its name is that of a part.
fn only_with_images(top: &Content) -> Result<Option<File>, DatasetError> {
    let [inner] = &top.folders[..] else {
        let mut filled = top.folders.iter().filter(|folder| holds_images(folder));
        let (Some(inner), None) = (filled.next(), filled.next()) else { return Ok(None) };
        let below = content(inner, &mut Report::default())?;
        let is_around = below.files.iter().all(|file| !has_image_name(&file.name));
        let is_around = is_around && below.folders.iter().any(holds_images);
        return Ok(
            Some(inner.clone()).filter(|inner| is_around && part(inner.own_name()).is_none())
        );
    };
    Ok(Some(inner.clone()).filter(|inner| part(inner.own_name()).is_none()))
}

/// The classes of a part; those of a folder around them, as in `train/images`.
fn part_in(folder: File, report: &mut Report) -> Result<Vec<(File, Split)>, DatasetError> {
    let Some(part) = part(folder.own_name()) else {
        let count = files(&folder, report).len();
        let files = if count == 1 { "file" } else { "files" };
        let own = shown(folder.own_name());
        let note = format!("the folder {own} is not used: {count} {files} beside train");
        report.notes.push(note);
        return Ok(Vec::new());
    };
    let mut inner = content(&folder, report)?;
    loop {
        // An archive may hold a folder of the part's own name.
        let only = match &inner.folders[..] {
            [only] => Some(only.clone()),
            _ => only_with_images(&inner)?,
        };
        let Some(only) = only else { break };
        let below = content(&only, report)?;
        if below.folders.is_empty() || !inner.files.is_empty() {
            break;
        }
        note_unused(&inner, &only, report);
        inner = below;
    }
    unlabeled(&inner, report);
    Ok(inner.folders.into_iter().map(|class| (class, part)).collect())
}

/// Whether the folders are parts. A folder `train` may be a class, beside `bus` and `plane`: it is a
/// part if it holds folders, and there is another part or no other folder of images.
///
/// # Errors
/// [`DatasetError::Missing`] for parts without one for training.
fn is_split(top: &Content) -> Result<bool, DatasetError> {
    let named = |wanted| top.folders.iter().filter(move |f| part(f.own_name()) == Some(wanted));
    let parts = named(Split::Validation).count() + named(Split::Test).count();
    let Some(train) = named(Split::Train).next() else {
        let is_all = parts > 0 && parts == top.folders.len();
        let Some(first) = top.folders.first().filter(|_| is_all) else { return Ok(false) };
        if content(first, &mut Report::default())?.folders.is_empty() {
            return Ok(false);
        }
        let names: Vec<&str> = top.folders.iter().map(File::own_name).collect();
        let what = format!("folder train beside {}", names.join(" and "));
        let path = first.path.parent().unwrap_or(&first.path).to_owned();
        return Err(DatasetError::Missing { path, what });
    };
    let inner = content(train, &mut Report::default())?;
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

/// The folders of a class with their parts.
type Parts = Vec<(File, Split)>;

/// The folders of classes with their parts where `val` or `test` lie beside the classes that are trained on,
/// and hold folders of the same names.
fn parts_beside_classes(folders: &[File], report: &mut Report) -> Option<Parts> {
    let names: Vec<String> = folders.iter().map(|folder| folder.own_name().to_owned()).collect();
    let classes_of = |folder: &File| {
        part(folder.own_name())?;
        let inner = content(folder, &mut Report::default()).ok()?;
        let is_known = |class: &File| names.contains(&alike(class.own_name(), &names));
        let are_known = !inner.folders.is_empty() && inner.folders.iter().all(is_known);
        are_known.then_some(inner)
    };
    let mut found = Parts::new();
    let mut parts = Vec::new();
    for folder in folders {
        match part(folder.own_name()).and_then(|own| Some((own, classes_of(folder)?))) {
            Some((own, inner)) => {
                unlabeled(&inner, report);
                parts.push(shown(folder.own_name()).into_owned());
                found.extend(inner.folders.into_iter().map(|class| (class, own)));
            }
            None => found.push((folder.clone(), Split::Train)),
        }
    }
    if parts.is_empty() {
        return None;
    }
    report.notes.push(format!("the classes beside {} are for training", parts.join(" and ")));
    Some(found)
}

/// The parts in each class, where every class is split into `train` and others by itself; one of them may
/// have some parts only.
fn parts_in_classes(classes: &[File]) -> Option<Vec<Parts>> {
    let mut all = Vec::new();
    for class in classes {
        // A folder that cannot be read is told when its files are looked for.
        let inner = content(class, &mut Report::default()).ok()?;
        let parts: Option<Parts> =
            inner.folders.into_iter().map(|f| Some((f.clone(), part(f.own_name())?))).collect();
        all.push(parts.filter(|parts| !parts.is_empty())?);
    }
    let is_split =
        |parts: &Parts| parts.len() > 1 && parts.iter().any(|(_, part)| *part == Split::Train);
    Some(all).filter(|all| all.iter().any(is_split))
}

fn with_parts_in_classes(classes: &[File], parts: Vec<Parts>, report: &mut Report) -> Layout {
    let mut classes: Vec<_> = classes.iter().zip(parts).collect();
    classes.sort_by(|(a, _), (b, _)| natural(a.own_name(), b.own_name()));
    let mut layout = Layout { parts: vec![Split::Validation, Split::Test], ..Layout::default() };
    report.notes.push("the parts are the folders in each class".to_owned());
    for (class, (folder, parts)) in classes.into_iter().enumerate() {
        layout.classes.push(folder.own_name().to_owned());
        if let Ok(inner) = content(folder, report) {
            unlabeled(&inner, report);
        }
        for (folder, part) in parts {
            let all = files(&folder, report).into_iter();
            layout.members.extend(all.map(|file| Member { file, part, class }));
        }
    }
    layout
}

/// Says which folders in a class are read with it although they have the names of other parts.
fn note_inner_parts(class: &File, report: &mut Report) {
    let inner = content(class, &mut Report::default()).unwrap_or_default().folders;
    for other in inner.iter().filter(|inner| part(inner.own_name()).is_some()) {
        let (name, class) = (shown(&other.name), shown(class.own_name()));
        report.notes.push(format!("the images in {name} are read as others of the class {class}"));
    }
}

/// Files beside the class folders.
fn unlabeled(folder: &Content, report: &mut Report) {
    for file in &folder.files {
        let kind = if has_image_name(&file.name) { Kind::Unlabeled } else { Kind::Other };
        report.leave_out(kind, &file.name);
    }
}
