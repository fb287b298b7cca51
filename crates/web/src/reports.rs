//! Partners' reports over HTTP: filing one, what a partner owes, and what everyone may know of it.

use crate::Web;
use crate::oauth::check_assertion;
use crate::problem::Failure;
use crate::signed_in::bearer;
use app::reports::{About, Answer, Owed, Owes, Ruled};
use app::{Error, Published};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{AgreementId, AgreementRef, PartnerId};
use report::{Fault, Outcome, Rule, Verdict};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use wire::Problem;
use wire::oauth::{ClientAuthentication, ErrorCode, OAuthError, Secret};

/// Bytes of a body that are read: enough to say of a report that it is too large as its check does.
pub const BODY_LIMIT: usize = report::ZIP_LIMIT + (1 << 20);

/// `POST /reports`, with `?agreement=` and `?period=` for what is filed, else it is as the file says: takes a report. The body
/// is read only from a partner, and from few at a time.
pub async fn file(State(web): State<Arc<Web>>, request: Request) -> Response {
    let done = async {
        let partner = partner(&web, request.headers()).await?;
        let about = about(request.uri().query().unwrap_or_default())?;
        let _place = web
            .uploads
            .try_acquire()
            .map_err(|_| Failure::busy("other uploads are being taken in; try again in a moment"))?;
        let answer = match Bytes::from_request(request, &web).await {
            Ok(zip) => web.app.report_file(&partner, about, zip.to_vec()).await?,
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Answer::Faulty(vec![too_large()]),
            Err(rejection) => return Err(Failure::bad_request(rejection.body_text())),
        };
        Ok::<_, Failure>(answer)
    };
    match done.await {
        Ok(Answer::Ruled(ruled)) if ruled.filing.outcome == Some(Outcome::Refused) => refused(&ruled),
        Ok(Answer::Ruled(ruled)) => {
            let status = match ruled.repeated {
                true => StatusCode::OK,
                false => StatusCode::CREATED,
            };
            (status, Json(told(&ruled))).into_response()
        }
        Ok(Answer::Faulty(faults)) => faulty(&faults),
        Err(failure) => failure.into_problem(),
    }
}

/// The partner that a client assertion speaks for.
async fn partner(web: &Web, headers: &HeaderMap) -> Result<PartnerId, Failure> {
    let assertion: Secret = bearer(headers)
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
    Ok(caller.partner.id.clone())
}

fn about(query: &str) -> Result<About, Failure> {
    let mut about = About::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        // A reference is `id@version`, and some clients encode the `@`.
        let value = value.replace("%40", "@");
        match name {
            "agreement" => {
                let named = value.parse::<AgreementRef>();
                about.agreement = Some(named.map_err(|_| Failure::bad_request("`agreement` is not as in films@1"))?);
            }
            "period" => {
                let number = value.parse();
                about.period = Some(number.map_err(|_| Failure::bad_request("`period` is not a number"))?);
            }
            _ => {}
        }
    }
    Ok(about)
}

fn too_large() -> Fault {
    Fault {
        file: None,
        row: None,
        column: None,
        rule: Rule::ZipSize,
        said: format!("a report has at most {} bytes", report::ZIP_LIMIT),
    }
}

