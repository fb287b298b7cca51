//! JMAP: our own reading of RFC 8620 and 8621 against the real binary, and existing clients beside it.

mod ask;
mod clients;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod core;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod email;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod mailbox;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod query;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod sending;
#[allow(clippy::indexing_slicing, reason = "an index that is not there is a failed check")]
mod write;

use crate::server::{PASSWORD, Server, connect};
use anyhow::{Context, bail, ensure};
use ask::{Ask, at};
use serde_json::{Value, json};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wire::oauth::Field;

/// One check of ours.
pub struct Case {
    method: &'static str,
    section: &'static str,
    what: &'static str,
    run: fn(&Ask) -> anyhow::Result<()>,
}

macro_rules! cases {
    ($($method:literal $section:literal $what:literal => $run:expr;)+) => {
        &[$($crate::conformance::jmap::Case { method: $method, section: $section, what: $what, run: $run }),+]
    };
}
use cases;

/// Every method of RFC 8620 and RFC 8621.
const METHODS: [&str; 33] = [
    "Core/echo",
    "Blob/copy",
    "PushSubscription/get",
    "PushSubscription/set",
    "Mailbox/get",
    "Mailbox/changes",
    "Mailbox/query",
    "Mailbox/queryChanges",
    "Mailbox/set",
    "Thread/get",
    "Thread/changes",
    "Email/get",
    "Email/changes",
    "Email/query",
    "Email/queryChanges",
    "Email/set",
    "Email/copy",
    "Email/import",
    "Email/parse",
    "SearchSnippet/get",
    "Identity/get",
    "Identity/changes",
    "Identity/set",
    "EmailSubmission/get",
    "EmailSubmission/changes",
    "EmailSubmission/query",
    "EmailSubmission/queryChanges",
    "EmailSubmission/set",
    "VacationResponse/get",
    "VacationResponse/set",
    "upload",
    "download",
    "EventSource",
];

/// What came of a check.
pub enum Outcome {
    Pass,
    Fail(String),
    NotOffered,
    Skipped(String),
}

/// A line of the table.
pub struct Row {
    who: String,
    method: String,
    section: String,
    what: String,
    outcome: Outcome,
}

/// Runs everything; an error if anything failed. `only`: checks whose method or description has this text.
pub fn run(only: Option<&str>, with_clients: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let front = match with_clients {
        true => clients::Front::open(folder.path())?,
        false => None,
    };
    let reached = front.as_ref().map(|front| (front.origin(), front.authority.clone()));
    let mut server = Server::install_binary(folder.path(), super::built()?, Vec::new(), reached)?;
    if let Some(front) = &front {
        server.listen_on(&front.backend);
    }
    server.start()?;
    let ask = people(&server)?;
    let mut rows = own(&ask, only);
    if only.is_none() {
        rows.extend(methods(&ask)?);
    }
    if with_clients && only.is_none() {
        match &front {
            Some(front) => rows.extend(clients::run(&server, front)?),
            None => rows.push(skipped("existing clients", "python3 or openssl is not installed")),
        }
    }
    table(&rows, out)?;
    let failed = rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Fail(_)))
        .count();
    ensure!(failed == 0, "{failed} of {} checks failed", rows.len());
    Ok(())
}

fn skipped(who: &str, why: &str) -> Row {
    Row {
        who: who.to_owned(),
        method: String::new(),
        section: String::new(),
        what: String::new(),
        outcome: Outcome::Skipped(why.to_owned()),
    }
}

/// Two people who talk to each other, and an app of each.
fn people(server: &Server) -> anyhow::Result<Ask> {
    server.people(&["ana", "ben"])?;
    let (export, people) = (server.path("export.jsonl"), server.path("people.csv"));
    let messages: Vec<Value> = (0..40)
        .map(|n| json!({"timeOffset": n * 60, "text": format!("Message {n}: have you seen it?"), "senderWorkerId": 1 + n % 2, "messageId": n}))
        .collect();
    let dialogue = json!({"movieMentions": {}, "respondentQuestions": {}, "initiatorQuestions": {}, "messages": messages, "conversationId": "1", "initiatorWorkerId": 1, "respondentWorkerId": 2});
    std::fs::write(&export, format!("{dialogue}\n"))?;
    std::fs::write(&people, "worker,handle,name\n1,ana,Ana\n2,ben,Ben\n")?;
    server.operate(&["import", "redial", &export, "--everyone", &people], PASSWORD)?;
    let host = server.origin.split("://").nth(1).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let app = |handle: &str, other: Option<Box<Ask>>| {
        let token = token(server, handle)?;
        Ask::new(
            &server.address(),
            &server.origin,
            &token,
            &format!("{handle}@{host}"),
            other,
        )
    };
    let ben = app("ben", None)?;
    app("ana", Some(Box::new(ben)))
}

/// A new app token.
fn token(server: &Server, handle: &str) -> anyhow::Result<String> {
    let said = server.operate(&["account", "token", handle], "")?;
    let token = said.split_whitespace().find(|word| word.starts_with("privity_app_"));
    Ok(token.with_context(|| format!("no token in: {said}"))?.to_owned())
}

