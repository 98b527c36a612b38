//! Addresses that cannot mean what their writer meant.

use thiserror::Error;

/// A fault of an address that no server can mend.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// No host before the port, or a name, password or option that may end elsewhere: what is left of it would
    /// be taken for a host.
    #[error(
        "it is unclear what its host is: in names, passwords and options write %40 for @ and %3F for ?"
    )]
    UnclearHost,
    /// A percent sign that begins no code of a byte.
    #[error(
        "a percent sign without two hexadecimal digits behind it: in names, passwords and options write %25 for %"
    )]
    Percent,
    /// The port 0, at which no server listens.
    #[error("the port is a number from 1 to 65535, and usually 5432")]
    Port,
}

/// Checks the URL of a database, `postgresql://user:password@host:port/database`.
///
/// # Errors
/// [`AddressError`]. Its message has nothing of the URL.
///
/// # Examples
/// ```
/// use automl_postgres::{AddressError, check_address};
///
/// assert_eq!(check_address("postgresql://me:100%25@host/studies"), Ok(()));
/// assert_eq!(check_address("postgresql://me:100%@host/studies"), Err(AddressError::Percent));
/// assert_eq!(check_address("postgresql://me@host:0/studies"), Err(AddressError::Port));
/// ```
pub fn check_address(url: &str) -> Result<(), AddressError> {
    if !has_clear_host(url) {
        return Err(AddressError::UnclearHost);
    }
    let is_code = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    if !url.split('%').skip(1).all(is_code) {
        return Err(AddressError::Percent);
    }
    if ports(url).any(|port| port.parse() == Ok(0u16)) {
        return Err(AddressError::Port);
    }
    Ok(())
}

/// Whether what precedes the only at sign of a URL is a login.
fn has_clear_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((login, host)) = rest.split_once('@') else { return true };
    let host = host.split('?').next().unwrap_or_default();
    !login.contains('?') && !host.contains('@') && !host.starts_with(':')
}

/// The ports behind the hosts of a URL, of which there may be several with commas.
fn ports(url: &str) -> impl Iterator<Item = &str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let hosts = rest.split_once('@').map_or(rest, |(_, hosts)| hosts);
    let hosts = hosts.split(['/', '?']).next().unwrap_or_default();
    // The colons of an IPv6 address stand in brackets.
    hosts
        .split(',')
        .filter_map(|host| host.rsplit(']').next()?.rsplit_once(':'))
        .map(|(_, port)| port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_are_told_apart() {
        for (url, expected) in [
            ("postgresql://host", Ok(())),
            ("postgresql://me:p%40ss@host:5432/x?options=-c%20a", Ok(())),
            ("postgresql://me@[::1]:5432,other:5433/x", Ok(())),
            ("postgresql:///x?host=%2Frun", Ok(())),
            ("postgresql://me@host:0", Err(AddressError::Port)),
            ("postgresql://me@a:5432,[::1]:00/x", Err(AddressError::Port)),
            ("postgresql://me:%zz@host/x", Err(AddressError::Percent)),
            ("postgresql://me@host/x?options=5%", Err(AddressError::Percent)),
            ("postgresql://me:@pw@host", Err(AddressError::UnclearHost)),
        ] {
            assert_eq!(check_address(url), expected, "{url}");
        }
    }

    proptest! {
        /// Whatever is written by its codes is no fault.
        #[test]
        fn encoded_logins_are_taken(user in "[ -~]{1,8}", password in "\\PC{0,8}", port in 1u16..) {
            let encoded = |text: &str| -> String {
                let code = |byte: u8| match byte {
                    byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                    byte => format!("%{byte:02X}"),
                };
                text.bytes().map(code).collect()
            };
            let url = format!("postgresql://{}:{}@host:{port}/x", encoded(&user), encoded(&password));
            prop_assert_eq!(check_address(&url), Ok(()));
        }
    }
}
