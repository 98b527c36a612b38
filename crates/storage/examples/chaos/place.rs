//! The record that the workers share.

use std::path::Path;
use std::process::Command;

/// The address of a new record; `None`, with a message, where there is none of its kind.
pub(crate) fn address(storage: &str, folder: &Path) -> Option<String> {
    match storage {
        "sqlite" => Some(folder.join("study.db").display().to_string()),
        "journal" => Some(format!("journal:///{}", folder.join("study.log").display())),
        _ => postgres(),
    }
}

#[cfg(not(feature = "postgres"))]
fn postgres() -> Option<String> {
    println!("postgres is left out: built without the feature");
    None
}

#[cfg(feature = "postgres")]
fn postgres() -> Option<String> {
    let Ok(server) = std::env::var("AUTOML_POSTGRES_URL") else {
        println!("postgres is left out: AUTOML_POSTGRES_URL names no server");
        return None;
    };
    let name = format!("chaos_{}", std::process::id());
    let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
    client.batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
    let sign = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{sign}options=-csearch_path%3D{name}"))
}

/// Removes what is not in the folder.
pub(crate) fn clean(url: &str) {
    #[cfg(feature = "postgres")]
    if url.starts_with("postgresql") {
        let server = std::env::var("AUTOML_POSTGRES_URL").unwrap();
        if let Ok(mut client) = postgres::Client::connect(&server, postgres::NoTls) {
            let sql = format!("DROP SCHEMA chaos_{} CASCADE", std::process::id());
            let _ = client.batch_execute(&sql);
        }
    }
    let _ = url;
}

/// Restarts the server, where the address is one and a command for it is known.
pub(crate) fn restart(url: &str) -> bool {
    let Ok(command) = std::env::var("AUTOML_POSTGRES_RESTART") else { return false };
    url.starts_with("postgresql")
        && Command::new("sh").args(["-c", &command]).output().is_ok_and(|o| o.status.success())
}
