//! Encrypted connections: the options of an address about them.

mod authority;
mod stream;

use authority::{AnyCertificate, Authority};
use rustls::ClientConfig;
use rustls::crypto::ring;
use std::path::PathBuf;
use std::sync::Arc;
pub use stream::{Encrypted, Handshake, Tls};
use thiserror::Error;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls;

/// Bundles of the system's certificates, by distribution.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Why a connection cannot be encrypted as an address asks for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// An unknown word for `sslmode`, or two of them.
    #[error(
        "sslmode is \"disable\", \"prefer\", \"require\", \"verify-ca\" or \"verify-full\", and given once"
    )]
    Mode,
    /// Certificates without a mode that checks them.
    #[error("sslrootcert needs sslmode=require, sslmode=verify-ca or sslmode=verify-full")]
    Unverified,
    /// The authorities of the system without a check of the name.
    #[error(
        "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate from there"
    )]
    WeakSystem,
    /// Nothing to check certificates against.
    #[error("certificates are checked against sslrootcert=FILE, sslrootcert=system or {}, and there is none", place.display())]
    NoRoots {
        /// The usual file.
        place: PathBuf,
    },
    /// The file of the authorities cannot be read.
    #[error("the certificates {}: {reason}", place.display())]
    Roots {
        /// The file.
        place: PathBuf,
        /// Reason.
        reason: String,
    },
    /// A certificate of another authority.
    #[error("the certificate of {host} is not signed by an authority in {}", place.display())]
    UnknownAuthority {
        /// The server.
        host: String,
        /// The file of the authorities.
        place: PathBuf,
    },
    /// A certificate of another name.
    #[error("the server {host} has no certificate of this name: {reason}")]
    WrongName {
        /// The server.
        host: String,
        /// Reason.
        reason: String,
    },
    /// The two sides do not agree.
    #[error("the encryption with {host}: {reason}")]
    Handshake {
        /// The server.
        host: String,
        /// Reason.
        reason: rustls::Error,
    },
    /// The library for TLS refuses to start.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// What is checked in the certificate of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Check {
    /// Nothing: listeners are kept out, an attacker in between is not.
    #[default]
    Nothing,
    /// The authority that signed it.
    Authority,
    /// The authority and the name of the host.
    Name,
}

/// The options of an address about the certificate of the server, which the client library leaves to
/// others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    check: Check,
    roots: Option<String>,
}

impl TlsOptions {
    /// Takes the options out of an address, and completes them from `PGSSLMODE` and `PGSSLROOTCERT`: what is
    /// left is for the client library.
    ///
    /// # Errors
    /// [`TlsError`] for an option or a combination that is unknown.
    pub fn take(url: &str) -> Result<(String, Self), TlsError> {
        Self::complete(url, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn complete(
        url: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(String, Self), TlsError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots) = (None, None);
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", _)) if mode.is_some() => return Err(TlsError::Mode),
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", file)) => roots = Some(unescaped(file)),
                _ => rest.push(pair),
            }
        }
        let mode = mode.or_else(|| environment("PGSSLMODE"));
        let is_given = roots.is_some();
        let roots = roots.or_else(|| environment("PGSSLROOTCERT"));
        let check = match mode.as_deref() {
            // With authorities at hand `require` checks them, as in PostgreSQL's own clients.
            Some("require") if roots.is_some() => Check::Authority,
            None | Some("disable" | "prefer" | "require") => Check::Nothing,
            Some("verify-ca") => Check::Authority,
            Some("verify-full") => Check::Name,
            Some(_) => return Err(TlsError::Mode),
        };
        match (check, roots.as_deref()) {
            (Check::Nothing, _) if is_given => return Err(TlsError::Unverified),
            (Check::Authority, Some("system")) => return Err(TlsError::WeakSystem),
            _ => {}
        }
        let plain = match (check, mode.as_deref()) {
            (Check::Nothing, Some(mode)) => Some(format!("sslmode={mode}")),
            (Check::Nothing, None) => None,
            _ => Some("sslmode=require".to_owned()),
        };
        rest.extend(plain.as_deref());
        let url = match rest.is_empty() {
            true => address.to_owned(),
            false => format!("{address}?{}", rest.join("&")),
        };
        Ok((url, Self { check, roots }))
    }

    /// The connector of these options.
    ///
    /// # Errors
    /// [`TlsError`] if the certificates cannot be read.
    pub fn connector(&self) -> Result<Tls, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions()?.dangerous();
        let place = if self.check == Check::Nothing { PathBuf::new() } else { self.place()? };
        let config = if self.check == Check::Nothing {
            builder.with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            let authority = Authority::read(&place, self.check == Check::Name, provider)
                .map_err(|reason| TlsError::Roots { place: place.clone(), reason })?;
            builder.with_custom_certificate_verifier(Arc::new(authority))
        };
        Ok(Tls::new(TlsConnector::from(Arc::new(config.with_no_client_auth())), place))
    }

    /// The file of the authorities.
    fn place(&self) -> Result<PathBuf, TlsError> {
        let usual = std::env::home_dir().unwrap_or_default().join(".postgresql/root.crt");
        match self.roots.as_deref() {
            Some("system") => {
                let bundle = BUNDLES.iter().map(PathBuf::from).find(|bundle| bundle.exists());
                bundle.ok_or(TlsError::NoRoots { place: usual })
            }
            Some(file) => Ok(PathBuf::from(file)),
            None if usual.exists() => Ok(usual),
            None => Err(TlsError::NoRoots { place: usual }),
        }
    }
}

