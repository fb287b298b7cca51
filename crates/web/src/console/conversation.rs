//! One conversation: read it, write into it, see who was told what of it.

use super::{Fields, chrome, sentence, show, show_as};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use app::{Catalogue, Cursor, Reading};
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use model::{AccountId, ConversationId, Message, MessageId, PartnerId};
use pages::{Bubble, Connected, ConversationPage, Piece, Reader, SentWith, TitleCard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const PAGE: usize = 50;
/// Entries that are looked through for who read which message.
const ENTRIES: usize = 200;

/// `GET /conversations/{id}`.
pub async fn conversation(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let before = query.get("before").map(String::as_str);
    match page(&web, &who, &id, before).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

/// `POST /conversations/{id}/messages`.
pub async fn send(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(id): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let sent = async {
        let fields = Fields::new(form)?;
        who.check_form(fields.get("csrf"))?;
        let talk: ConversationId = id.parse().map_err(|_| Failure::not_found())?;
        let sent = web
            .app
            .send(
                who.session.person.account,
                talk,
                fields.get("text"),
                fields.get("nonce"),
            )
            .await;
        Ok::<_, Failure>((fields, sent))
    };
    match sent.await {
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
        Ok((_, Ok(_))) => Redirect::to(&format!("/conversations/{id}#latest")).into_response(),
        Ok((fields, Err(error))) => {
            let failure = Failure::from(error);
            // What was written is not lost: the page comes back with it.
            match page(&web, &who, &id, None).await {
                Ok(page) if failure.status != StatusCode::NOT_FOUND => {
                    let page = ConversationPage {
                        draft: fields.get("text").to_owned(),
                        error: Some(sentence(&failure.detail)),
                        nonce: fields.get("nonce").to_owned(),
                        ..page
                    };
                    show_as(failure.status, &page)
                }
                _ => failure.into_page(&web, Some(&who.session), &who.request),
            }
        }
    }
}

async fn page(web: &Web, who: &SignedIn, id: &str, before: Option<&str>) -> Result<ConversationPage, Failure> {
    let me = who.session.person.account;
    let id: ConversationId = id.parse().map_err(|_| Failure::not_found())?;
    let talk = web.app.talk(me, id).await?.conversation;
    let cursor = before.map(place).transpose()?;
    let mut messages = web.app.messages_in(me, id, cursor, PAGE + 1).await?;
    let has_older = messages.len() > PAGE;
    messages.truncate(PAGE);
    let older = messages
        .last()
        .filter(|_| has_older)
        .map(|m| format!("/conversations/{id}?before={}", place_name(m)));
    messages.reverse();

    let mut readers = readers(web, &web.app.readings(me, None, ENTRIES).await?);
    let connected = connected(web, me, id).await?;
    let catalogue = catalogue(web, &connected).await?;
    let messages = messages
        .into_iter()
        .map(|message| {
            let read_by = readers.remove(&message.id).unwrap_or_default();
            // Titles are marked where they were told, and nowhere else.
            let catalogue = catalogue.as_deref().filter(|_| !read_by.is_empty());
            Bubble {
                id: message.id,
                author: talk.name_of(message.author).unwrap_or("Someone who left").to_owned(),
                own: message.author == me,
                at: message.sent_at,
                read_by,
                via: sent_with(web, me, &message),
                text: pieces(catalogue, &message),
                attachments: message.attachments,
            }
        })
        .collect();
    Ok(ConversationPage {
        chrome: chrome(web, Some(&who.session)),
        now: web.app.now(),
        id,
        title: talk.title_for(me),
        participants: talk
            .participants
            .iter()
            .filter(|p| p.account != me)
            .map(|p| p.name.clone())
            .collect(),
        end_to_end: talk.end_to_end,
        messages,
        older,
        newer: before.map(|_| format!("/conversations/{id}")),
        connected,
        nonce: web.app.fresh_name(),
        draft: String::new(),
        error: None,
    })
}

/// How a message was sent that its author did not send by hand. The link is hers alone: made from the message and its reader.
fn sent_with(web: &Web, me: AccountId, message: &Message) -> Option<SentWith> {
    let via = message.via.as_deref()?;
    let link = |_: &model::Card| {
        let token = web.app.link_token(message.id, &via.agreement, message.sent_at);
        format!("/r/{token}")
    };
    Some(SentWith {
        partner: partner_name(web, via.partner.as_str()),
        card: via.card.as_ref().map(|card| TitleCard {
            name: card.name.clone(),
            year: card.year,
            link: Some(card).filter(|_| message.author != me).map(link),
        }),
    })
}

fn readers(web: &Web, readings: &[Reading]) -> HashMap<MessageId, Vec<Reader>> {
    let mut by_message: HashMap<MessageId, Vec<Reader>> = HashMap::new();
    for reading in readings {
        for id in &reading.told {
            by_message.entry(*id).or_default().push(Reader {
                partner: partner_name(web, &reading.partner),
                at: reading.at,
                fields: reading.fields,
                index: reading.index,
            });
        }
    }
    by_message
}

/// The name of a partner, or its id if it is gone.
pub fn partner_name(web: &Web, id: &str) -> String {
    let known = id.parse::<PartnerId>().ok().and_then(|id| web.app.partner(&id));
    known.map_or_else(|| id.to_owned(), |partner| partner.name.clone())
}

/// The partners she let in, and those that asked for what she writes here.
async fn connected(web: &Web, me: AccountId, talk: ConversationId) -> Result<Vec<Connected>, Failure> {
    let now = web.app.now();
    let says = web.app.says(me).await?;
    let mut found: BTreeMap<PartnerId, Option<String>> = BTreeMap::new();
    for ask in web.app.asks(me).await? {
        if ask.ask.conversation == talk {
            let friend = web
                .app
                .person(ask.ask.asked_for)
                .await?
                .map_or("A friend".to_owned(), |p| p.name);
            found.insert(ask.ask.partner, Some(friend));
        }
    }
    for grant in web.app.grants(me).await? {
        if grant.is_live(now) && grant.terms.conversations.contains(talk) {
            found.insert(grant.partner, None);
        }
    }
    Ok(found
        .into_iter()
        .map(|(partner, by)| Connected {
            name: partner_name(web, partner.as_str()),
            choice: says.about(&partner, talk),
            partner,
            by,
        })
        .collect())
}

/// The catalogue to mark titles by: that of the first partner she let in.
async fn catalogue(web: &Web, connected: &[Connected]) -> Result<Option<Arc<Catalogue>>, Failure> {
    match connected.iter().find(|c| c.by.is_none()) {
        Some(partner) => Ok(web.app.catalogue(&partner.partner).await?),
        None => Ok(None),
    }
}

fn pieces(catalogue: Option<&Catalogue>, message: &Message) -> Vec<Piece> {
    let pieces = match catalogue {
        Some(catalogue) => catalogue.pieces(&message.text),
        None => vec![(message.text.clone(), None)],
    };
    pieces.into_iter().map(|(text, title)| Piece { text, title }).collect()
}

/// A place in a conversation, as a link names it: `milliseconds-id`.
fn place_name(message: &Message) -> String {
    format!("{}-{}", message.sent_at.0, message.id)
}

fn place(text: &str) -> Result<Cursor, Failure> {
    let parts = text
        .rsplit_once('-')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let (sent_at, id): (i64, MessageId) =
        parts.ok_or_else(|| Failure::bad_request("This link does not lead anywhere."))?;
    Ok(Cursor { sent_at, id: id.0 })
}