/// A partner's access token to ana's inbox, with text.
fn partner_token(server: &Server) -> anyhow::Result<String> {
    server.sign_up()?;
    let mut ben = server.browser("ben")?;
    let said = ben.post(
        "/allowances/says",
        &[("about", "partner"), ("partner", "marquee"), ("choice", "text")],
    )?;
    ensure!(said.status == 303, "ben's say was not taken");
    let token = connect(&server.client()?, &mut server.browser("ana")?, &[Field::Text])?;
    Ok(token.access_token.expose().to_owned())
}

fn own(ask: &Ask, only: Option<&str>) -> Vec<Row> {
    let all = [
        core::CASES,
        mailbox::CASES,
        email::CASES,
        query::CASES,
        write::CASES,
        sending::CASES,
    ];
    let wanted = |case: &&Case| only.is_none_or(|part| case.method.contains(part) || case.what.contains(part));
    all.into_iter()
        .flatten()
        .filter(wanted)
        .map(|case| Row {
            who: "our own".to_owned(),
            method: case.method.to_owned(),
            section: case.section.to_owned(),
            what: case.what.to_owned(),
            outcome: match catch_unwind(AssertUnwindSafe(|| (case.run)(ask))) {
                Ok(Ok(())) => Outcome::Pass,
                Ok(Err(error)) => Outcome::Fail(format!("{error:#}")),
                Err(_) => Outcome::Fail("the check itself broke".to_owned()),
            },
        })
        .collect()
}

/// Which methods there are, and what of the RFCs' extensions is not.
fn methods(ask: &Ask) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for method in METHODS.iter().filter(|name| name.contains('/')) {
        let answers = ask.calls(json!([[method, {}, "0"]]))?;
        let kind = answers
            .first()
            .and_then(|(_, result, _)| at(result, "/type").as_str().map(str::to_owned));
        let is_there = kind.as_deref() != Some("unknownMethod");
        rows.push(Row {
            who: "our own".to_owned(),
            method: (*method).to_owned(),
            section: if method.starts_with("Core") || method.starts_with("Blob") || method.starts_with("Push") {
                "8620"
            } else {
                "8621"
            }
            .to_owned(),
            what: "is there".to_owned(),
            outcome: if is_there { Outcome::Pass } else { Outcome::NotOffered },
        });
    }
    let session = ask.session()?;
    for (urn, section, what) in [
        ("urn:ietf:params:jmap:websocket", "8887", "JMAP over WebSocket"),
        ("urn:ietf:params:jmap:mdn", "9007", "receipts that a message was shown"),
        ("urn:ietf:params:jmap:blob", "9404", "blob management"),
        ("urn:ietf:params:jmap:quota", "9425", "quotas"),
        ("urn:ietf:params:jmap:sieve", "9661", "scripts"),
    ] {
        if at(&session, "/capabilities").get(urn).is_none() {
            rows.push(Row {
                who: "our own".to_owned(),
                method: urn.rsplit(':').next().unwrap_or(urn).to_owned(),
                section: section.to_owned(),
                what: what.to_owned(),
                outcome: Outcome::NotOffered,
            });
        }
    }
    Ok(rows)
}

fn table(rows: &[Row], out: &mut impl Write) -> anyhow::Result<()> {
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (who, method, section) = (width(|r| &r.who), width(|r| &r.method), width(|r| &r.section));
    for row in rows {
        let result = match &row.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail(_) => "FAIL",
            Outcome::NotOffered => "not offered",
            Outcome::Skipped(_) => "skipped",
        };
        writeln!(
            out,
            "{result:<11}  {:<who$}  {:<method$}  {:<section$}  {}",
            row.who, row.method, row.section, row.what
        )?;
        match &row.outcome {
            Outcome::Fail(why) | Outcome::Skipped(why) => {
                writeln!(out, "             {}", why.replace('\n', "\n             "))?
            }
            Outcome::Pass | Outcome::NotOffered => {}
        }
    }
    let count = |wanted: fn(&Outcome) -> bool| rows.iter().filter(|row| wanted(&row.outcome)).count();
    writeln!(
        out,
        "\n{} passed, {} failed, {} not offered, {} skipped",
        count(|o| matches!(o, Outcome::Pass)),
        count(|o| matches!(o, Outcome::Fail(_))),
        count(|o| matches!(o, Outcome::NotOffered)),
        count(|o| matches!(o, Outcome::Skipped(_)))
    )?;
    Ok(())
}

/// A query's results after its changes (RFC 8620 section 5.6): what is removed goes, then each comes to its place.
fn follow(before: &Value, changes: &Value) -> anyhow::Result<Vec<String>> {
    let mut ids: Vec<String> = serde_json::from_value(before.clone())?;
    let removed: Vec<String> = serde_json::from_value(at(changes, "/removed").clone())?;
    ids.retain(|id| !removed.contains(id));
    for added in at(changes, "/added").as_array().into_iter().flatten() {
        let (Some(id), Some(index)) = (at(added, "/id").as_str(), at(added, "/index").as_u64()) else {
            bail!("an added item that is none: {added}");
        };
        let index = usize::try_from(index)?;
        ensure!(index <= ids.len(), "an item is added at {index}, behind the end");
        ids.insert(index, id.to_owned());
    }
    Ok(ids)
}
