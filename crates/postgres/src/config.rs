//! The configuration of a connection by the URL of its database.

use crate::Failure;
use crate::address::check_address;
use crate::patience::explained;
use crate::tls::{Tls, TlsOptions};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// The time limit of one attempt to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// The idle time after which a connection is probed, and after which a silent peer counts as gone.
const SILENCE: Duration = Duration::from_secs(60);

/// The configuration of a URL, completed from the environment, with the limits of a long search.
///
/// # Errors
/// What is wrong with the URL, its options or the files that these name.
///
/// # Examples
/// ```
/// let (config, _) = automl_postgres::config("postgresql+psycopg2://me:secret@host:5433/studies")?;
/// assert_eq!(automl_postgres::place(&config), "postgresql://me@host:5433/studies");
/// # Ok::<(), automl_postgres::Failure>(())
/// ```
pub fn config(url: &str) -> Result<(Config, Tls), Failure> {
    check_address(url)?;
    let (url, options) = TlsOptions::take(url)?;
    // A driver of Python, as in SQLAlchemy's URLs, has no meaning here.
    let plain = match url.split_once("://") {
        Some((scheme, rest)) if scheme.contains('+') => format!("postgresql://{rest}"),
        _ => url.clone(),
    };
    let mut config: Config = plain.parse().map_err(explained)?;
    // Nothing stands between two processes of one machine, and a socket file offers no encryption.
    #[cfg(unix)]
    if !config.get_hosts().is_empty()
        && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
    {
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_user().is_none()
        && let Ok(user) = std::env::var("USER")
    {
        config.user(&user);
    }
    if config.get_application_name().is_none() {
        config.application_name("automl");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(SILENCE);
    }
    Ok((config, options.connector()?))
}

/// User, host and database, without the password.
pub fn place(config: &Config) -> String {
    let user = config.get_user().map_or(String::new(), |user| format!("{user}@"));
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        _ => String::new(),
    };
    let port = config.get_ports().first().map_or(String::new(), |port| format!(":{port}"));
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgresql://{user}{host}{port}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_connections_are_noticed() {
        let read = |url: &str| config(url).unwrap().0;
        let usual = read("postgresql://me@host/x");
        assert_eq!(usual.get_connect_timeout(), Some(&CONNECT));
        assert_eq!(usual.get_tcp_user_timeout(), Some(&SILENCE));
        assert_eq!(usual.get_keepalives_idle(), SILENCE);
        let given = read("postgresql://me@host/x?keepalives_idle=7&connect_timeout=3");
        assert_eq!(given.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(given.get_connect_timeout(), Some(&Duration::from_secs(3)));
    }
}
