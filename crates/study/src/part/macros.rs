//! The declaration of a configuration.

/// Declares the configuration of a part: a struct with serde, defaults, ranges and documentation.
///
/// Each option is `pub name: Type = default, in range;` where the range is a constructor of
/// [`Allowed`](crate::part::Allowed): `any()`, `at_least(1.0)`, `above(0.0)`, `between(0.0, 1.0)`,
/// `inside(0.0, 1.0)`, `up_to(0.0, 1.0)` or `one_of(&["a", "b"])`. Options are spelled with hyphens in
/// settings. The struct implements [`PartConfig`](crate::part::PartConfig). The calling crate needs
/// `serde` (with its `derive` feature) as a dependency. [`part`](crate::part) has an example.
#[macro_export]
macro_rules! options {
    (
        $(#[doc = $about:literal])+
        $visibility:vis struct $Config:ident = $name:literal {
            $(
                $(#[doc = $help:literal])+
                pub $field:ident: $Type:ty = $default:expr, in $range:ident($($bound:expr),*);
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        $visibility struct $Config {
            $(
                $(#[doc = $help])+
                pub $field: $Type,
            )*
        }

        impl ::std::default::Default for $Config {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl $crate::part::PartConfig for $Config {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = ::std::concat!($($about, "\n"),+);
            const OPTIONS: &'static [$crate::part::OptionSpec] = &[
                $(
                    $crate::part::OptionSpec {
                        field: ::std::stringify!($field),
                        help: ::std::concat!($($help, "\n"),+),
                        allowed: $crate::part::Allowed::$range($($bound),*),
                        is_optional: $crate::part::is_optional(::std::stringify!($Type)),
                    },
                )*
            ];
        }
    };
}
