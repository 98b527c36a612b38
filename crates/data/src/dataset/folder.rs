//! A folder of images for each class, optionally below `train`, `val` and `test`.

mod layout;
pub(super) mod walk;

use super::format::DatasetFormat;
use super::listing::Listing;
use super::{Dataset, DatasetError, detect, list};
use crate::reading::{Content, Item};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use automl_lists::own_name;
use std::path::Path;
use walk::File;

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "folder",
    summary: "images of your own, one folder of PNG, JPEG, GIF, BMP, WebP or TIFF files for each class",
    files: Some("a folder of images for each class, optionally below train/, val/ and test/"),
    is_resized: true,
    load,
};

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let path = source.place("folder")?;
    match detect::other(path)? {
        Some(load) => load(source),
        None => classes(path)?.load(source),
    }
}

/// Images in folders of their classes.
fn classes(path: &Path) -> Result<Listing, DatasetError> {
    let mut report = Report::default();
    let layout = layout::layout(&File::root(path), &mut report)?;
    let mut listing = Listing {
        name: own_name(path),
        classes: layout.classes,
        parts: layout.parts,
        report,
        ..Listing::default()
    };
    listing.report.notes.extend(list::notes_on_unused(path));
    for member in layout.members {
        let content = Content::File(member.file.path);
        listing.items.push(Item { name: member.file.name, content });
        listing.members.push((member.part, member.class));
    }
    if listing.classes.is_empty() {
        let mut what = "folders of images, one for each class".to_owned();
        let is_image = |file: &&LeftOut| file.kind == Kind::Unlabeled;
        if let Some(first) = listing.report.left_out.iter().find(is_image) {
            what.push_str(&format!(
                "; images such as {} need a folder of their class, or a list labels.csv with the \
                 columns path and label",
                first.file
            ));
        }
        let advised = |file: &LeftOut| {
            let own = file.file.rsplit('/').next().unwrap_or_default();
            Some((file.file.clone(), detect::advice(own)?))
        };
        if let Some((file, advice)) = listing.report.left_out.iter().find_map(advised) {
            what.push_str(&format!("; {file}: {advice}"));
        }
        listing.report.notes.iter().for_each(|note| what.push_str(&format!("; {note}")));
        return Err(DatasetError::Missing { path: path.to_owned(), what });
    }
    Ok(listing)
}
