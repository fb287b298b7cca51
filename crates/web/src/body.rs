//! A released answer on its way out, piece by piece, as long as its permit stands.

use crate::line::Line;
use crate::turns::Turn;
use app::Permit;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Bytes handed to the connection at once.
const PIECE: usize = 128 * 1024;

/// The bytes of a release and the permit they leave under. A revocation waits until the last of them is dropped, which the
/// connection does when the kernel has it, or cuts them.
pub struct ReleasedBody {
    rest: Bytes,
    permit: Arc<Permit>,
    line: Option<Arc<Line>>,
}

/// An answer's bytes. Every piece of them, wherever it waits, holds the permit and the turn.
struct Held {
    bytes: Vec<u8>,
    _permit: Option<Arc<Permit>>,
    _turn: Option<Turn>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a person is told about her own inbox; her turn ends when it is gone.
pub fn own(bytes: Vec<u8>, turn: Turn) -> Bytes {
    Bytes::from_owner(Held {
        bytes,
        _permit: None,
        _turn: Some(turn),
    })
}

impl ReleasedBody {
    /// A body that leaves under `permit`, on `line` if there is a connection.
    pub fn new(bytes: Vec<u8>, permit: Permit, turn: Turn, line: Option<Arc<Line>>) -> Self {
        let permit = Arc::new(permit);
        if let Some(line) = &line {
            line.carry(&permit);
        }
        Self {
            rest: Bytes::from_owner(Held {
                bytes,
                _permit: Some(Arc::clone(&permit)),
                _turn: Some(turn),
            }),
            permit,
            line,
        }
    }
}

/// A piece of a release that goes on: leaves under its own permit, on `line` if there is a connection.
pub fn released(bytes: Vec<u8>, permit: Permit, line: Option<&Arc<Line>>) -> Result<Bytes, Cut> {
    let permit = Arc::new(permit);
    if let Some(line) = line {
        line.carry(&permit);
    }
    if permit.is_cut() {
        return Err(Cut);
    }
    Ok(Bytes::from_owner(Held {
        bytes,
        _permit: Some(permit),
        _turn: None,
    }))
}

/// What was released was taken back while a slow reader was still fetching it.
#[derive(Debug, thiserror::Error)]
#[error("taken back")]
pub struct Cut;

impl Body for ReleasedBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.permit.is_cut() {
            self.rest.clear();
            if let Some(line) = &self.line {
                line.cut();
            }
            return Poll::Ready(Some(Err(Cut)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
