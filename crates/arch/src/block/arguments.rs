//! Declaration of a block's arguments.

/// Declares a block's arguments: the struct, its serde form, its YAML form, and its ranges.
///
/// ```text
/// arguments! {
///     /// Documentation of the block.
///     pub struct Name = ["FileName", "OtherSpelling"] {
///         /// Help of a positional argument.
///         pub channels: usize, in CHANNELS;
///         /// With a default, the argument may be left out.
///         pub kernel: usize = 3, in ODD_KERNEL;
///     } attention {
///         /// A flag set by the second name, not by an argument.
///         pub eca;
///     }
/// }
/// ```
macro_rules! arguments {
    (
        $(#[doc = $summary:literal])*
        pub struct $Block:ident = $names:tt {
            $(
                $(#[doc = $help:literal])*
                pub $field:ident: $type:ty $(= $default:expr)? $(, in $range:expr)?;
            )*
        }
        $(attention { $(#[doc = $flag_help:literal])* pub $flag:ident; })?
    ) => {
        $(#[doc = $summary])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $Block {
            $( $(#[doc = $help])* pub $field: $type, )*
            $( $(#[doc = $flag_help])* pub $flag: bool, )?
        }

        impl $Block {
            pub(super) const NAMES: &'static [&'static str] = &$names;
            pub(super) const SUMMARY: &'static str = concat!($($summary, "\n"),*);
            pub(super) const ARGUMENTS: &'static [$crate::block::Argument] = &[$(
                $crate::block::Argument {
                    name: stringify!($field),
                    help: concat!($($help, "\n"),*),
                    range: $crate::block::arguments::optional!($($range)?),
                    default: $crate::block::arguments::optional!($(stringify!($default))?),
                },
            )*];

            pub(super) fn read(
                row: &mut $crate::row::Row<'_>,
            ) -> Result<Self, $crate::row::YamlError> {
                let _ = &row;
                $(
                    let default = $crate::block::arguments::optional!($($default)?);
                    let $field: $type = row.take(stringify!($field), default)?;
                )*
                Ok(Self { $($field,)* $($flag: row.name().starts_with("ECA"),)? })
            }
        }

        impl $crate::block::kind::Arguments for $Block {
            fn name(&self) -> &'static str {
                $( if self.$flag { return Self::NAMES[1]; } )?
                Self::NAMES[0]
            }

            fn positional(&self) -> Vec<String> {
                vec![$( $crate::row::Value::written(&self.$field) ),*]
            }

            fn check(&self, builder: &$crate::builder::Builder) -> $crate::builder::Checked<()> {
                let _ = builder;
                $(
                    $crate::block::arguments::checked!(
                        builder, self.$field, stringify!($field) $(, $range)?
                    );
                )*
                Ok(())
            }
        }
    };
}

/// `Some` of the expression, or `None` without one.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// The check of one argument against its range, if it has one.
macro_rules! checked {
    ($builder:ident, $value:expr, $name:expr) => {};
    ($builder:ident, $value:expr, $name:expr, $range:expr) => {
        if let Some(value) = $crate::row::Value::number(&$value)
            && !($range.contains)(value)
        {
            return Err($builder.argument_error($name, value, $range.expected));
        }
    };
}

pub(super) use arguments;
pub(crate) use checked;
pub(crate) use optional;
