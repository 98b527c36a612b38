//! Encrypted connections to a PostgreSQL server with a certificate that is made here. Needs PostgreSQL's
//! programs and openssl, and as root the user `postgres`; skipped with a message where one is missing.
#![cfg(all(feature = "postgres", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use automl_space::Space;
use automl_storage::open;
use automl_study::Study;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// A server that ends with the value.
struct Server {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

/// Runs a program, as another user where this one is root: the server refuses to be root's.
fn run(program: &Path, args: &[&str], folder: &Path) -> bool {
    let is_root = fs::metadata("/proc/self")
        .is_ok_and(|file| std::os::unix::fs::MetadataExt::uid(&file) == 0);
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(args).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a line of the shell in a folder.
fn shell(line: &str, folder: &Path) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The folder of the server's programs, the newest.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop()
}

/// Makes an authority, a certificate of `localhost` that it signed, one that signed itself, and a stranger.
const KEYS: &str = "
set -e
openssl req -x509 -days 2 -nodes -newkey rsa:2048 -subj /CN=root -keyout root.key -out root.crt
openssl req -x509 -days 2 -nodes -newkey rsa:2048 -subj /CN=other -keyout other.key -out other.crt
openssl req -x509 -days 2 -nodes -newkey rsa:2048 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout alone.key -out alone.crt
openssl req -new -nodes -newkey rsa:2048 -subj /CN=localhost -keyout server.key -out server.csr
echo subjectAltName=DNS:localhost > names
openssl x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2 -extfile names \
    -out server.crt
chmod 600 *.key
echo secret > password
[ \"$(id -u)\" != 0 ] || chown -R postgres .
";

/// The settings of a server with this certificate.
fn encrypted(folder: &Path, certificate: &str) -> String {
    let place = folder.join(certificate);
    let place = place.display();
    format!("-c ssl=on -c ssl_cert_file={place}.crt -c ssl_key_file={place}.key")
}

impl Server {
    /// Makes keys and an empty database.
    fn make() -> Option<Self> {
        let bin = programs()?;
        let folder = tempfile::tempdir().unwrap();
        if !shell(KEYS, folder.path()) {
            return None;
        }
        let args =
            ["-D", "data", "-U", "me", "-A", "scram-sha-256", "--pwfile=password", "--no-sync"];
        if !run(&bin.join("initdb"), &args, folder.path()) {
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Self { folder, bin, port })
    }

    /// Starts, or starts again, with other rules of access and settings.
    fn start(&self, rule: &str, settings: &str) {
        let place = self.folder.path();
        self.stop();
        let rules = format!("{rule} all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n");
        fs::write(place.join("data/pg_hba.conf"), rules).unwrap();
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 {settings}",
            self.port,
            place.display()
        );
        let args = ["-D", "data", "-w", "-t", "20", "-l", "log", "-o", &options, "start"];
        assert!(run(&self.bin.join("pg_ctl"), &args, place));
    }

    fn stop(&self) {
        let args = ["-D", "data", "-m", "immediate", "stop"];
        run(&self.bin.join("pg_ctl"), &args, self.folder.path());
    }

    fn url(&self, host: &str, options: &str) -> String {
        format!("postgresql://me:secret@{host}:{}/postgres?{options}", self.port)
    }

    /// Options that check the server against an authority.
    fn verified(&self, mode: &str, root: &str) -> String {
        format!("sslmode={mode}&sslrootcert={}", self.folder.path().join(root).display())
    }

    /// Finishes a trial over a connection.
    fn works(&self, host: &str, options: &str) {
        let mut space = Space::builder();
        space.float("x", 0.0..=1.0).add().unwrap();
        let storage = open(&self.url(host, options), "tls").unwrap();
        let mut study = Study::builder(space.build().unwrap()).storage(storage).build().unwrap();
        let number = study.ask().unwrap().number;
        study.tell(number, 0.5).unwrap();
    }

    /// The error of a connection that must fail: one line, at once, without the password.
    fn refuses(&self, host: &str, options: &str) -> String {
        let start = Instant::now();
        let error = open(&self.url(host, options), "tls").map(drop).unwrap_err();
        assert!(start.elapsed().as_secs() < 15, "a lasting error is not waited for");
        let words = format!("{error}");
        assert!(
            !words.contains('\n') && !format!("{words} {error:?}").contains("secret"),
            "{words}"
        );
        words
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn connections_are_encrypted_and_certificates_checked() {
    let Some(server) = Server::make() else {
        eprintln!("skipped: no PostgreSQL server with a certificate can be started here");
        return;
    };
    let place = server.folder.path();
    server.start("hostssl", &encrypted(place, "server"));
    let full = server.verified("verify-full", "root.crt");
    let authority = server.verified("verify-ca", "root.crt");
    for options in ["", "sslmode=require", "sslmode=prefer", &full, &authority] {
        server.works("localhost", options);
    }
    // The server lets nobody in without encryption, a socket file has none.
    assert!(server.refuses("localhost", "sslmode=disable").contains("no encryption"));
    let socket = place.display().to_string().replace('/', "%2F");
    server.works(&socket, &full);
    // The name of the host is another: only the full check looks at it.
    server.works("127.0.0.1", &authority);
    let error = server.refuses("127.0.0.1", &full);
    assert!(error.contains("127.0.0.1") && error.contains("localhost"), "{error}");
    // An authority that did not sign it.
    for mode in ["verify-full", "verify-ca", "require"] {
        let error = server.refuses("localhost", &server.verified(mode, "other.crt"));
        assert!(error.contains("other.crt") && error.contains("not signed"), "{error}");
    }
    for (file, words) in [("missing.crt", "missing.crt"), ("names", "no certificate is in it")] {
        let error = server.refuses("localhost", &server.verified("verify-full", file));
        assert!(error.contains(words), "{error}");
    }
    // A certificate that signed itself is trusted where it is named, for its own host.
    server.start("hostssl", &encrypted(place, "alone"));
    let alone = server.verified("verify-full", "alone.crt");
    server.works("localhost", &alone);
    assert!(server.refuses("127.0.0.1", &alone).contains("localhost"));
    assert!(server.refuses("localhost", &full).contains("root.crt"));
    // A server without encryption.
    server.start("host", "-c ssl=off");
    server.works("localhost", "sslmode=prefer");
    for options in ["sslmode=require", &full] {
        let error = server.refuses("localhost", options);
        assert!(error.contains("server does not support TLS"), "{error}");
    }
}
