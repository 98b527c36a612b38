//! Encrypted connections as the client library takes them.

use super::TlsError;
use crate::Failure;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, Error};
use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls;

/// Makes connections encrypted, as [`TlsOptions`](crate::TlsOptions) say.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    /// The file of the authorities, for messages.
    roots: PathBuf,
}

impl Tls {
    pub(super) fn new(connector: TlsConnector, roots: PathBuf) -> Self {
        Self { connector, roots }
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = Failure;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Failure> {
        Ok(Handshake { tls: self.clone(), host: host.to_owned() })
    }
}

/// An encryption that is to begin.
pub struct Handshake {
    tls: Tls,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, Failure>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host.clone())?;
            match self.tls.connector.connect(name, socket).await {
                Ok(stream) => Ok(Encrypted(Box::new(stream))),
                Err(error) => Err(named(error, self.host, self.tls.roots)),
            }
        })
    }
}

/// An error of a handshake by its cause. One of the network stays what it is, and can pass.
fn named(error: io::Error, host: String, place: PathBuf) -> Failure {
    use CertificateError::{NotValidForName, NotValidForNameContext, UnknownIssuer};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()).cloned();
    match cause {
        Some(Error::InvalidCertificate(UnknownIssuer)) => {
            TlsError::UnknownAuthority { host, place }.into()
        }
        Some(Error::InvalidCertificate(
            reason @ (NotValidForName | NotValidForNameContext { .. }),
        )) => TlsError::WrongName { host, reason: reason.to_string() }.into(),
        Some(reason) => TlsError::Handshake { host, reason }.into(),
        None => error.into(),
    }
}

/// An encrypted connection.
pub struct Encrypted(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").finish_non_exhaustive()
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").finish_non_exhaustive()
    }
}
