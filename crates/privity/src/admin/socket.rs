//! Commands over a Unix socket in the data folder: one JSON line in, JSON lines back until `done` or `failed`.
//!
//! The socket is the folder's: whoever may open it may read the folder anyway.

use super::{Command, Line, run};
use anyhow::{Context, bail};
use app::App;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

/// Longest command, in bytes: a catalogue is the largest.
const COMMAND_LIMIT: u64 = 64 * 1024 * 1024;

/// Takes commands until the server stops.
pub fn listen(app: Arc<App>, path: &Path) -> anyhow::Result<()> {
    // The folder's lock is ours, so a socket that is there was left by a process that is gone.
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("the old socket `{}`", path.display()));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("the socket `{}`", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let app = Arc::clone(&app);
                    tokio::spawn(async move {
                        if let Err(error) = answer(app, stream).await {
                            tracing::warn!(%error, "admin connection");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "admin socket");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(())
}

async fn answer(app: Arc<App>, stream: UnixStream) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(COMMAND_LIMIT)).read_line(&mut line).await?;
    let command: Command = serde_json::from_str(&line)?;
    let (tell, mut told) = mpsc::channel::<Line>(64);
    let work = tokio::spawn(async move {
        let last = match run(&app, command, tell.clone()).await {
            Ok(text) => Line::Done(text),
            Err(error) => Line::Failed(format!("{error:#}")),
        };
        _ = tell.send(last).await;
    });
    while let Some(line) = told.recv().await {
        let mut json = serde_json::to_vec(&line)?;
        json.push(b'\n');
        // A client that went away does not stop the work: it is done, and can be asked for again.
        if write.write_all(&json).await.is_err() {
            break;
        }
    }
    work.await?;
    Ok(())
}

/// Sends a command to a running server. `None` if there is none.
pub async fn send(
    path: &Path,
    command: &Command,
    mut progress: impl FnMut(u64, u64, u64),
) -> anyhow::Result<Option<String>> {
    let Ok(stream) = UnixStream::connect(path).await else {
        return Ok(None);
    };
    let (read, mut write) = stream.into_split();
    let mut json = serde_json::to_vec(command)?;
    json.push(b'\n');
    write.write_all(&json).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Line::Progress(done, all, messages) => progress(done, all, messages),
            Line::Done(text) => return Ok(Some(text)),
            Line::Failed(text) => bail!(text),
        }
    }
    bail!("the server stopped before the command was done; run it again")
}
