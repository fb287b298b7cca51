//! Allowing a partner less.

use super::allowances::{finish, titles};
use super::conversation::partner_name;
use super::{Fields, chrome, show, show_as};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{AccountId, Conversations, Grant, GrantId, Terms};
use pages::{Choices, Narrow, TalkPick};
use std::sync::Arc;

/// `GET /allowances/{grant}/narrow`.
pub async fn narrow_form(State(web): State<Arc<Web>>, who: SignedIn, Path(id): Path<String>) -> Response {
    let page = async {
        let me = who.session.person.account;
        let grant = grant(&web, me, &id).await?;
        page(&web, &who, &grant, &grant.terms, Vec::new()).await
    };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn page(web: &Web, who: &SignedIn, grant: &Grant, terms: &Terms, errors: Vec<String>) -> Result<Narrow, Failure> {
    Ok(Narrow {
        chrome: chrome(web, Some(&who.session)),
        id: grant.id,
        partner: partner_name(web, grant.partner.as_str()),
        purpose: grant.terms.purpose,
        choices: choices(web, who.session.person.account, &grant.terms, terms).await?,
        errors,
    })
}

/// `POST /allowances/{grant}/narrow`.
pub async fn narrow(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(id): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let me = who.session.person.account;
        let grant = grant(&web, me, &id).await?;
        let terms = chosen(&fields, &grant.terms);
        let errors = errors(&terms);
        if !errors.is_empty() {
            return Ok(Some(page(&web, &who, &grant, &terms, errors).await?));
        }
        web.app.grant_narrow(me, grant.id, terms).await?;
        Ok(None)
    };
    match done.await {
        Ok(Some(page)) => show_as(StatusCode::UNPROCESSABLE_ENTITY, &page),
        Ok(None) => finish(&web, &who, Ok(()), "/allowances?done=narrowed"),
        Err(failure) => finish(&web, &who, Err(failure), "/allowances"),
    }
}

/// What is left must be something: nothing at all is what taking it back is for.
fn errors(terms: &Terms) -> Vec<String> {
    let mut errors = Vec::new();
    if terms.fields.is_empty() {
        errors.push("Leave at least one thing that may be read, or take it all back.".to_owned());
    }
    if matches!(&terms.conversations, Conversations::Only(ids) if ids.is_empty()) {
        errors.push("Tick at least one conversation, or take it all back.".to_owned());
    }
    errors
}

async fn grant(web: &Web, me: AccountId, id: &str) -> Result<Grant, Failure> {
    let id: GrantId = id.parse().map_err(|_| Failure::not_found())?;
    let live = |g: &Grant| g.id == id && g.is_live(web.app.now());
    web.app
        .grants(me)
        .await?
        .into_iter()
        .find(live)
        .ok_or_else(Failure::not_found)
}

/// What a form chooses of what is offered. More than that is not taken.
pub fn chosen(fields: &Fields, offered: &Terms) -> Terms {
    let conversations = match (fields.conversations(), &offered.conversations) {
        (Conversations::All, offered) => offered.clone(),
        (only, Conversations::All) => only,
        (Conversations::Only(picked), Conversations::Only(offered)) => {
            Conversations::Only(picked.intersection(offered).copied().collect())
        }
    };
    Terms {
        purpose: offered.purpose,
        actions: offered.actions.clone(),
        fields: fields.levels().intersect(offered.fields),
        conversations,
        until: fields.until().unwrap_or(offered.until).min(offered.until),
    }
}

/// The choices of a form: what is offered, and what is chosen of it.
pub async fn choices(web: &Web, me: AccountId, offered: &Terms, chosen: &Terms) -> Result<Choices, Failure> {
    let names = titles(web, me).await?;
    let mut talks = Vec::new();
    let all = chosen.conversations == Conversations::All;
    for talk in web.app.talks(me).await? {
        if offered.conversations.contains(talk.conversation.id) && !talk.conversation.end_to_end {
            talks.push(TalkPick {
                id: talk.conversation.id,
                title: names.get(&talk.conversation.id).cloned().unwrap_or_default(),
                people: talk
                    .conversation
                    .participants
                    .iter()
                    .filter(|p| p.account != me)
                    .count() as u64,
                last: talk.last_at,
                // Whoever goes from all to some starts with none.
                picked: !all && chosen.conversations.contains(talk.conversation.id),
            });
        }
    }
    Ok(Choices {
        offered: offered.fields,
        chosen: chosen.fields,
        may_all: offered.conversations == Conversations::All,
        all,
        talks,
        until: chosen.until,
        latest: offered.until,
        now: web.app.now(),
    })
}
