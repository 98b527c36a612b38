//! Addresses as they may be shown.

/// Words before a colon that mean a kind of database rather than a file.
const SCHEMES: [&str; 15] = [
    "cockroachdb",
    "file",
    "grpc",
    "http",
    "https",
    "journal",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "sqlite",
];

/// Removes the password from a URL, for messages and records.
///
/// # Examples
/// ```
/// use automl_secrets::without_password;
///
/// assert_eq!(without_password("postgresql://me:secret@host/studies"), "postgresql://me@host/studies");
/// assert_eq!(without_password("study.db"), "study.db");
/// ```
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return plain(url);
    };
    // The last at sign ends a password, the first one a name.
    let parts = match rest.split_once('@') {
        Some((user, _)) if user.contains(':') => rest.rsplit_once('@'),
        parts => parts,
    };
    let (user, rest) = match parts {
        // Whether it is a user's or a query's, nothing behind it is shown.
        Some((user, _)) if user.contains('?') && is_secret(user) => {
            return format!("{scheme}://...");
        }
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    // A password may hold what ends a name, and more at signs.
    let user = user.map(|user| user.split([':', '?', '/']).next().unwrap_or_default());
    let (host, query) = rest.split_once('?').map_or((rest, None), |(host, q)| (host, Some(q)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = without_port_of_letters(host);
    let query: Option<Vec<&str>> = query.map(|query| {
        query.split('&').filter(|pair| pair.contains('=') && !is_secret(pair)).collect()
    });
    let query = query.filter(|query| !query.is_empty()).map(|query| query.join("&"));
    let mut shown = format!("{scheme}://");
    if let Some(user) = user {
        shown.push_str(user);
        shown.push('@');
    }
    shown.push_str(&host);
    if let Some(query) = query {
        shown.push('?');
        shown.push_str(&query);
    }
    shown
}

/// Hosts up to a port with other characters than digits: a password without its at sign.
fn without_port_of_letters(host: &str) -> String {
    let (hosts, path) = host.split_at(host.find('/').unwrap_or(host.len()));
    let is_port = |host: &str| match host.split_once(':') {
        Some((name, port)) => name.starts_with('[') || port.chars().all(|c| c.is_ascii_digit()),
        None => true,
    };
    match hosts.split(',').find(|host| !is_port(host)).and_then(|host| host.split_once(':')) {
        Some((name, _)) => format!("{name}:..."),
        None => format!("{hosts}{path}"),
    }
}

/// A text without `://`, up to where a password may begin.
fn plain(text: &str) -> String {
    if text.split_once('@').is_some_and(|(before, _)| before.contains(':')) {
        return match scheme(text) {
            Some(scheme) => format!("{scheme}:..."),
            None => "...".to_owned(),
        };
    }
    // Where it ends depends on quotes: nothing behind it is shown.
    let lower = text.to_ascii_lowercase();
    match SECRETS.iter().filter_map(|word| Some((lower.find(word)?, word))).min() {
        Some((at, word)) => format!("{}{word}=...", &text[..at]),
        None => match scheme(text) {
            Some(scheme @ ("postgres" | "postgresql")) => format!("{scheme}:..."),
            _ => text.to_owned(),
        },
    }
}

/// Words in the names of options with values that are not shown.
pub(crate) const SECRETS: [&str; 4] = ["passphrase", "passwd", "password", "pwd"];

/// Whether a part of a query sets a password.
fn is_secret(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    SECRETS.iter().any(|word| part.contains(word))
}

/// The word for a kind of database with which a text begins, with its driver.
pub fn scheme(text: &str) -> Option<&str> {
    let end = text.find([':', '/'])?;
    let name = text[..end].split('+').next().unwrap_or_default().to_ascii_lowercase();
    let known = SCHEMES.contains(&name.as_str());
    // `sqlite/` is a folder, `sqlite//` a typing error.
    (known && (text[end..].starts_with(':') || text[end..].starts_with("//"))).then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out() {
        for (url, shown) in [
            ("a.db", "a.db"),
            ("sqlite:///a.db", "sqlite:///a.db"),
            ("postgresql://host/x", "postgresql://host/x"),
            ("postgresql://me:p@ss:w@host:5432/x", "postgresql://me@host:5432/x"),
            ("postgresql://me:se?cr@et@host/x?a=b", "postgresql://me@host/x?a=b"),
            ("postgresql://host/x?password=sec@ret", "postgresql://..."),
            ("postgresql://host/x?password=secret&user=me", "postgresql://host/x?user=me"),
            ("postgresql://me@host/x?password=secret", "postgresql://me@host/x"),
            ("postgresql://me@host/x?sslPassword=secret&a=b", "postgresql://me@host/x?a=b"),
            ("postgresql://me:secret/x", "postgresql://me:..."),
            ("postgresql://h:1,i:2/x", "postgresql://h:1,i:2/x"),
            ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
            ("postgresql//me:secret@host/x", "postgresql:..."),
            ("me:secret@host/x", "..."),
            ("host=h PASSWORD=secret", "host=h password=..."),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
