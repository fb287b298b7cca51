//! `cargo xtask bench jmap`: what the Inbox API costs over HTTP, for a partner with all guarantees and for the person's own app,
//! on an account with 50,000 messages in 2,000 conversations. CPU time of the server for one answer, so that a busy machine
//! matters less.

use crate::made_up;
use crate::server::{PASSWORD, Server, connect};
use crate::spine::load::{self, Measured, request};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::io::Write;
use wire::jmap::{CORE, DISCLOSURE, MAIL};
use wire::oauth::Field;

/// Conversations of 24 messages, and one long one: 50,000 in all.
const TALKS: usize = 2_000;
const EACH: usize = 24;
const LONG: usize = 50_000 - (TALKS - 1) * EACH;
/// Messages of the long conversation that are read at once.
const OF_LONG: usize = 500;
/// Where the deep page starts.
const DEEP: usize = 40_000;

/// Who asks: the header that says so, the account, what is opted into.
struct Asker {
    name: &'static str,
    header: String,
    account: String,
    using: Vec<&'static str>,
}

/// What is asked, and the most CPU milliseconds that an answer may cost a partner and the person, where that is promised.
struct Question {
    name: &'static str,
    calls: fn(&str, &Known) -> Value,
    most: [Option<f64>; 2],
}

/// What a client knows already: a state, the long conversation's id, and its first messages.
struct Known {
    state: String,
    thread: String,
    messages: Vec<Value>,
}

const QUESTIONS: [Question; 5] = [
    Question {
        name: "newest 50, with text",
        calls: |account, _| page(account, json!({"limit": 50})),
        most: [Some(0.5), Some(0.35)],
    },
    Question {
        name: "50 from the 40,000th",
        calls: |account, _| page(account, json!({"limit": 50, "position": DEEP})),
        most: [None, None],
    },
    Question {
        name: "500 of a long thread",
        calls: |account, known| {
            json!([
                ["Thread/get", {"accountId": account, "ids": [known.thread]}, "t"],
                ["Email/get", {"accountId": account, "ids": known.messages, "fetchTextBodyValues": true}, "g"],
            ])
        },
        most: [None, None],
    },
    Question {
        name: "changes, no news",
        calls: |account, known| json!([["Email/changes", {"accountId": account, "sinceState": known.state}, "c"]]),
        most: [Some(0.2), Some(0.08)],
    },
    Question {
        name: "echo",
        calls: |_, _| json!([["Core/echo", {"hello": true}, "e"]]),
        most: [None, None],
    },
];

fn page(account: &str, more: Value) -> Value {
    let mut query = json!({"accountId": account, "sort": [{"property": "receivedAt", "isAscending": false}]});
    if let (Value::Object(query), Value::Object(more)) = (&mut query, more) {
        query.extend(more);
    }
    json!([
        ["Email/query", query, "q"],
        ["Email/get", {"accountId": account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}, "fetchTextBodyValues": true}, "g"],
    ])
}

/// Measures and prints; bars that are missed are printed as missed.
pub fn run(seconds: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let mut server = Server::install(folder.path())?;
    server.start()?;
    let askers = people(&server)?;
    let host = server.origin.trim_start_matches("http://").to_owned();
    writeln!(
        out,
        "{TALKS} conversations, {} messages, over HTTP on the embedded store",
        (TALKS - 1) * EACH + LONG
    )?;
    writeln!(
        out,
        "  {:<22} {:<8} {:>5} {:>9} {:>8} {:>8} {:>9} {:>8}",
        "", "", "conn", "answers/s", "p50 ms", "p99 ms", "cpu ms", "kB"
    )?;
    let mut bars = Vec::new();
    for question in &QUESTIONS {
        for (asker, most) in askers.iter().zip(question.most) {
            let known = known(&server, asker)?;
            let body = json!({"using": asker.using, "methodCalls": (question.calls)(&asker.account, &known)});
            let request = request(&host, &asker.header, &body);
            for connections in [1, 32] {
                load::run(&host, &request, connections, 1, server.pid()?)?;
                let measured = load::run(&host, &request, connections, seconds, server.pid()?)?;
                line(out, question.name, asker.name, connections, &measured)?;
                if let Some(most) = most {
                    bars.push((
                        format!("{}, {}, {connections} connections: CPU ms", question.name, asker.name),
                        measured.cpu,
                        most,
                    ));
                }
            }
        }
    }
    let (now, highest) = load::memory_mb(server.pid()?)?;
    writeln!(
        out,
        "  resident memory of the server: {now:.0} MB, at its highest {highest:.0} MB"
    )?;
    bars.push(("resident memory, MB".to_owned(), now, 150.0));
    for (what, value, most) in bars {
        let verdict = if value <= most { "met" } else { "MISSED" };
        writeln!(out, "  {what}: {value:.3} (bar: at most {most}) {verdict}")?;
    }
    Ok(())
}