fn faulty(faults: &[Fault]) -> Response {
    let first = faults.first().map(Fault::to_string).unwrap_or_default();
    let status = match faults.first().map(|fault| fault.rule) {
        Some(Rule::ZipSize) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let detail = format!("The report is not in order: {first}");
    let members = json!({ "faults": faults });
    problem("report_faults", status, &detail, members)
}

/// In order, and too far from what the platform counted. It was entered in the ledger like one that was taken.
fn refused(ruled: &Ruled) -> Response {
    let detail = "The report's counts are too far from the platform's. What differs is in `differences`.";
    problem("report_refused", StatusCode::UNPROCESSABLE_ENTITY, detail, told(ruled))
}

fn problem(code: &str, status: StatusCode, detail: &str, members: Value) -> Response {
    let mut problem = Problem::new(format!("urn:privity:problem:{code}"), status.as_u16(), detail);
    problem.title = status.canonical_reason().map(str::to_owned);
    if let Value::Object(members) = members {
        problem.extensions.extend(members);
    }
    let mut response = (status, Json(problem)).into_response();
    let content_type = HeaderValue::from_static(Problem::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn told(ruled: &Ruled) -> Value {
    let Ruled { filing, period, .. } = ruled;
    json!({
        "agreement": ruled.agreement,
        "period": period,
        "revision": filing.revision,
        "hash": hex::encode(filing.hash),
        "verdict": verdict_word(filing.outcome),
        "compared": filing.compared,
        "found": filing.differences,
        "differences": ruled.verdict.as_ref().map(differences).unwrap_or_default(),
        "duty": ruled.state,
        "totals": filing.totals,
        "entry": filing.entry,
        "receipt": ruled.receipt,
    })
}

/// The word for what became of a report. Without counts of the platform it is no success, and is not called one.
pub fn verdict_word(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or("not_compared", Outcome::as_str)
}

fn differences(verdict: &Verdict) -> Value {
    serde_json::to_value(&verdict.differences).unwrap_or_default()
}

/// `GET /partner/reports`: what the partner owes, what it filed, and what happened, under each of its agreements.
pub async fn owed(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let listed = async {
        let partner = partner(&web, &headers).await?;
        let mut agreements = Vec::new();
        for published in web.app.agreements().iter() {
            if published.agreement.partner_id != partner {
                continue;
            }
            let owes = web.app.reports_owed(published).await?;
            let mut periods = Vec::new();
            for owed in &owes.periods {
                let mut period = public(owed);
                if let Value::Object(members) = &mut period {
                    members.insert("events".to_owned(), json!(owed.row.notices));
                    let counting = owed.row.filings.last();
                    let verdict = match counting {
                        Some(filing) => web.app.report_verdict(&filing.hash).await?,
                        None => None,
                    };
                    let differences = verdict.as_ref().map(differences);
                    members.insert("differences".to_owned(), differences.unwrap_or_else(|| json!([])));
                }
                periods.push(period);
            }
            agreements.push(summary(&owes, periods));
        }
        Ok::<_, Failure>(json!({ "agreements": agreements }))
    };
    match listed.await {
        Ok(listed) => Json(listed).into_response(),
        Err(failure) => failure.into_problem(),
    }
}

/// `GET /register/{id}/{version}/reports.json`: what everyone may know. Sums, never cells.
pub async fn published(State(web): State<Arc<Web>>, Path((id, version)): Path<(String, String)>) -> Response {
    let listed = async {
        let published = find(&web, &id, &version)?;
        let owes = web.app.reports_owed(&published).await?;
        let periods = owes.periods.iter().map(public).collect();
        Ok::<_, Failure>(summary(&owes, periods))
    };
    match listed.await {
        Ok(listed) => Json(listed).into_response(),
        Err(failure) => failure.into_problem(),
    }
}

fn summary(owes: &Owes, periods: Vec<Value>) -> Value {
    json!({
        "agreement": owes.published.agreement.reference(),
        "partner": owes.published.agreement.partner_id,
        "owes_reports": owes.calendar.is_ok(),
        "why_not": owes.calendar.as_ref().err(),
        "periods": periods,
    })
}

fn public(owed: &Owed) -> Value {
    let filed: Vec<Value> = owed
        .row
        .filings
        .iter()
        .map(|filing| {
            json!({
                "revision": filing.revision,
                "hash": hex::encode(filing.hash),
                "at": filing.at,
                "verdict": verdict_word(filing.outcome),
                "compared": filing.compared,
                "found": filing.differences,
                "sends": filing.totals.sends,
                "clicks": filing.totals.clicks,
                "entry": filing.entry,
            })
        })
        .collect();
    json!({
        "period": owed.period,
        "last": owed.period.last(),
        "due": owed.period.ends(),
        "overdue_from": owed.overdue_from,
        "duty": owed.row.duty.state,
        "suspended": owed.row.suspended,
        "filed": filed,
    })
}

/// `GET /register/{id}/{version}/calendar.ics`: when reports are due (RFC 5545).
pub async fn calendar(State(web): State<Arc<Web>>, Path((id, version)): Path<(String, String)>) -> Response {
    let written = async {
        let published = find(&web, &id, &version)?;
        let calendar = report::Calendar::of(&published.agreement).map_err(|_| Failure::not_found())?;
        let reference = published.agreement.reference();
        // The same file as long as the agreement is the same: `DTSTAMP` is when it was published.
        let text = report::ical::write(&reference, &calendar, web.app.host(), published.published_at);
        Ok::<_, Failure>((text, format!("{}-{}.ics", reference.id, reference.version)))
    };
    match written.await {
        Ok((text, name)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
            ];
            (headers, text).into_response()
        }
        Err(failure) => failure.into_problem(),
    }
}

/// `GET /register/{id}/{version}/reports/{period}/receipt`: the proof that the log has the newest report of a period.
pub async fn receipt(
    State(web): State<Arc<Web>>,
    Path((id, version, period)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let found = async {
        let published = find(&web, &id, &version)?;
        let owed = period_of(&web, &published, &period).await?;
        let named = |hash: &[u8; 32]| query.get("report").is_none_or(|named| *named == hex::encode(hash));
        let filing = owed.row.filings.iter().rev().find(|filing| named(&filing.hash));
        let entry = filing.and_then(|filing| filing.entry).ok_or_else(Failure::not_found)?;
        Ok::<_, Failure>(web.app.report_receipt(entry).await?)
    };
    match found.await {
        Ok(receipt) => crate::log::text(receipt, "text/plain; charset=utf-8", "no-store"),
        Err(failure) => failure.into_problem(),
    }
}

/// One period that has begun.
pub async fn period_of(web: &Web, published: &Published, number: &str) -> Result<Owed, Failure> {
    let number: u32 = number.parse().map_err(|_| Failure::not_found())?;
    let owes = web.app.reports_owed(published).await?;
    let found = owes.periods.into_iter().find(|owed| owed.period.number == number);
    found.ok_or_else(Failure::not_found)
}

/// A published version.
pub fn find(web: &Web, id: &str, version: &str) -> Result<Published, Failure> {
    let id: AgreementId = id.parse().map_err(|_| Failure::not_found())?;
    let version = version.parse().map_err(|_| Failure::not_found())?;
    web.app
        .published(&AgreementRef { id, version })
        .ok_or_else(|| Error::NotFound.into())
}
