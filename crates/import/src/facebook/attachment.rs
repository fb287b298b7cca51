//! Files that came with a message, by the path the export keeps them under.

use super::line::Uri;
use model::Attachment;

/// What the export says a file is, when its name does not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Photo,
    Video,
    Audio,
    Gif,
    Sticker,
    File,
}

/// A shared link.
pub(crate) fn link(link: &str) -> Option<Attachment> {
    (!link.is_empty()).then(|| Attachment {
        name: link.to_owned(),
        media_type: "text/uri-list".to_owned(),
    })
}

/// A file, under its own name without the path: the path differs between exports of the same message.
pub(crate) fn file(uri: &Uri<'_>, kind: Kind) -> Attachment {
    let path = uri.uri.as_deref().unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    Attachment {
        media_type: media_type(name, kind).to_owned(),
        name: name.to_owned(),
    }
}

/// The type registered with IANA for the name's ending.
fn media_type(name: &str, kind: Kind) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match (ending.as_deref().unwrap_or_default(), kind) {
        ("jpg" | "jpeg", _) => "image/jpeg",
        ("png", _) => "image/png",
        ("gif", _) => "image/gif",
        ("webp", _) => "image/webp",
        ("heic", _) => "image/heic",
        ("mp4" | "m4a" | "aac", Kind::Audio) | ("m4a", _) => "audio/mp4",
        ("aac", _) => "audio/aac",
        ("mp3", _) => "audio/mpeg",
        ("wav", _) => "audio/vnd.wave",
        ("ogg" | "oga" | "opus", _) => "audio/ogg",
        ("mp4" | "m4v", _) => "video/mp4",
        ("mov", _) => "video/quicktime",
        ("webm", _) => "video/webm",
        ("pdf", _) => "application/pdf",
        ("zip", _) => "application/zip",
        ("txt", _) => "text/plain",
        (_, Kind::Photo) => "image/jpeg",
        (_, Kind::Video) => "video/mp4",
        (_, Kind::Audio) => "audio/mp4",
        (_, Kind::Gif) => "image/gif",
        (_, Kind::Sticker) => "image/png",
        (_, Kind::File) => "application/octet-stream",
    }
}
