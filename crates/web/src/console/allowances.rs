//! What a person allows: her grants, her says, and the questions that wait for her.

use super::conversation::partner_name;
use super::{Fields, chrome, show};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use app::About;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use model::{AccountId, Choice, ConversationId, Conversations, PartnerId, Standing};
use pages::{Allowances, AskCard, GrantCard, PartnerSay, TalkSay, choice_of};
use std::collections::HashMap;
use std::sync::Arc;

/// Entries that are looked through for how often a grant was used.
const ENTRIES: usize = 2_000;

/// `GET /allowances`.
pub async fn allowances(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let notice = query.get("done").and_then(|word| match word.as_str() {
        "revoked" => Some("Taken back. From now on it can read nothing."),
        "narrowed" => Some("Done. It holds from now on."),
        "said" => Some("Done. It holds from now on, in every friend’s inbox."),
        "answered" => Some("Answered."),
        _ => None,
    });
    match page(&web, &who, notice).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn page(web: &Web, who: &SignedIn, notice: Option<&str>) -> Result<Allowances, Failure> {
    let me = who.session.person.account;
    web.app.consent_settle(me).await?;
    let titles = titles(web, me).await?;
    let title = |id: &ConversationId| titles.get(id).cloned().unwrap_or_else(|| "A conversation".to_owned());
    let readings = web.app.readings(me, None, ENTRIES).await?;
    let says = web.app.says(me).await?;

    let mut asks = Vec::new();
    for open in web.app.asks(me).await? {
        let agreement = web.app.published(&open.ask.agreement);
        asks.push(AskCard {
            key: hex::encode(open.key),
            partner: partner_name(web, open.ask.partner.as_str()),
            asked_for: web
                .app
                .person(open.ask.asked_for)
                .await?
                .map_or("A friend".to_owned(), |p| p.name),
            conversation: title(&open.ask.conversation),
            fields: open.ask.fields,
            purpose: agreement
                .and_then(|p| p.agreement.purposes.first().copied())
                .unwrap_or(model::Purpose::Recommendations),
            agreement: open.ask.agreement,
            until: open.ask.until,
            asked_at: open.ask.asked_at,
        });
    }
    let now = web.app.now();
    let mut grants: Vec<_> = web.app.grants(me).await?;
    grants.sort_by_key(|g| !g.is_live(now));
    let grants = grants
        .into_iter()
        .map(|grant| {
            let id = grant.id.to_string();
            let uses = || {
                readings
                    .iter()
                    .filter(|r| r.grant == id && r.event == app::Event::Disclosure)
            };
            GrantCard {
                suspended: web.app.register().standing(&grant.agreement) == Some(Standing::Suspended),
                id: grant.id,
                partner: partner_name(web, grant.partner.as_str()),
                purpose: grant.terms.purpose,
                fields: grant.terms.fields,
                conversations: match &grant.terms.conversations {
                    Conversations::All => None,
                    Conversations::Only(ids) => Some(ids.iter().map(title).collect()),
                },
                agreement: grant.agreement,
                since: grant.created_at,
                until: grant.terms.until,
                state: grant.state,
                readings: uses().count() as u64,
                last: uses().map(|r| r.at).max(),
            }
        })
        .collect();
    Ok(Allowances {
        chrome: chrome(web, Some(&who.session)),
        notice: notice.map(str::to_owned),
        asks,
        grants,
        default: says.default,
        partners: web
            .app
            .partners()
            .iter()
            .map(|p| PartnerSay {
                partner: p.id.clone(),
                name: p.name.clone(),
                choice: says.partners.get(&p.id).copied(),
            })
            .collect(),
        conversations: says
            .conversations
            .iter()
            .flat_map(|(talk, by_partner)| by_partner.iter().map(move |(partner, choice)| (talk, partner, choice)))
            .map(|(talk, partner, choice)| TalkSay {
                name: partner_name(web, partner.as_str()),
                partner: partner.clone(),
                conversation: *talk,
                title: title(talk),
                choice: Some(*choice),
            })
            .collect(),
    })
}

/// What her conversations are called.
pub async fn titles(web: &Web, me: AccountId) -> Result<HashMap<ConversationId, String>, Failure> {
    let talks = web.app.talks(me).await?;
    Ok(talks
        .into_iter()
        .map(|t| (t.conversation.id, t.conversation.title_for(me)))
        .collect())
}

/// `POST /allowances/{grant}/revoke`.
pub async fn revoke(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(grant): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let done = async {
        who.check_form(Fields::new(form)?.get("csrf"))?;
        let grant = grant.parse().map_err(|_| Failure::not_found())?;
        Ok(web.app.grant_revoke(who.session.person.account, grant).await?)
    };
    finish(&web, &who, done.await, "/allowances?done=revoked")
}

/// `POST /allowances/says`.
pub async fn say(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let mut back = "/allowances?done=said".to_owned();
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let wrong = || Failure::bad_request("This form cannot be read.");
        let choice = choice_of(fields.get("choice")).ok_or_else(wrong)?;
        let partner = || -> Result<PartnerId, Failure> {
            let id: PartnerId = fields.get("partner").parse().map_err(|_| wrong())?;
            web.app
                .partner(&id)
                .map(|p| p.id.clone())
                .ok_or_else(Failure::not_found)
        };
        let about = match fields.get("about") {
            "everyone" => About::Everyone,
            "partner" => About::Partner(partner()?),
            "conversation" => {
                let talk: ConversationId = fields.get("conversation").parse().map_err(|_| wrong())?;
                web.app.talk(who.session.person.account, talk).await?;
                if fields.get("back") == "conversation" {
                    back = format!("/conversations/{talk}");
                }
                About::Conversation(partner()?, talk)
            }
            _ => return Err(wrong()),
        };
        Ok(web.app.say(who.session.person.account, about, choice).await?)
    };
    let done = done.await;
    finish(&web, &who, done, &back)
}

/// `POST /allowances/asks/{key}`.
pub async fn ask_answer(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(key): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let me = who.session.person.account;
        let mut name = [0u8; 16];
        hex::decode_to_slice(&key, &mut name).map_err(|_| Failure::not_found())?;
        let open = web
            .app
            .asks(me)
            .await?
            .into_iter()
            .find(|a| a.key == name)
            .ok_or_else(Failure::not_found)?;
        let (choice, always) = match fields.get("answer") {
            "allow" => (Choice::Allow(open.ask.fields), false),
            "refuse" => (Choice::Withhold, false),
            "always-refuse" => (Choice::Withhold, true),
            _ => return Err(Failure::bad_request("This form cannot be read.")),
        };
        Ok(web.app.ask_answer(me, name, choice, always).await?)
    };
    finish(&web, &who, done.await, "/allowances?done=answered")
}

/// Back to a page, or to the page of what went wrong.
pub fn finish(web: &Web, who: &SignedIn, done: Result<(), Failure>, back: &str) -> Response {
    match done {
        Ok(()) => Redirect::to(back).into_response(),
        Err(failure) => failure.into_page(web, Some(&who.session), &who.request),
    }
}
