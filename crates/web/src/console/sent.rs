//! What partners send in a person's name, whom she mutes, and the links that recommendations lead by.

use super::conversation::partner_name;
use super::{Fields, chrome, sentence, show, show_as};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::{SignedIn, Visitor};
use app::mail::{parse_id, show_id};
use app::sends::{Muted, Outgoing, RECIPIENTS_LIMIT, SendRefused, Stage, Target};
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use model::{AccountId, Card, MessageId, PartnerId};
use pages::{ChoosePage, FriendPick, MutedRow, SentPage, SentRow, SentState, TitleCard};
use std::collections::HashMap;
use std::sync::Arc;

/// What programs that are nobody call themselves. Whoever says so is believed: a click is a person's.
const ROBOTS: [&str; 7] = ["bot", "crawl", "spider", "slurp", "preview", "externalhit", "scanner"];

type Posted = Result<Form<Vec<(String, String)>>, FormRejection>;

/// `GET /sent`.
pub async fn sent(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let notice = query.get("done").and_then(|word| match word.as_str() {
        "sent" => Some("It leaves in half a minute. Until then you can take it back."),
        "undone" => Some("It is not sent."),
        "muted" => Some("You get nothing more of that."),
        "heard" => Some("You hear of it again."),
        "reported" => Some("Those who run this place can read that message now."),
        _ => None,
    });
    match list(&web, &who, notice).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn list(web: &Web, who: &SignedIn, notice: Option<&str>) -> Result<SentPage, Failure> {
    let me = who.session.person.account;
    let rows = web.app.sent_in_my_name(me).await?;
    let mutes = web.app.mutes(me).await?;
    let friends = web.app.correspondents(me).await?;
    let partners = mutes.partners.iter().map(|id| MutedRow {
        name: partner_name(web, id.as_str()),
        field: "partner",
        value: id.to_string(),
    });
    let name = |id: &AccountId| friends.iter().find(|f| f.account == *id).map(|f| f.name.clone());
    let people = mutes.people.iter().map(|id| MutedRow {
        name: name(id).unwrap_or_else(|| "Someone".to_owned()),
        field: "person",
        value: id.to_string(),
    });
    Ok(SentPage {
        chrome: chrome(web, Some(&who.session)),
        notice: notice.map(str::to_owned),
        muted: partners.chain(people).collect(),
        rows: rows
            .into_iter()
            .map(|row| SentRow {
                id: show_id(row.id),
                partner: partner_name(web, row.outgoing.partner.as_str()),
                text: row.outgoing.text().to_owned(),
                card: row.outgoing.card().map(card),
                to: row.to,
                elsewhere: row.outgoing.to == Target::Elsewhere,
                at: row.outgoing.send_at().unwrap_or(row.outgoing.made_at),
                state: match row.outgoing.stage {
                    Stage::Draft => SentState::Draft,
                    Stage::Waiting { .. } => SentState::Waiting,
                    Stage::Sent { .. } => SentState::Sent,
                    Stage::Canceled { .. } => SentState::Canceled,
                },
            })
            .collect(),
    })
}

fn card(card: Card) -> TitleCard {
    TitleCard {
        name: card.name,
        year: card.year,
        link: None,
    }
}

/// `POST /sent/{key}/undo`.
pub async fn undo(State(web): State<Arc<Web>>, who: SignedIn, Path(key): Path<String>, form: Posted) -> Response {
    let done = async {
        who.check_form(Fields::new(form)?.get("csrf"))?;
        let id = parse_id(&key).ok_or_else(Failure::not_found)?;
        web.app.undo(who.session.person.account, id).await?;
        Ok::<_, Failure>(())
    };
    answered(&web, &who, done.await, "/sent?done=undone")
}

/// `POST /sent/mutes`: hears again of a partner or a person.
pub async fn mutes(State(web): State<Arc<Web>>, who: SignedIn, form: Posted) -> Response {
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let partner = fields.get("partner").parse::<PartnerId>().map(Muted::Partner);
        let person = || fields.get("person").parse::<AccountId>().map(Muted::Person);
        let whom = partner.or_else(|_| person()).map_err(|_| Failure::not_found())?;
        web.app.mute(who.session.person.account, &whom, false).await?;
        Ok::<_, Failure>(())
    };
    answered(&web, &who, done.await, "/sent?done=heard#muted")
}

