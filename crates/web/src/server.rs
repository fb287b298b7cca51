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
use tokio::sync::watch;
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
                let served = connection(stream, peer, http.clone(), service.clone(), stopping.subscribe());
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
    let all_done = async { while connections.join_next().await.is_some() {} };
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

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    http: http1::Builder,
    service: TowerToHyperService<Router>,
    mut stopping: watch::Receiver<()>,
) {
    let line = Arc::new(Line::default());
    let socket = Socket::new(stream, Arc::clone(&line));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&line));
        service.call(request)
    });
    let served = http.serve_connection(socket, service).with_upgrades();
    tokio::pin!(served);
    let done = tokio::select! {
        done = served.as_mut() => done,
        _ = stopping.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a connection ended");
    }
}
