//! A partner's catalogue: `PUT /partner/catalogue` as CSV, authenticated like the token endpoint.

use crate::Web;
use crate::oauth::check_assertion;
use crate::problem::Failure;
use crate::signed_in::bearer;
use app::Error;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{Title, TitleId};
use serde_json::json;
use std::sync::Arc;
use wire::oauth::{ClientAuthentication, ErrorCode, OAuthError, Secret};

/// Bytes of an uploaded catalogue.
pub const BYTES_LIMIT: usize = 32 * 1024 * 1024;
/// Catalogues taken in at once; more get 503.
pub const AT_ONCE: usize = 2;
const COLUMNS: [&str; 2] = ["id", "title"];

/// Why a catalogue is refused; names the line.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CatalogueFault {
    #[error("the catalogue is not CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("the first line does not name the column `{0}`")]
    Column(&'static str),
    #[error("line {line}: `{text}` is not a year")]
    Year { line: u64, text: String },
}

/// Reads CSV with the columns `id`, `title` and, if they are there, `year` `aliases`, `genres` and `people` (several
/// separated by `|`).
pub fn parse(csv: &[u8]) -> Result<Vec<Title>, CatalogueFault> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
    let header = reader.headers()?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
    };
    if let Some(missing) = COLUMNS.into_iter().find(|name| column(name).is_none()) {
        return Err(CatalogueFault::Column(missing));
    }
    let mut titles = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cell = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or_default();
        let line = record.position().map_or(0, csv::Position::line);
        let year = match cell("year") {
            "" => None,
            text => Some(text.parse().map_err(|_| CatalogueFault::Year {
                line,
                text: text.chars().take(40).collect(),
            })?),
        };
        titles.push(Title {
            id: TitleId(cell("id").to_owned()),
            title: cell("title").to_owned(),
            year,
            aliases: list(cell("aliases")),
            genres: list(cell("genres")),
            people: list(cell("people")),
        });
    }
    Ok(titles)
}

/// What stands between `|`.
fn list(cell: &str) -> Vec<String> {
    let entries = cell.split('|').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(str::to_owned).collect()
}

/// `PUT /partner/catalogue`: replaces the partner's catalogue. One bad line refuses the whole, by its number. The body is
/// read only from a partner, and from two at a time: it and what is built from it are large.
pub async fn put(State(web): State<Arc<Web>>, request: Request) -> Response {
    let done = async {
        let assertion: Secret = bearer(request.headers())
            .ok_or_else(|| OAuthError::new(ErrorCode::InvalidClient, "no client assertion as bearer token"))?
            .to_owned()
            .into();
        let caller = check_assertion(
            &web.app,
            &ClientAuthentication {
                client_id: None,
                assertion: &assertion,
            },
        )
        .await?;
        let _place = web
            .uploads
            .try_acquire()
            .map_err(|_| Failure::busy("other catalogues are being taken in; try again in a moment"))?;
        let body = Bytes::from_request(request, &web)
            .await
            .map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    Error::TooLarge(format!("a catalogue has at most {BYTES_LIMIT} bytes")).into()
                }
                _ => Failure::bad_request(rejection.body_text()),
            })?;
        let titles = tokio::task::spawn_blocking(move || parse(&body))
            .await
            .map_err(|_| Failure::busy("shutting down"))?
            .map_err(|e| Failure::bad_request(e.to_string()))?;
        Ok::<_, Failure>(web.app.catalogue_put(&caller.partner.id, titles).await?)
    };
    match done.await {
        Ok(count) => Json(json!({ "titles": count })).into_response(),
        Err(failure) => failure.into_problem(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_reads_and_what_is_wrong_is_named() {
        let titles = parse(
            b"\xef\xbb\xbfid,title,year,aliases,genres\n1,\"Heat, the film\",1995,a|b,Crime | Drama\n2,Alien,,,\n",
        )
        .unwrap();
        assert_eq!(titles[0].genres, ["Crime", "Drama"]);
        assert!(titles[1].genres.is_empty() && titles[1].people.is_empty());
        assert_eq!(titles[0].title, "Heat, the film");
        assert_eq!(
            (titles[0].year, titles[0].aliases.len(), titles[1].year),
            (Some(1995), 2, None)
        );
        assert!(matches!(parse(b"name\nx\n"), Err(CatalogueFault::Column("id"))));
        assert!(matches!(
            parse(b"id,title,year\n1,x,soon\n"),
            Err(CatalogueFault::Year { line: 2, .. })
        ));
        assert!(matches!(parse(b"id,title\n1\n"), Err(CatalogueFault::Csv(_))));
        assert!(parse(b"id,title\n").unwrap().is_empty());
    }
}