/// A partner that may read text, and the person's own app, over the same inbox.
fn people(server: &Server) -> anyhow::Result<[Asker; 2]> {
    server.people(&["ana", "ben"])?;
    server.sign_up()?;
    let (export, people) = (server.path("export.jsonl"), server.path("people.csv"));
    std::fs::write(
        &export,
        made_up::dialogues(std::iter::repeat_n(EACH, TALKS - 1).chain([LONG])),
    )?;
    std::fs::write(&people, "worker,handle,name\n1,ana,Ana\n2,ben,Ben\n")?;
    server.operate(&["import", "redial", &export, "--everyone", &people], PASSWORD)?;
    let said = server.browser("ben")?.post(
        "/allowances/says",
        &[("about", "partner"), ("partner", "marquee"), ("choice", "text")],
    )?;
    ensure!(said.status == 303, "ben's say was not taken");
    let client = server.client()?;
    let token = connect(&client, &mut server.browser("ana")?, &[Field::Text])?;
    let session = client.session(&token)?;
    let partner = Asker {
        name: "partner",
        header: format!("Authorization: Bearer {}", token.access_token.expose()),
        account: session.mail_account().context("no account")?.to_owned(),
        using: vec![CORE, MAIL, DISCLOSURE],
    };
    let said = server.operate(&["account", "token", "ana"], "")?;
    let secret = said.split_whitespace().find(|word| word.starts_with("privity_app_"));
    let header = format!("Authorization: Bearer {}", secret.context("no token")?);
    let session: Value = ureq::get(format!("{}/jmap/session", server.address()))
        .header("authorization", header.trim_start_matches("Authorization: "))
        .call()?
        .body_mut()
        .read_json()?;
    let account = session.get("primaryAccounts").and_then(|primary| primary.get(MAIL));
    let person = Asker {
        name: "person",
        header,
        account: account.and_then(Value::as_str).context("no account")?.to_owned(),
        using: vec![CORE, MAIL],
    };
    Ok([partner, person])
}

fn known(server: &Server, asker: &Asker) -> anyhow::Result<Known> {
    for position in (0..TALKS).step_by(500) {
        let calls = json!([
            ["Email/query", {"accountId": asker.account, "collapseThreads": true, "position": position, "limit": 500}, "q"],
            ["Email/get", {"accountId": asker.account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}, "properties": ["threadId"]}, "g"],
            ["Thread/get", {"accountId": asker.account, "#ids": {"resultOf": "g", "name": "Email/get", "path": "/list/*/threadId"}}, "t"],
        ]);
        let answer: Value = ureq::post(format!("{}/jmap", server.address()))
            .header("authorization", asker.header.trim_start_matches("Authorization: "))
            .send_json(json!({"using": asker.using, "methodCalls": calls}))?
            .body_mut()
            .read_json()?;
        let state = answer.pointer("/methodResponses/1/1/state").and_then(Value::as_str);
        let threads = answer.pointer("/methodResponses/2/1/list").and_then(Value::as_array);
        for thread in threads.context("no threads")? {
            let messages = thread
                .get("emailIds")
                .and_then(Value::as_array)
                .context("no messages")?;
            if messages.len() >= OF_LONG {
                return Ok(Known {
                    state: state.context("no state")?.to_owned(),
                    thread: thread.get("id").and_then(Value::as_str).context("no id")?.to_owned(),
                    messages: messages.iter().take(OF_LONG).cloned().collect(),
                });
            }
        }
    }
    anyhow::bail!("the long conversation is not there")
}

fn line(out: &mut impl Write, what: &str, who: &str, connections: usize, m: &Measured) -> anyhow::Result<()> {
    Ok(writeln!(
        out,
        "  {what:<22} {who:<8} {connections:>5} {:>9.0} {:>8.2} {:>8.2} {:>9.3} {:>8.1}",
        m.rate,
        m.p50,
        m.p99,
        m.cpu,
        m.bytes as f64 / 1_000.0
    )?)
}
