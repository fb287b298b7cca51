//! Connections: accepted, served, and in the end closed.

use crate::line::{Line, Socket};
use crate::{Options, router};
use app::App;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long a connection may take for the head of a request; also how long it may stay open without one.
const HEAD: Duration = Duration::from_secs(30);
/// How long requests under way have when the server stops.
const STOPPING: Duration = Duration::from_secs(30);
/// Wait after the system has no connection to give (no file descriptors left, most likely).
const BREATH: Duration = Duration::from_secs(1);

/// Serves until `stop` comes, then lets requests under way finish: for 30 seconds, after which they are cut off.
pub async fn serve(
    app: Arc<App>,
    options: Options,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = TowerToHyperService::new(router(app, options));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (stopping, _) = watch::channel(());
    // Held by whatever goes on beyond its connection's own task.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever is done is forgotten at once.
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let stop = Stop {
                    stopping: stopping.subscribe(),
                    _alive: Some(alive.clone()),
                };
                let served = connection(stream, peer, http.clone(), service.clone(), stop);
                connections.spawn(served);
            }
            Err(error) if is_the_peers(error.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    stopping.send_replace(());
    drop(alive);
    let all_done = async {
        while connections.join_next().await.is_some() {}
        _ = all_gone.recv().await;
    };
    if tokio::time::timeout(STOPPING, all_done).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off");
    }
    Ok(())
}

/// Errors of one connection that was gone before it was accepted.
fn is_the_peers(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

/// For what goes on until it is told to end: the server waits for it when it stops.
#[derive(Clone)]
pub struct Stop {
    stopping: watch::Receiver<()>,
    _alive: Option<mpsc::Sender<()>>,
}

impl Stop {
    /// Returns when the server stops.
    pub async fn comes(&mut self) {
        if self.stopping.changed().await.is_err() {
            // The server is gone without a word, or was never there.
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Stop {
    /// One that never comes, for requests without a server.
    fn default() -> Self {
        Self {
            stopping: watch::channel(()).1,
            _alive: None,
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    http: http1::Builder,
    service: TowerToHyperService<Router>,
    mut stop: Stop,
) {
    let line = Arc::new(Line::default());
    let socket = Socket::new(stream, Arc::clone(&line));
    let goes_on = stop.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&line));
        request.extensions_mut().insert(goes_on.clone());
        service.call(request)
    });
    let served = http.serve_connection(socket, service).with_upgrades();
    tokio::pin!(served);
    let done = tokio::select! {
        done = served.as_mut() => done,
        () = stop.comes() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a connection ended");
    }
}
