//! Entries of the registry: a part as data.

use automl_study::part::{
    OptionError, OptionSpec, Options, SamplerConfig, SchedulerConfig, StudyContext, Supports,
};
use automl_study::{Sampler, Scheduler};
use std::fmt;

/// A registered part, made from its configuration type.
pub struct Entry<P: ?Sized> {
    /// Name in settings, on the command line and in the protocol.
    pub name: &'static str,
    /// The part's documentation.
    pub docs: &'static str,
    /// The options in order.
    pub options: &'static [OptionSpec],
    /// Kinds of studies that the part can serve.
    pub supports: Supports,
    defaults: fn() -> Options,
    check: fn(&Options) -> Result<(), OptionError>,
    build: fn(&Options, &StudyContext<'_>) -> Result<Box<P>, OptionError>,
}

/// A registered sampler.
pub type SamplerEntry = Entry<dyn Sampler>;

/// A registered scheduler.
pub type SchedulerEntry = Entry<dyn Scheduler>;

impl Entry<dyn Sampler> {
    /// The entry of a configuration under its own name.
    pub const fn of<C: SamplerConfig>() -> Self {
        Self {
            name: C::NAME,
            docs: C::SUMMARY,
            options: C::OPTIONS,
            supports: C::SUPPORTS,
            defaults: || C::default().options(),
            check: |options| C::from_options(options).map(|_| ()),
            build: |options, study| C::from_options(options)?.build(study),
        }
    }
}

impl Entry<dyn Scheduler> {
    /// The entry of a configuration under its own name.
    pub const fn of<C: SchedulerConfig>() -> Self {
        Self {
            name: C::NAME,
            docs: C::SUMMARY,
            options: C::OPTIONS,
            supports: C::SUPPORTS,
            defaults: || C::default().options(),
            check: |options| C::from_options(options).map(|_| ()),
            build: |options, study| C::from_options(options)?.build(study),
        }
    }
}

impl<P: ?Sized> Entry<P> {
    /// The same part under another name.
    pub const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The first sentence of the documentation.
    pub fn summary(&self) -> String {
        let lines = self.docs.lines().map(str::trim).take_while(|line| !line.is_empty());
        let text = lines.collect::<Vec<_>>().join(" ");
        match text.split_once(". ") {
            Some((first, _)) => format!("{first}."),
            None => text,
        }
    }

    /// The default of each option, by name.
    pub fn defaults(&self) -> Options {
        (self.defaults)()
    }

    /// Checks the names and ranges of options.
    ///
    /// # Errors
    /// [`OptionError`] that names the option.
    pub fn check(&self, options: &Options) -> Result<(), OptionError> {
        (self.check)(options)
    }

    /// Makes the part for a study.
    ///
    /// # Errors
    /// [`OptionError`] for an unknown or wrong option, or a study that the part cannot serve.
    pub fn build(
        &self,
        options: &Options,
        study: &StudyContext<'_>,
    ) -> Result<Box<P>, OptionError> {
        self.supports.check(self.name, study)?;
        (self.build)(options, study)
    }
}

impl<P: ?Sized> fmt::Debug for Entry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.options.iter().map(OptionSpec::name).collect();
        f.debug_struct("Entry").field("name", &self.name).field("options", &names).finish()
    }
}
