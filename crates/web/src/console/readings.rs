//! Who has read my messages: every disclosure, with its proof.

use super::conversation::partner_name;
use super::{chrome, show};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use app::{Event, Reading};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::{Purpose, Time};
use pages::{Happened, ReadingPage, ReadingRow, Told, Total, WhoHasRead};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const PAGE: usize = 50;
/// Entries that the chart and the totals look back over.
const ENTRIES: usize = 2_000;
const WEEKS: i64 = 12;
/// Messages of one disclosure that are listed.
const TOLD: usize = 50;

/// `GET /readings`.
pub async fn readings(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let before = query.get("before").and_then(|n| n.parse().ok());
    match list(&web, &who, before).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn list(web: &Web, who: &SignedIn, before: Option<u64>) -> Result<WhoHasRead, Failure> {
    let me = who.session.person.account;
    let recent = web.app.readings(me, None, ENTRIES).await?;
    let page = match before {
        None => recent.iter().take(PAGE).cloned().collect(),
        Some(_) => web.app.readings(me, before, PAGE).await?,
    };
    let older = page
        .last()
        .filter(|r| page.len() == PAGE && r.seq > 0)
        .map(|r| format!("/readings?before={}", r.seq));
    let mut totals: BTreeMap<String, Total> = BTreeMap::new();
    let disclosures: Vec<&Reading> = recent.iter().filter(|r| r.event == Event::Disclosure).collect();
    for reading in &disclosures {
        let partner = partner_name(web, &reading.partner);
        let total = totals.entry(partner.clone()).or_insert(Total {
            partner,
            readings: 0,
            messages: 0,
            last: reading.at,
        });
        total.readings += 1;
        total.messages += reading.messages;
        total.last = total.last.max(reading.at);
    }
    let partners: Vec<String> = totals.keys().cloned().collect();
    Ok(WhoHasRead {
        chrome: chrome(web, Some(&who.session)),
        weeks: weeks(web, &partners, &disclosures),
        partners,
        totals: totals.into_values().collect(),
        entries: page.iter().map(|r| row(web, r)).collect(),
        older,
        receipts: Some(super::receipts::PATH.to_owned()),
    })
}

fn weeks(web: &Web, partners: &[String], disclosures: &[&Reading]) -> Vec<(Time, Vec<u32>)> {
    let this_week = web.app.now().week();
    (0..WEEKS)
        .rev()
        .map(|back| this_week.plus_days(-7 * back))
        .map(|monday| {
            let told = |partner: &String| {
                let of_week = disclosures
                    .iter()
                    .filter(|r| r.at.week() == monday && partner_name(web, &r.partner) == *partner)
                    .map(|r| r.messages)
                    .sum::<u64>();
                u32::try_from(of_week).unwrap_or(u32::MAX)
            };
            (monday, partners.iter().map(told).collect())
        })
        .collect()
}

fn row(web: &Web, reading: &Reading) -> ReadingRow {
    ReadingRow {
        index: reading.index,
        happened: happened(reading.event),
        at: reading.at,
        partner: partner_name(web, &reading.partner),
        purpose: purpose(reading),
        fields: reading.fields,
        messages: reading.messages,
        withheld: reading.withheld,
        people: None,
    }
}

fn happened(event: Event) -> Happened {
    match event {
        Event::Disclosure => Happened::Read,
        Event::Grant => Happened::Agreed,
        Event::Narrowing => Happened::Narrowed,
        Event::Revocation => Happened::TakenBack,
        Event::Say => Happened::Say,
        Event::Erasure => Happened::Erased,
        Event::Sent => Happened::Sent,
        Event::Removal => Happened::Removed,
        Event::Padding => Happened::Nothing,
    }
}

fn purpose(reading: &Reading) -> Option<Purpose> {
    serde_json::from_value(serde_json::Value::String(reading.purpose.clone())).ok()
}

/// `GET /readings/{index}`.
pub async fn reading(State(web): State<Arc<Web>>, who: SignedIn, Path(index): Path<String>) -> Response {
    let page = async { one(&web, &who, number(&index)?).await };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn one(web: &Web, who: &SignedIn, index: u64) -> Result<ReadingPage, Failure> {
    let me = who.session.person.account;
    let reading = web.app.reading(me, index).await?;
    let receipt = web.app.receipt_of_person(me, index).await?;
    let checked = web.app.receipt_check(&receipt);
    let (size, root) = match &checked {
        Ok(opened) => (opened.checkpoint.size, base64(&opened.checkpoint.root)),
        Err(_) => (0, String::new()),
    };
    let listed = reading.told.get(..TOLD).unwrap_or(&reading.told);
    let titles = super::allowances::titles(web, me).await?;
    let catalogue = match reading.partner.parse() {
        Ok(partner) => web.app.catalogue(&partner).await?,
        Err(_) => None,
    };
    let mut told = Vec::new();
    for message in web.app.messages_by_id(me, listed).await? {
        let talk = web.app.talk(me, message.conversation).await?.conversation;
        told.push(Told {
            conversation: message.conversation,
            title: titles.get(&message.conversation).cloned().unwrap_or_default(),
            author: talk.name_of(message.author).unwrap_or("Someone who left").to_owned(),
            own: message.author == me,
            at: message.sent_at,
            mentions: catalogue.as_ref().map(|c| c.named(&message.text)).unwrap_or_default(),
            text: message.text,
        });
    }
    // A proof's hashes stand between its index and the empty line before the checkpoint.
    let steps = receipt
        .lines()
        .skip_while(|l| !l.starts_with("index "))
        .skip(1)
        .take_while(|l| !l.is_empty())
        .count();
    Ok(ReadingPage {
        chrome: chrome(web, Some(&who.session)),
        index,
        seq: reading.seq,
        happened: happened(reading.event),
        at: reading.at,
        partner: partner_name(web, &reading.partner),
        agreement: reading.agreement.parse().ok(),
        purpose: purpose(&reading),
        fields: reading.fields,
        messages: reading.messages,
        withheld: reading.withheld,
        more: (reading.told.len() - listed.len()) as u64,
        told,
        verified: checked.is_ok(),
        size,
        steps: steps as u64,
        root,
        command: format!(
            "privity-verify receipt {} --key '{}'",
            file_name(index),
            web.app.log_key()
        ),
    })
}

/// `GET /readings/{index}/receipt`: the tlog-proof file.
pub async fn receipt(State(web): State<Arc<Web>>, who: SignedIn, Path(index): Path<String>) -> Response {
    let found = async {
        let index = number(&index)?;
        let receipt = web.app.receipt_of_person(who.session.person.account, index).await?;
        Ok::<_, Failure>((index, receipt))
    };
    match found.await {
        Ok((index, receipt)) => {
            let disposition = format!("attachment; filename=\"{}\"", file_name(index));
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, disposition),
            ];
            (headers, receipt).into_response()
        }
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

/// An entry's number in an address.
fn number(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

fn file_name(index: u64) -> String {
    format!("receipt-{index}.tlog-proof")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}
