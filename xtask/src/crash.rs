//! `cargo xtask crash`: kill -9 of the server under a mixed load, restart, and look for anything lost.

use crate::server::{Server, connect};
use anyhow::{Context, ensure};
use marquee::client::{PartnerClient, PartnerError, Token};
use privity::browser::{Browser, hidden};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::jmap::{CORE, DISCLOSURE, MAIL, MethodCall};
use wire::oauth::Field;

/// How often to kill.
#[derive(clap::Args)]
pub struct Crash {
    /// How many times.
    #[arg(long, default_value_t = 25)]
    times: u32,
}

/// What the clients were promised.
#[derive(Default)]
struct Promised {
    /// Texts of messages whose sending was acknowledged.
    sent: Vec<String>,
    /// Entries that answers came with.
    entries: Vec<(Token, u64)>,
    /// Tokens whose revocation was acknowledged.
    revoked: Vec<Token>,
    /// Consents that were claimed.
    consents: u64,
    /// Messages whose import was acknowledged.
    imported: u64,
    /// Answers that came after an acknowledged revocation.
    late: u64,
}

impl Crash {
    /// Kills, restarts and checks; non-zero on any loss.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let folder = tempfile::tempdir()?;
        let mut server = Server::install(folder.path())?;
        server.start()?;
        server.people(&["ana", "ben", "ida"])?;
        server.sign_up()?;
        let sample = std::fs::canonicalize("data/redial-sample.jsonl")?.display().to_string();
        for (handle, worker) in [("ana", "696"), ("ben", "665")] {
            server.operate(
                &["import", "redial", &sample, "--account", handle, "--owner", worker],
                "",
            )?;
        }
        let key = server.ledger_key()?;
        let promised = Arc::new(Mutex::new(Promised::default()));
        let mut out = std::io::stdout().lock();
        for round in 1..=self.times {
            let before = counts(&promised);
            under_load(&mut server, &promised, round, folder.path())?;
            server.start()?;
            let size = check(&server, &promised, &key, round == self.times)?;
            let after = counts(&promised);
            writeln!(
                out,
                "kill {round:>3}: {:>4} messages, {:>5} answers, {:>3} consents, {:>3} revocations, {:>6} imported; all kept; log of {size} verifies",
                after[0] - before[0],
                after[1] - before[1],
                after[2] - before[2],
                after[3] - before[3],
                after[4] - before[4],
            )?;
        }
        let total = counts(&promised);
        writeln!(
            out,
            "{} kills: {} messages, {} answers, {} consents, {} revocations and {} imported messages were acknowledged; none lost, no late answer",
            self.times, total[0], total[1], total[2], total[3], total[4],
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

fn counts(promised: &Arc<Mutex<Promised>>) -> [u64; 5] {
    let p = lock(promised);
    [
        p.sent.len() as u64,
        p.entries.len() as u64,
        p.consents,
        p.revoked.len() as u64,
        p.imported,
    ]
}

/// Runs all kinds of work at once, and kills the server in the middle of it.
fn under_load(
    server: &mut Server,
    promised: &Arc<Mutex<Promised>>,
    round: u32,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut ana = server.browser("ana")?;
    let ana_again = server.browser("ana")?;
    let client = Arc::new(server.client()?);
    let token = connect(&client, &mut ana, &[Field::Text])?;
    let export = folder.join(format!("export-{round}"));
    crate::made_up::facebook(&export, 3_000_000, u64::from(round))?;

    // Between 0.3 and 1.5 seconds, different each time.
    let patience = Duration::from_millis(300 + u64::from(u16::from_be_bytes(privity::outside::random())) % 1_200);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let stopped = &stop;
        scope.spawn(move || send(ana, promised, round, stopped));
        for _ in 0..3 {
            let (client, token) = (Arc::clone(&client), token.clone());
            scope.spawn(move || read(&client, &token, promised, stopped));
        }
        let revoker = Arc::clone(&client);
        scope.spawn(move || consent_and_revoke(&revoker, ana_again, promised));
        let path = export.display().to_string();
        let importing = &*server;
        let acknowledged = scope.spawn(move || {
            importing
                .operate(&["import", "facebook", &path, "--account", "ida"], "")
                .ok()
        });
        std::thread::sleep(patience);
        let pid = server.pid()?;
        // The borrow of the import ends with its thread; the kill must not wait for it.
        std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()?;
        stop.store(true, Ordering::Relaxed);
        if let Ok(Some(said)) = acknowledged.join() {
            // Its last line: "1234 added, 0 known already".
            let added = said
                .lines()
                .last()
                .and_then(|l| l.split(' ').next())
                .and_then(|n| n.parse::<u64>().ok());
            lock(promised).imported += added.context("an import that does not say what it added")?;
        }
        Ok(())
    })?;
    server.kill()
}

