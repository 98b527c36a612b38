//! Parts of a search that all of its phases share.

use super::folder::StudyFolder;
use super::plan::Plan;
use super::supernet::Supernet;
use crate::{Event, Settings};
use automl_candidates::is_over;
use automl_study::StopFlag;
use automl_train::Device;
use std::time::Instant;

/// Parts of a search that all of its phases share.
#[derive(Clone, Copy)]
pub(super) struct Setup<'a> {
    pub(super) settings: &'a Settings,
    pub(super) plan: &'a Plan,
    pub(super) folder: &'a StudyFolder,
    /// The network that candidates are parts of, once it has learned.
    pub(super) supernet: Option<&'a Supernet<'a>>,
    pub(super) device: &'a Device,
    pub(super) stop: &'a StopFlag,
    pub(super) observer: &'a (dyn Fn(&Event) + Sync),
}

impl Setup<'_> {
    pub(super) fn tell(&self, event: &Event) {
        (self.observer)(event);
    }

    pub(super) fn note(&self, note: String) {
        self.tell(&Event::Note(note));
    }

    /// Whether the stop flag is set, or the time is over.
    pub(super) fn is_over(&self, deadline: Option<Instant>) -> bool {
        is_over(self.stop, deadline)
    }
}
