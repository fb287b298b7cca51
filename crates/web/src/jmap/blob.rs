//! Upload and download (RFC 8620 section 6).

use super::own::part_of;
use super::own::raw_of;
use crate::Web;
use crate::problem::Failure;
use crate::turns::Principal;
use app::mail::{AppAccess, Blob, Mail};
use app::{Denied, Error};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{self, FromRequest, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use letter::Letter;
use serde::Deserialize;
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;
use wire::jmap::RequestError;
use wire::limits::{MAX_CONCURRENT_UPLOAD, MAX_SIZE_UPLOAD};

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
    headers: HeaderMap,
) -> Response {
    let found = async {
        let (owner, _) = super::person(&web, &headers).await?;
        if account != owner.to_string() {
            return Ok(None);
        }
        let mail = web.app.mail(owner).await?;
        bytes_of(&mail, web.app.host(), &blob).await
    };
    let blob = match found.await {
        Ok(Some(blob)) => blob,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let asked = asked.media_type.filter(|t| is_media_type(t));
    let media_type = asked.unwrap_or(blob.media_type);
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let length = blob.bytes.len();
    let (status, range) = match range.map(|text| range_of(text, length)) {
        // Several ranges, or another unit: the whole, as RFC 9110 section 14.2 allows.
        None | Some(None) => (StatusCode::OK, 0..length),
        Some(Some(range)) if range.is_empty() => {
            let content_range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, content_range).into_response();
        }
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
    };
    let part = Bytes::from(blob.bytes).slice(range.clone());
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CONTENT_LENGTH, part.len())
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, immutable, max-age=31536000")
        // What strangers have sent is never a page of this site.
        .header("x-content-type-options", "nosniff")
        .header("content-security-policy", "sandbox; default-src 'none'")
        .header(header::CONTENT_DISPOSITION, disposition(&name));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        response = response.header(header::CONTENT_RANGE, format!("bytes {}-{last}/{length}", range.start));
    }
    response
        .body(Body::from(part))
        .unwrap_or_else(|_| StatusCode::BAD_REQUEST.into_response())
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
