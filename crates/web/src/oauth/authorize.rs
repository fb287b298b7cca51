//! The consent page (RFC 6749 section 4.1.1, RFC 9126 section 4): who asks, why, what leaves, until when, and less of each.

use super::form_encode;
use crate::Web;
use crate::console::{Fields, choices, chosen, chrome, show, show_as};
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use app::{Answer, AuthorizationRequest};
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{ClientId, Conversations, Field, FieldSet, Terms};
use pages::{Consent, Example, Friends};
use std::collections::HashMap;
use std::sync::Arc;

/// `GET /oauth/authorize`. Looking, even more than once, uses nothing up.
pub async fn ask(State(web): State<Arc<Web>>, who: SignedIn, Query(query): Query<HashMap<String, String>>) -> Response {
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let asked = Asked {
        client: get("client_id").to_owned(),
        uri: get("request_uri").to_owned(),
    };
    let page = async {
        let request = asked.request(&web).await?;
        let terms = Terms {
            fields: first_choice(request.terms.fields),
            ..request.terms.clone()
        };
        page(&web, &who, &asked, &request, &terms, Vec::new()).await
    };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

/// `POST /consent`.
pub async fn answer(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    match decide(&web, &who, form).await {
        Ok(response) => response,
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn decide(
    web: &Web,
    who: &SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Failure> {
    let fields = Fields::new(form)?;
    who.check_form(fields.get("csrf"))?;
    let asked = Asked::parse(fields.get("request"))?;
    let request = asked.request(web).await?;
    let client: ClientId = asked.client.parse().map_err(|_| Failure::not_found())?;
    let me = who.session.person.account;
    let terms = chosen(&fields, &request.terms);
    let agreed = match fields.get("action") {
        "refuse" => None,
        "agree" => {
            let errors = errors(&terms);
            if !errors.is_empty() {
                let page = page(web, who, &asked, &request, &terms, errors).await?;
                return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
            }
            Some(terms)
        }
        _ => return Ok(show(&page(web, who, &asked, &request, &terms, Vec::new()).await?)),
    };
    let answer = web.app.authorization_answer(me, &asked.uri, &client, agreed).await?;
    let location = location(&web.app.issuer, &answer);
    // 303, so that no form of ours is posted to the partner (FAPI 2.0 5.3.2.2 no. 11).
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// What is ticked at first: the least that is of use. Never `text`.
fn first_choice(asked: FieldSet) -> FieldSet {
    let least = asked.intersect(FieldSet::of(&[Field::Ranking, Field::Mentions]));
    if least.is_empty() {
        asked.intersect(FieldSet::of(&[Field::Envelope]))
    } else {
        least
    }
}

/// What must be put right before it can be agreed to.
fn errors(terms: &Terms) -> Vec<String> {
    let mut errors = Vec::new();
    if terms.fields.is_empty() {
        errors.push("Choose at least one thing that may be read, or refuse.".to_owned());
    }
    if matches!(&terms.conversations, Conversations::Only(ids) if ids.is_empty()) {
        errors.push("Choose at least one conversation, or refuse.".to_owned());
    }
    errors
}

/// Which pushed request a page or form is about.
struct Asked {
    client: String,
    uri: String,
}

impl Asked {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (client, uri) = text.split_once(' ').ok_or_else(Failure::not_found)?;
        Ok(Self {
            client: client.to_owned(),
            uri: uri.to_owned(),
        })
    }

    fn name(&self) -> String {
        format!("{} {}", self.client, self.uri)
    }

    async fn request(&self, web: &Web) -> Result<AuthorizationRequest, Failure> {
        let gone = "This request is not valid any more. Go back to where you came from and start again.";
        let client: ClientId = self.client.parse().map_err(|_| Failure::bad_request(gone))?;
        web.app
            .authorization_request(&self.uri, &client)
            .await
            .map_err(|error| match error {
                app::Error::NotFound => Failure::bad_request(gone),
                other => other.into(),
            })
    }
}

async fn page(
    web: &Web,
    who: &SignedIn,
    asked: &Asked,
    request: &AuthorizationRequest,
    terms: &Terms,
    errors: Vec<String>,
) -> Result<Consent, Failure> {
    let me = who.session.person.account;
    let published = web.app.published(&request.agreement).ok_or_else(Failure::not_found)?;
    let agreement = published.agreement;
    let examples = web.app.examples(me, &request.partner, &terms.conversations, 3).await?;
    let friends = web.app.friends(me, &request.partner, &terms.conversations).await?;
    Ok(Consent {
        chrome: chrome(web, Some(&who.session)),
        request: asked.name(),
        partner: agreement.partner.name.clone(),
        why: agreement.why.clone(),
        purpose: request.terms.purpose,
        actions: request.terms.actions.iter().copied().collect(),
        agreement: request.agreement.clone(),
        choices: choices(web, me, &request.terms, terms).await?,
        examples: examples
            .into_iter()
            .map(|e| Example {
                text: e.message.text,
                conversation: e.conversation,
                at: e.message.sent_at,
                mentions: e.mentions,
            })
            .collect(),
        friends: Friends {
            people: friends.people,
            allow: friends.allow,
            withhold: friends.withhold,
            ask: friends.ask,
        },
        retention_days: u64::from(agreement.retention_days),
        report_days: u64::from(agreement.report.period_days),
        breach_contact: agreement.partner.breach_contact.clone(),
        price: agreement.price.clone(),
        errors,
    })
}

/// Back to the partner: the code or `access_denied`, its state, and our name (RFC 9207).
fn location(issuer: &str, answer: &Answer) -> String {
    let mut location = answer.redirect_uri.clone();
    location.push(if location.contains('?') { '&' } else { '?' });
    match &answer.code {
        Some(code) => location.push_str(&format!("code={}", form_encode(code))),
        None => location.push_str("error=access_denied"),
    }
    if let Some(state) = &answer.state {
        location.push_str(&format!("&state={}", form_encode(state)));
    }
    location.push_str(&format!("&iss={}", form_encode(issuer)));
    location
}
