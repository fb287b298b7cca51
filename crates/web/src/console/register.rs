//! The public register of agreements.

use super::{chrome, show};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::Visitor;
use app::Published;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use model::{AgreementId, AgreementRef, Standing};
use pages::{AgreementDiff, AgreementPage, Register, RegisterRow};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// `GET /register`.
pub async fn register(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    let mut newest: BTreeMap<AgreementId, &Published> = BTreeMap::new();
    let all = web.app.agreements();
    for published in all.iter() {
        newest.insert(published.agreement.id.clone(), published);
    }
    show(&Register {
        chrome: chrome(&web, visitor.session.as_ref()),
        now: web.app.now(),
        agreements: newest
            .into_values()
            .map(|published| {
                let a = &published.agreement;
                RegisterRow {
                    reference: a.reference(),
                    partner: a.partner.name.clone(),
                    purposes: a.purposes.iter().copied().collect(),
                    fields: a.fields,
                    starts: a.starts,
                    ends: a.ends,
                    standing: standing(&web, &a.reference()),
                }
            })
            .collect(),
    })
}

/// `GET /register/{id}/{version}`.
pub async fn agreement(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, version)): Path<(String, String)>,
) -> Response {
    let page = || {
        let published = find(&web, &id, number(&version)?)?;
        Ok::<_, Failure>(AgreementPage {
            chrome: chrome(&web, visitor.session.as_ref()),
            now: web.app.now(),
            versions: web
                .app
                .agreement_versions(&published.agreement.id)
                .iter()
                .map(|p| p.agreement.version)
                .collect(),
            agreement: (*published.agreement).clone(),
            standing: standing(&web, &published.agreement.reference()),
            note: published.note,
            index: published.index,
            published_at: published.published_at,
        })
    };
    match page() {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

/// `GET /register/{id}/{version}/changes`: since the version before, or since `?since=`.
pub async fn changes(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, version)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let page = || {
        let newer = find(&web, &id, number(&version)?)?;
        let since = query
            .get("since")
            .and_then(|n| n.parse().ok())
            .unwrap_or(newer.agreement.version.saturating_sub(1));
        let older = find(&web, &id, since)?;
        AgreementDiff::between(
            chrome(&web, visitor.session.as_ref()),
            &older.agreement,
            &newer.agreement,
        )
        .map_err(|e| Failure::bad_request(e.to_string()))
    };
    match page() {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

/// Where a published version stands.
pub fn standing(web: &Web, reference: &AgreementRef) -> Standing {
    web.app.register().standing(reference).unwrap_or(Standing::Good)
}

fn number(version: &str) -> Result<u32, Failure> {
    version.parse().map_err(|_| Failure::not_found())
}

fn find(web: &Web, id: &str, version: u32) -> Result<Published, Failure> {
    let id: AgreementId = id.parse().map_err(|_| Failure::not_found())?;
    web.app
        .published(&AgreementRef { id, version })
        .ok_or_else(Failure::not_found)
}
