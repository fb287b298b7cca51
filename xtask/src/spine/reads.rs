//! Pages of 50 messages with their text, over HTTP, from an account with 50,000: for a partner with all guarantees, and for
//! the person herself.

use super::load::{self, Measured, request};
use crate::crash::newest;
use crate::made_up;
use crate::server::{PASSWORD, Server, connect};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::io::Write;
use wire::jmap::{CORE, DISCLOSURE, MAIL};
use wire::oauth::Field;

const TALKS: usize = 2_000;
const EACH: usize = 25;

/// Measures and prints.
pub fn run(seconds: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let mut server = Server::install(folder.path())?;
    server.start()?;
    server.people(&["ana", "ben"])?;
    server.sign_up()?;
    let (export, people) = (server.path("export.jsonl"), server.path("people.csv"));
    std::fs::write(&export, made_up::dialogues(std::iter::repeat_n(EACH, TALKS)))?;
    std::fs::write(&people, "worker,handle,name\n1,ana,Ana\n2,ben,Ben\n")?;
    server.operate(&["import", "redial", &export, "--everyone", &people], PASSWORD)?;

    let mut ana = server.browser("ana")?;
    let mut ben = server.browser("ben")?;
    // Ben agrees, so that both read the same 50 messages.
    let said = ben.post(
        "/allowances/says",
        &[("about", "partner"), ("partner", "marquee"), ("choice", "text")],
    )?;
    ensure!(said.status == 303, "ben's say was not taken");
    let client = server.client()?;
    let token = connect(&client, &mut ana, &[Field::Text])?;
    let session = client.session(&token)?;
    let partner_calls = json!(newest(session.mail_account().context("no account")?));
    let own: Value = serde_json::from_str(&ana.get("/jmap/session")?.text)?;
    let own = own
        .pointer("/primaryAccounts/urn:ietf:params:jmap:mail")
        .and_then(Value::as_str)
        .context("no account")?;
    let own_calls = json!(newest(own));

    let host = server.origin.trim_start_matches("http://").to_owned();
    let bearer = format!("Authorization: Bearer {}", token.access_token.expose());
    let disclosing = request(
        &host,
        &bearer,
        &json!({"using": [CORE, MAIL, DISCLOSURE], "methodCalls": partner_calls}),
    );
    let cookie = format!("Cookie: {}", ana.cookie().context("not signed in")?);
    let undisclosed = request(
        &host,
        &cookie,
        &json!({"using": [CORE, MAIL], "methodCalls": own_calls}),
    );

    writeln!(
        out,
        "newest 50 of {} messages with their text, over HTTP on the embedded store",
        TALKS * EACH
    )?;
    writeln!(
        out,
        "  {:<22} {:>5} {:>9} {:>8} {:>8} {:>12} {:>11} {:>8}",
        "", "conn", "reads/s", "p50 ms", "p99 ms", "cpu ms/read", "syncs/read", "kB"
    )?;
    let mut ratios = Vec::new();
    for connections in [1, 32] {
        // Once unmeasured, so that both find everything warm; then each three times, in turn.
        load::run(&host, &disclosing, connections, 1, server.pid()?)?;
        load::run(&host, &undisclosed, connections, 1, server.pid()?)?;
        let mut rates = [0.0, 0.0];
        for _ in 0..3 {
            for (which, (name, request)) in [
                ("partner (disclosing)", &disclosing),
                ("the person herself", &undisclosed),
            ]
            .into_iter()
            .enumerate()
            {
                let measured = load::run(&host, request, connections, seconds, server.pid()?)?;
                line(out, name, connections, &measured)?;
                if let Some(rate) = rates.get_mut(which) {
                    *rate += measured.rate;
                }
            }
        }
        let [partner, person] = rates;
        ratios.push((connections, partner / person));
    }
    let (now, highest) = load::memory_mb(server.pid()?)?;
    writeln!(
        out,
        "  resident memory of the server: {now:.0} MB, at its highest {highest:.0} MB"
    )?;
    for (connections, ratio) in ratios {
        let what = format!("disclosing beside undisclosed at {connections} connections");
        match connections {
            32 => super::bar(out, &what, ratio, 0.7)?,
            _ => writeln!(out, "  {what}: {ratio:.2}")?,
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, name: &str, connections: usize, m: &Measured) -> anyhow::Result<()> {
    Ok(writeln!(
        out,
        "  {name:<22} {connections:>5} {:>9.0} {:>8.2} {:>8.2} {:>12.3} {:>11.3} {:>8.1}",
        m.rate,
        m.p50,
        m.p99,
        m.cpu,
        m.syncs,
        m.bytes as f64 / 1_000.0
    )?)
}
