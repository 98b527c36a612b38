//! Files by their content.

/// A file of a data set by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHash {
    /// Its name within the data set.
    pub name: String,
    /// BLAKE3 of its content, 32 hexadecimal digits.
    pub hash: String,
}
