//! A released answer on its way out, piece by piece, as long as its permit stands.

use app::Permit;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes handed to the connection at once. What the connection and the kernel hold already has left.
const PIECE: usize = 128 * 1024;

/// The bytes of a release and the permit they leave under. A revocation waits for this body to end, or cuts it.
pub struct ReleasedBody {
    rest: Bytes,
    permit: Option<Permit>,
}

impl ReleasedBody {
    /// A body that leaves under `permit`.
    pub fn new(bytes: Vec<u8>, permit: Permit) -> Self {
        Self {
            rest: Bytes::from(bytes),
            permit: Some(permit),
        }
    }
}

/// What was released was taken back while a slow reader was still fetching it.
#[derive(Debug, thiserror::Error)]
#[error("taken back")]
pub struct Cut;

impl Body for ReleasedBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.permit.as_ref().is_some_and(Permit::is_cut) {
            self.rest.clear();
            self.permit = None;
            return Poll::Ready(Some(Err(Cut)));
        }
        if self.rest.is_empty() {
            self.permit = None;
            return Poll::Ready(None);
        }
        let piece = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(piece);
        if self.rest.is_empty() {
            // Handed over: the revocation need not wait for the connection to ask again.
            self.permit = None;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