fn send(mut ana: Browser, promised: &Mutex<Promised>, round: u32, stopped: &AtomicBool) {
    let Ok(inbox) = ana.get("/inbox") else { return };
    let Some(talk) = inbox
        .text
        .split("href=\"/conversations/")
        .nth(1)
        .and_then(|r| r.split(['"', '#']).next())
    else {
        return;
    };
    let path = format!("/conversations/{talk}");
    let Ok(page) = ana.get(&path) else { return };
    if hidden(&page.text, "nonce").is_none() {
        return;
    }
    for n in 0.. {
        let text = format!("kept-{round}-{n}");
        let sent = ana.post(&format!("{path}/messages"), &[("text", &text), ("nonce", &text)]);
        match sent {
            Ok(page) if page.status == 303 => lock(promised).sent.push(text),
            _ => return,
        }
        if stopped.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn read(client: &PartnerClient, token: &Token, promised: &Mutex<Promised>, stopped: &AtomicBool) {
    let Ok(calls) = page(client, token) else { return };
    while !stopped.load(Ordering::Relaxed) {
        match client.jmap(token, &[CORE, MAIL, DISCLOSURE], calls.clone()) {
            Ok(answer) => {
                if let Some(proof) = answer.disclosure_proof {
                    lock(promised).entries.push((token.clone(), proof.index));
                }
            }
            Err(PartnerError::Unavailable { .. }) => {}
            Err(_) => return,
        }
    }
}

fn consent_and_revoke(client: &PartnerClient, mut ana: Browser, promised: &Mutex<Promised>) {
    loop {
        let Ok(token) = connect(client, &mut ana, &[Field::Mentions]) else {
            return;
        };
        lock(promised).consents += 1;
        let Ok(calls) = page(client, &token) else { return };
        let Some(grant) = token.grant_id.clone() else { return };
        match ana.post(&format!("/allowances/{grant}/revoke"), &[]) {
            Ok(page) if page.status == 303 => lock(promised).revoked.push(token.clone()),
            _ => return,
        }
        if client.jmap(&token, &[CORE, MAIL], calls).is_ok() {
            lock(promised).late += 1;
        }
    }
}

fn page(client: &PartnerClient, token: &Token) -> anyhow::Result<Vec<MethodCall>> {
    let session = client.session(token)?;
    Ok(newest(session.mail_account().context("no account")?))
}

/// The newest 50 messages with their text.
pub fn newest(account: &str) -> Vec<MethodCall> {
    let query = json!({"accountId": account, "limit": 50, "sort": [{"property": "receivedAt", "isAscending": false}]});
    let get = json!({
        "accountId": account,
        "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
        "fetchTextBodyValues": true,
    });
    vec![
        MethodCall::new("Email/query", query, "q"),
        MethodCall::new("Email/get", get, "g"),
    ]
}

/// Looks for anything promised and lost; the size of the log.
fn check(
    server: &Server,
    promised: &Arc<Mutex<Promised>>,
    key: &tlog::note::VerifyingKey,
    everything: bool,
) -> anyhow::Result<u64> {
    let source = verify::open(&format!("{}/ledger", server.origin))?;
    let report = verify::fsck(source.as_ref(), key)?;
    ensure!(report.is_sound(), "the log has faults: {:?}", report.findings);
    let size = report.checkpoint.size;

    let promised = lock(promised);
    ensure!(
        promised.late == 0,
        "{} answers came after an acknowledged revocation",
        promised.late
    );
    let mut ana = server.browser("ana")?;
    let there = messages_of(&mut ana, "kept-")?;
    let lost: Vec<_> = promised.sent.iter().filter(|text| !there.contains(*text)).collect();
    ensure!(
        lost.is_empty(),
        "{} acknowledged messages are lost, {:?} first",
        lost.len(),
        lost.first()
    );

    let mut ida = server.browser("ida")?;
    let imported = total_of(&mut ida)?;
    ensure!(
        imported >= promised.imported,
        "{} messages were imported, {imported} are there",
        promised.imported
    );

    let client = server.client()?;
    for (_, index) in &promised.entries {
        ensure!(
            *index < size,
            "an answer came with entry {index}, but the log has {size}"
        );
    }
    // Every one at the end; the newest in between, so that a round stays short.
    let skip = if everything {
        0
    } else {
        promised.entries.len().saturating_sub(10)
    };
    for (token, index) in promised
        .entries
        .iter()
        .skip(skip)
        .step_by(if everything { 7 } else { 1 })
    {
        let receipt = client.receipt(token, *index)?;
        let opened = tlog::receipt::verify(&receipt, key)?;
        ensure!(
            opened.index == *index,
            "the receipt of entry {index} is of {}",
            opened.index
        );
    }
    let skip = if everything {
        0
    } else {
        promised.revoked.len().saturating_sub(5)
    };
    for token in promised.revoked.iter().skip(skip) {
        match client.session(token) {
            Err(PartnerError::Refused { .. }) => {}
            other => anyhow::bail!("a revoked consent answers: {other:?}"),
        }
    }
    Ok(size)
}

/// A JMAP request as the person herself, through her browser's cookie.
fn own_jmap(browser: &mut Browser, calls: &Value) -> anyhow::Result<Value> {
    let page = browser.post_json("/jmap", &json!({"using": [CORE, MAIL], "methodCalls": calls}))?;
    ensure!(page.status == 200, "JMAP answered {}: {}", page.status, page.text);
    Ok(serde_json::from_str(&page.text)?)
}

fn own_account(browser: &mut Browser) -> anyhow::Result<String> {
    let session: Value = serde_json::from_str(&browser.get("/jmap/session")?.text)?;
    let account = session
        .pointer("/primaryAccounts/urn:ietf:params:jmap:mail")
        .and_then(Value::as_str);
    Ok(account.context("no account")?.to_owned())
}

pub fn messages_of(browser: &mut Browser, containing: &str) -> anyhow::Result<std::collections::HashSet<String>> {
    let account = own_account(browser)?;
    let mut found = std::collections::HashSet::new();
    for page in 0.. {
        let answer = own_jmap(
            browser,
            &json!([
                ["Email/query", {"accountId": account, "filter": {"body": containing}, "position": page * 500, "limit": 500}, "q"],
                ["Email/get", {
                    "accountId": account, "properties": ["preview"],
                    "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}
                }, "g"]
            ]),
        )?;
        let list = answer
            .pointer("/methodResponses/1/1/list")
            .and_then(Value::as_array)
            .context("no list")?;
        found.extend(
            list.iter()
                .filter_map(|e| e.get("preview")?.as_str().map(str::to_owned)),
        );
        if list.len() < 500 {
            break;
        }
    }
    Ok(found)
}

fn total_of(browser: &mut Browser) -> anyhow::Result<u64> {
    let account = own_account(browser)?;
    let calls = json!([["Email/query", {"accountId": account, "limit": 1, "calculateTotal": true}, "q"]]);
    let answer = own_jmap(browser, &calls)?;
    answer
        .pointer("/methodResponses/0/1/total")
        .and_then(Value::as_u64)
        .context("no total")
}

fn lock(promised: &Mutex<Promised>) -> MutexGuard<'_, Promised> {
    promised.lock().unwrap_or_else(PoisonError::into_inner)
}
