//! Upload and download (RFC 8620 section 6).

use super::Asker;
use super::own::{part_of, raw_of};
use crate::Web;
use crate::body::ReleasedBody;
use crate::limits::RequestId;
use crate::line::Line;
use crate::problem::Failure;
use crate::turns::Principal;
use app::mail::{AppAccess, Blob, Content, Mail};
use app::{Denied, Error};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{self, Extension, FromRequest, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use letter::Letter;
use model::{Field, Grant, Reason};
use serde::Deserialize;
use serde_json::json;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use wire::jmap::RequestError;
use wire::limits::{MAX_CONCURRENT_REQUESTS, MAX_CONCURRENT_UPLOAD, MAX_SIZE_UPLOAD};

/// Characters of a media type.
const TYPE_LIMIT: usize = 200;

/// The bytes behind a blob's id: an upload, a message or letter, or a part of one.
pub async fn bytes_of(mail: &Mail<'_>, host: &str, id: &str) -> Result<Option<Blob>, Error> {
    if let Some(upload) = id.strip_prefix('u') {
        let (upload, part) = upload.split_once('-').map_or((upload, None), |(u, p)| (u, Some(p)));
        let blob = mail.uploaded(upload).await?;
        return Ok(match part {
            None => blob,
            // What `Email/parse` has named.
            Some(part) => blob.and_then(|blob| part_in(&blob.bytes, part)),
        });
    }
    let Some((message, part)) = part_of(id) else {
        return Ok(None);
    };
    let index = mail.index().await?;
    let Some(entry) = index.get(message).cloned() else {
        return Ok(None);
    };
    drop(index);
    let Some(content) = mail.contents(std::slice::from_ref(&entry)).await?.pop().flatten() else {
        return Ok(None);
    };
    let raw = raw_of(content, host)?;
    Ok(match part {
        None => Some(Blob {
            media_type: "message/rfc822".to_owned(),
            bytes: raw,
        }),
        Some(part) => part_in(&raw, part),
    })
}

fn part_in(raw: &[u8], part: &str) -> Option<Blob> {
    let letter = Letter::parse(raw).ok()?;
    // A part of a letter within a letter is named by both.
    let part = letter.part(part)?;
    Some(Blob {
        media_type: part.media_type,
        bytes: part.bytes,
    })
}

/// `POST /jmap/upload/{account}`.
pub async fn upload(
    State(web): State<Arc<Web>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    request: extract::Request,
) -> Response {
    let owner = match super::person(&web, &headers).await {
        Ok((owner, AppAccess::Full)) => owner,
        Ok((_, AppAccess::Read)) => return Failure::from(Error::Denied(Denied::Token)).into_bearer(),
        Err(error) => return Failure::from(error).into_bearer(),
    };
    if owner.to_string() != account {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(_turn) = web.turns.take(Principal::Upload(owner)) else {
        return super::refused(&RequestError::TooMany(MAX_CONCURRENT_UPLOAD));
    };
    let Ok(bytes) = Bytes::from_request(request, &web).await else {
        return super::refused(&RequestError::Limit("maxSizeUpload", MAX_SIZE_UPLOAD));
    };
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type
        .filter(|t| is_media_type(t))
        .unwrap_or("application/octet-stream");
    let kept = async {
        let mail = web.app.mail(owner).await?;
        mail.upload(media_type, &bytes).await
    };
    match kept.await {
        Ok(id) => {
            let told =
                json!({"accountId": account, "blobId": format!("u{id}"), "type": media_type, "size": bytes.len()});
            (StatusCode::CREATED, Json(told)).into_response()
        }
        Err(error) => Failure::from(error).into_bearer(),
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(rename = "type", alias = "accept")]
    media_type: Option<String>,
}

/// `GET /jmap/download/{account}/{blob}/{name}`.
pub async fn download(
    State(web): State<Arc<Web>>,
    Path((account, blob, name)): Path<(String, String, String)>,
    Query(asked): Query<Asked>,
    Extension(id): Extension<RequestId>,
    line: Option<Extension<Arc<Line>>>,
    headers: HeaderMap,
) -> Response {
    let media_type = asked.media_type.filter(|t| is_media_type(t));
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (asker, line) = (super::asker(&web, &headers).await, line.map(|line| line.0));
    let found = match asker {
        Ok(Asker::Partner(token, grant)) => {
            let asked = Raw { account, blob, range };
            return match released(&web, &token, &grant, id, asked, line).await {
                Ok(Some((piece, body))) => piece.answer(media_type, &name, body),
                Ok(None) => StatusCode::NOT_FOUND.into_response(),
                Err(Refused::Error(error)) => Failure::from(error).into_bearer(),
                Err(Refused::Busy) => super::refused(&RequestError::TooMany(MAX_CONCURRENT_REQUESTS)),
            };
        }
        Ok(Asker::Person(owner, _)) if account == owner.to_string() => match web.app.mail(owner).await {
            Ok(mail) => bytes_of(&mail, web.app.host(), &blob).await,
            Err(error) => Err(error),
        },
        Ok(Asker::Person(..)) => Ok(None),
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(blob)) => {
            let piece = Piece::of(&blob, range);
            let bytes = Bytes::from(blob.bytes).slice(piece.range.clone());
            piece.answer(media_type, &name, Body::from(bytes))
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => Failure::from(error).into_bearer(),
    }
}

/// What a partner asks for.
struct Raw<'a> {
    account: String,
    blob: String,
    range: Option<&'a str>,
}

/// Why a partner gets nothing.
enum Refused {
    Error(Error),
    Busy,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A message of a partner's view as other mail systems write it, or its text: through the door, the piece that was asked for,
/// with one entry. `None` for whatever is not in the view or not seen with its text; of attachments only names are kept.
async fn released(
    web: &Web,
    token: &str,
    grant: &Grant,
    id: RequestId,
    asked: Raw<'_>,
    line: Option<Arc<Line>>,
) -> Result<Option<(Piece, Body)>, Refused> {
    if asked.account != web.app.partner_session(token).await?.account {
        return Ok(None);
    }
    if !grant.terms.fields.contains(Field::Text) {
        return Err(Error::Denied(Denied::Grant(Reason::Fields)).into());
    }
    let turn = web.turns.take(Principal::Grant(grant.id)).ok_or(Refused::Busy)?;
    let Some(blob) = asked.blob.strip_prefix('b') else {
        return Ok(None);
    };
    let (message, is_text) = match blob.strip_suffix("-1") {
        Some(message) => (message.to_owned(), true),
        None => (blob.to_owned(), false),
    };
    let (host, range) = (web.app.host().to_owned(), asked.range.map(str::to_owned));
    let found: Arc<Mutex<Option<Piece>>> = Arc::default();
    let find = Arc::clone(&found);
    let answered = web.app.release(token, id.0, move |view| {
        Box::pin(async move {
            let item = view.items(&[message]).await?.pop().flatten();
            let Some(item) = item.filter(|item| item.text.is_some()) else {
                // That it is not in view is an answer, too.
                return Ok(Vec::new());
            };
            let blob = match is_text {
                true => Blob {
                    media_type: "text/plain; charset=utf-8".to_owned(),
                    bytes: item.text.unwrap_or_default().into_bytes(),
                },
                false => Blob {
                    media_type: "message/rfc822".to_owned(),
                    bytes: raw_of(Content::Chat(Box::new(item)), &host)?,
                },
            };
            let piece = Piece::of(&blob, range.as_deref());
            let bytes = blob.bytes.get(piece.range.clone()).unwrap_or_default().to_vec();
            *find.lock().unwrap_or_else(PoisonError::into_inner) = Some(piece);
            Ok(bytes)
        })
    });
    let (bytes, entered, permit) = answered.await?.into_parts();
    let piece = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(piece.map(|mut piece| {
        piece.entry = entered.map(|entered| entered.index);
        (piece, Body::new(ReleasedBody::new(bytes, permit, turn, line)))
    }))
}

/// Which piece of some bytes is answered with.
struct Piece {
    status: StatusCode,
    media_type: String,
    range: Range<usize>,
    whole: usize,
    /// The ledger's entry, for a partner.
    entry: Option<u64>,
}

impl Piece {
    fn of(blob: &Blob, range: Option<&str>) -> Self {
        let whole = blob.bytes.len();
        let (status, range) = match range.map(|text| range_of(text, whole)) {
            // Several ranges, or another unit: the whole, as RFC 9110 section 14.2 allows.
            None | Some(None) => (StatusCode::OK, 0..whole),
            Some(Some(range)) if range.is_empty() => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
            Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        };
        Self {
            status,
            media_type: blob.media_type.clone(),
            range,
            whole,
            entry: None,
        }
    }

    fn answer(self, media_type: Option<String>, name: &str, body: Body) -> Response {
        let whole = self.whole;
        if self.status == StatusCode::RANGE_NOT_SATISFIABLE {
            let content_range = [(header::CONTENT_RANGE, format!("bytes */{whole}"))];
            return (self.status, content_range).into_response();
        }
        let mut response = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, media_type.unwrap_or(self.media_type))
            .header(header::CONTENT_LENGTH, self.range.len())
            .header(header::ACCEPT_RANGES, "bytes")
            // What strangers have sent is never a page of this site.
            .header("x-content-type-options", "nosniff")
            .header("content-security-policy", "sandbox; default-src 'none'")
            .header(header::CONTENT_DISPOSITION, disposition(name));
        response = match self.entry {
            // What a partner may keep is in its agreement, not in a cache.
            Some(index) => response.header("privity-disclosure", index),
            None => response.header(header::CACHE_CONTROL, "private, immutable, max-age=31536000"),
        };
        if self.status == StatusCode::PARTIAL_CONTENT {
            let last = self.range.end.saturating_sub(1);
            response = response.header(
                header::CONTENT_RANGE,
                format!("bytes {}-{last}/{whole}", self.range.start),
            );
        }
        response
            .body(body)
            .unwrap_or_else(|_| StatusCode::BAD_REQUEST.into_response())
    }
}

/// One range of bytes (RFC 9110 section 14.1.2); empty if it cannot be had, `None` if it is not understood.
fn range_of(text: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: usize = last.parse().ok()?;
        return Some(length.saturating_sub(count)..length);
    }
    let first: usize = first.parse().ok()?;
    let end = match last {
        "" => length,
        last => last.parse::<usize>().ok()?.checked_add(1)?.min(length),
    };
    Some(first.min(length)..end.max(first.min(length)))
}

fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._- ".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded = crate::oauth::form_encode(name).replace('+', "%20");
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// `type/subtype`, perhaps with parameters, of characters that a header may have.
fn is_media_type(text: &str) -> bool {
    text.len() <= TYPE_LIMIT
        && text
            .split_once('/')
            .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_rfc_9110_says() {
        assert_eq!(range_of("bytes=0-4", 10), Some(0..5));
        assert_eq!(range_of("bytes=5-", 10), Some(5..10));
        assert_eq!(range_of("bytes=-3", 10), Some(7..10));
        assert_eq!(range_of("bytes=5-99", 10), Some(5..10));
        assert!(range_of("bytes=10-", 10).unwrap().is_empty());
        assert!(range_of("bytes=99-100", 10).unwrap().is_empty());
        assert_eq!(range_of("lines=1-2", 10), None);
        assert_eq!(range_of("bytes=0-1,3-4", 10), None);
    }
}