/// `POST /sent/messages/{key}`: what to do about a message that came with a partner.
pub async fn unwanted(State(web): State<Arc<Web>>, who: SignedIn, Path(key): Path<String>, form: Posted) -> Response {
    let me = who.session.person.account;
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let id: MessageId = key.parse().map_err(|_| Failure::not_found())?;
        let found = web.app.messages_by_id(me, &[id]).await?.pop();
        let message = found.filter(|m| m.author != me).ok_or_else(Failure::not_found)?;
        let via = message.via.as_ref().ok_or_else(Failure::not_found)?;
        match fields.get("do") {
            "mute-partner" => web.app.mute(me, &Muted::Partner(via.partner.clone()), true).await?,
            "mute-person" => web.app.mute(me, &Muted::Person(message.author), true).await?,
            "report" => {
                web.app.report_message(me, id).await?;
                return Ok("/sent?done=reported");
            }
            _ => return Err(Failure::bad_request("This form says nothing to be done.")),
        }
        Ok("/sent?done=muted#muted")
    };
    match done.await {
        Ok(to) => Redirect::to(to).into_response(),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

fn answered(web: &Web, who: &SignedIn, done: Result<(), Failure>, to: &str) -> Response {
    match done {
        Ok(()) => Redirect::to(to).into_response(),
        Err(failure) => failure.into_page(web, Some(&who.session), &who.request),
    }
}

/// `GET /sent/{key}/choose`: whom a recommendation goes to, chosen here, so that the partner need not know.
pub async fn choose_form(State(web): State<Arc<Web>>, who: SignedIn, Path(key): Path<String>) -> Response {
    let page = async {
        let (_, draft) = draft_of(&web, &who, &key).await?;
        choose_page(&web, &who, &key, &draft, &[], None).await
    };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

/// `POST /sent/{key}/choose`.
pub async fn choose(State(web): State<Arc<Web>>, who: SignedIn, Path(key): Path<String>, form: Posted) -> Response {
    let me = who.session.person.account;
    let done = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let (id, draft) = draft_of(&web, &who, &key).await?;
        let friends: Vec<AccountId> = fields.all("friend").filter_map(|f| f.parse().ok()).collect();
        let note = fields.get("note").replace("\r\n", "\n");
        let Err(refused) = web.app.choose(me, id, &friends, &note).await? else {
            return Ok(Redirect::to("/sent?done=sent").into_response());
        };
        let (status, why) = why_not(&refused);
        let mut page = choose_page(&web, &who, &key, &draft, &friends, Some(why)).await?;
        page.note = note;
        Ok::<_, Failure>(show_as(status, &page))
    };
    match done.await {
        Ok(response) => response,
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

fn why_not(refused: &SendRefused) -> (StatusCode, String) {
    match refused {
        SendRefused::NoRecipients => (StatusCode::BAD_REQUEST, "Choose at least one.".to_owned()),
        SendRefused::TooManyRecipients(most) => (StatusCode::BAD_REQUEST, format!("Choose {most} at most.")),
        SendRefused::DayIsFull { most, .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("That would be more than {most} people today. Choose fewer, or come back tomorrow."),
        ),
        SendRefused::Invalid(_, why) => (StatusCode::BAD_REQUEST, sentence(why)),
        SendRefused::TooLate => (
            StatusCode::CONFLICT,
            "You took this back. Begin again over there.".to_owned(),
        ),
        SendRefused::Forbidden(_) | SendRefused::NotFound | SendRefused::InvalidRecipients(_) => (
            StatusCode::FORBIDDEN,
            "You do not allow this any more, or not in that conversation.".to_owned(),
        ),
    }
}

/// A draft of hers that recommends something and was not given to anyone yet.
async fn draft_of(web: &Web, who: &SignedIn, key: &str) -> Result<([u8; 16], Outgoing), Failure> {
    let id = parse_id(key).ok_or_else(Failure::not_found)?;
    let draft = web.app.in_my_name(who.session.person.account, id).await?;
    match draft.card().is_some() && draft.to != Target::Elsewhere {
        true => Ok((id, draft)),
        false => Err(Failure::not_found()),
    }
}

async fn choose_page(
    web: &Web,
    who: &SignedIn,
    key: &str,
    draft: &Outgoing,
    picked: &[AccountId],
    error: Option<String>,
) -> Result<ChoosePage, Failure> {
    let friends = web.app.correspondents(who.session.person.account).await?;
    Ok(ChoosePage {
        chrome: chrome(web, Some(&who.session)),
        id: key.to_owned(),
        partner: partner_name(web, draft.partner.as_str()),
        card: draft.card().map(card).ok_or_else(Failure::not_found)?,
        note: draft.text().to_owned(),
        friends: friends
            .into_iter()
            .map(|f| FriendPick {
                picked: picked.contains(&f.account),
                account: f.account,
                name: f.name,
            })
            .collect(),
        most: RECIPIENTS_LIMIT as u64,
        error,
    })
}

/// `GET /sent/{key}/back`: to the partner's own site, as it is registered.
pub async fn back(State(web): State<Arc<Web>>, who: SignedIn, Path(key): Path<String>) -> Response {
    let to = async {
        let (_, draft) = draft_of(&web, &who, &key).await?;
        let partner = web.app.partner(&draft.partner).ok_or_else(Failure::not_found)?;
        Ok::<_, Failure>(partner.website.clone())
    };
    match to.await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

/// `GET /r/{key}`: follows the link of a recommendation, and counts it if a person did.
pub async fn follow(
    State(web): State<Arc<Web>>,
    method: Method,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    if is_prefetch(&headers) {
        // Whoever looks ahead does not look: the browser asks again when someone clicks.
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, "no-store")]).into_response();
    }
    let followed = match method == Method::GET && !is_robot(&headers) {
        true => web.app.link_clicked(&token).await,
        false => web.app.link_target(&token).await,
    };
    match followed {
        Ok(followed) => (
            [
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
            ],
            Redirect::to(&followed.to),
        )
            .into_response(),
        Err(error) => Failure::from(error).into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    let names = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let says = |name: &&str| headers.get(*name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    names
        .iter()
        .map(|name| says(name).to_ascii_lowercase())
        .any(|v| v.contains("prefetch") || v.contains("preview"))
}

fn is_robot(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    agent.is_empty() || ROBOTS.iter().any(|word| agent.contains(word))
}