/// A text of an address without its percent signs.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(url: &str) -> Result<(String, TlsOptions), String> {
        TlsOptions::complete(url, |_| None).map_err(|e| e.to_string())
    }

    #[test]
    fn options_of_the_certificate_are_taken_out() {
        let full = "postgresql://h/x?a=b&sslmode=verify-full&sslrootcert=%2Fa%20b";
        let (url, options) = complete(full).unwrap();
        assert_eq!(url, "postgresql://h/x?a=b&sslmode=require");
        assert_eq!(options, TlsOptions { check: Check::Name, roots: Some("/a b".into()) });
        let (url, options) = complete("postgresql://h/x?sslmode=verify-ca").unwrap();
        assert_eq!(
            (url.as_str(), options.check),
            ("postgresql://h/x?sslmode=require", Check::Authority)
        );
        let (_, options) = complete("postgresql://h/x?sslmode=require&sslrootcert=a").unwrap();
        assert_eq!(options.check, Check::Authority);
        for plain in ["postgresql://h/x", "postgresql://h/x?a=b&sslmode=disable"] {
            assert_eq!(complete(plain).unwrap(), (plain.into(), TlsOptions::default()));
        }
        assert_eq!(unescaped("100%"), "100%");
    }

    #[test]
    fn what_the_address_leaves_out_is_of_the_environment() {
        let environment = |name: &str| match name {
            "PGSSLMODE" => Some("verify-full".to_owned()),
            "PGSSLROOTCERT" => Some("system".to_owned()),
            _ => None,
        };
        let of = |url: &str| TlsOptions::complete(url, environment).unwrap();
        let system = TlsOptions { check: Check::Name, roots: Some("system".into()) };
        assert_eq!(of("postgresql://h/x"), ("postgresql://h/x?sslmode=require".into(), system));
        // A weaker word in the address counts, and a file that nobody asked to check against is none.
        assert_eq!(of("postgresql://h/x?sslmode=disable").1.check, Check::Nothing);
    }

    #[test]
    fn what_would_check_less_than_it_says_is_refused() {
        for (options, word) in [
            ("sslmode=allow", "verify-ca"),
            ("sslmode=verify-full&sslmode=disable", "once"),
            ("sslrootcert=a", "sslmode"),
            ("sslmode=prefer&sslrootcert=a", "sslmode=verify-ca"),
            ("sslmode=require&sslrootcert=system", "verify-full"),
            ("sslmode=verify-ca&sslrootcert=system", "verify-full"),
        ] {
            let error = complete(&format!("postgresql://me:secret@h/x?{options}")).unwrap_err();
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        for place in ["/no/such".to_owned(), file.path().display().to_string()] {
            let missing = TlsOptions { check: Check::Name, roots: Some(place.clone()) };
            let error = missing.connector().map(drop).unwrap_err().to_string();
            assert!(error.contains(&place), "{error}");
        }
    }
}
