//! A connection that its caller drives, so that several statements travel at once.

use crate::tls::{Encrypted, Tls};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};

/// A connection to a server, driven while a call waits.
///
/// # Examples
/// ```no_run
/// use automl_postgres::{Link, TlsOptions, in_order};
///
/// let (url, options) = TlsOptions::take("postgresql://me@host/studies")?;
/// let mut link = Link::open(&url.parse()?, &options.connector()?)
///     .map_err(|refused| refused.to_string())?;
/// // Two statements, one journey.
/// let answers = link.wait(|client| async move {
///     Ok(in_order(["SELECT 1", "SELECT 2"].map(|sql| client.query_one(sql, &[])).into()).await)
/// })?;
/// assert_eq!(answers.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Link {
    runtime: Runtime,
    connection: Pin<Box<Connection<Socket, Encrypted>>>,
    client: Client,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The operating system gives no more resources.
    #[error(transparent)]
    System(std::io::Error),
    /// The server, or the way to it.
    #[error(transparent)]
    Server(Error),
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// [`Refused`] if the server cannot be reached or refuses the connection.
    pub fn open(config: &Config, tls: &Tls) -> Result<Self, Refused> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Refused::System)?;
        let (client, connection) =
            runtime.block_on(config.connect(tls.clone())).map_err(Refused::Server)?;
        Ok(Self { runtime, connection: Box::pin(connection), client })
    }

    /// Waits for what a function asks of the server.
    ///
    /// # Errors
    /// That of the answer or, if the connection ends, its reason.
    pub fn wait<'a, T, F>(&'a mut self, ask: impl FnOnce(&'a Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + 'a,
    {
        let Self { runtime, connection, client } = self;
        runtime.block_on(async {
            let mut answer = pin!(ask(client));
            poll_fn(|context| {
                // What leaves now is what the answer has not asked for yet: asked for first, then sent.
                if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                match advance(connection, context) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => answer.as_mut().poll(context),
                }
            })
            .await
        })
    }

    /// Sends statements without an answer that anybody waits for. What fails fails with what follows.
    pub fn post(&mut self, sql: &str) {
        let Self { runtime, connection, client } = self;
        runtime.block_on(async {
            let mut answer = pin!(client.batch_execute(sql));
            poll_fn(|context| {
                let _ = answer.as_mut().poll(context);
                let _ = advance(connection, context);
                Poll::Ready(())
            })
            .await;
        });
    }

    /// Whether the connection has not ended, as far as it is known here.
    pub fn is_open(&mut self) -> bool {
        let Self { runtime, connection, client } = self;
        let ended = runtime.block_on(async {
            // Lets the runtime look at the socket.
            tokio::task::yield_now().await;
            poll_fn(|context| Poll::Ready(advance(connection, context).is_ready())).await
        });
        !ended && !client.is_closed()
    }
}

/// Receives what has come and sends what is to go; ready once the connection has ended.
fn advance(
    connection: &mut Pin<Box<Connection<Socket, Encrypted>>>,
    context: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    loop {
        match connection.as_mut().poll_message(context) {
            Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                tracing::debug!(%notice, "the database says");
            }
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// Runs futures that begin in their order, each with its request, and returns their results; see [`Link`].
pub async fn in_order<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        for (future, result) in &mut futures {
            if result.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *result = Some(ready);
            }
        }
        if futures.iter().any(|(_, result)| result.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(futures.iter_mut().filter_map(|(_, result)| result.take()).collect())
    })
    .await
}
