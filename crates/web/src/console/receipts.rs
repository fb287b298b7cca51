//! All her receipts in one file, made while it is fetched.

use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use app::Receipts;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

/// Where it is fetched.
pub const PATH: &str = "/readings/receipts";
/// Such files that are made at once: each reads a person's whole history.
static AT_ONCE: Semaphore = Semaphore::const_new(8);
/// How long a reader may take for a piece of about 150 KB.
const PATIENCE: Duration = Duration::from_secs(60);

/// `GET /readings/receipts`.
pub async fn receipts(State(web): State<Arc<Web>>, who: SignedIn) -> Response {
    let file = async {
        let place = AT_ONCE
            .try_acquire()
            .map_err(|_| Failure::busy("others are fetching their receipts; try again in a moment"))?;
        let receipts = web.app.receipts_of_person(who.session.person.account).await?;
        Ok::<_, Failure>(in_pieces(receipts, place))
    };
    match file.await {
        Ok(body) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"privity-receipts.txt\"",
                ),
            ];
            (headers, body).into_response()
        }
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

fn in_pieces(mut receipts: Receipts, place: SemaphorePermit<'static>) -> Body {
    let (pieces, coming) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        loop {
            let piece = match receipts.next().await {
                Ok(Some(text)) => Ok(Bytes::from(text)),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "a file of receipts could not be made to its end");
                    Err(BrokenOff)
                }
            };
            let last = piece.is_err();
            // Whoever has gone away, or is too slow, gets no more; the file then lacks its end, by which that is seen.
            match tokio::time::timeout(PATIENCE, pieces.send(piece)).await {
                Ok(Ok(())) if !last => {}
                _ => return,
            }
        }
    });
    Body::new(Pieces(coming))
}

/// The file could not be made to its end.
#[derive(Debug, thiserror::Error)]
#[error("broken off")]
struct BrokenOff;

struct Pieces(mpsc::Receiver<Result<Bytes, BrokenOff>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
