//! An installation in a data folder is copied into the cluster, once interrupted, and goes on there: the same people, the same
//! tokens, the same log.

use super::cluster::Cluster;
use super::say;
use crate::crash::{messages_of, newest};
use crate::server::{Server, connect};
use anyhow::{Context, ensure};
use marquee::client::{PartnerClient, Token};
use std::process::{Command, Stdio};
use std::time::Duration;
use wire::jmap::{CORE, DISCLOSURE, MAIL};
use wire::oauth::Field;

/// People besides, so that the copy takes a while.
const OTHERS: u32 = 40;

/// Copies and compares.
pub fn run(cluster: &Cluster) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut before = Server::install(folder.path())?;
    before.start()?;
    let others: Vec<String> = (1..=OTHERS).map(|n| format!("person{n}")).collect();
    let handles = ["ana", "ben"].into_iter().chain(others.iter().map(String::as_str));
    before.people(&handles.collect::<Vec<_>>())?;
    before.sign_up()?;
    let sample = std::fs::canonicalize("data/redial-sample.jsonl")?.display().to_string();
    for (handle, worker) in [("ana", "696"), ("ben", "665")] {
        before.operate(
            &["import", "redial", &sample, "--account", handle, "--owner", worker],
            "",
        )?;
    }
    let client = before.client()?;
    let token = connect(&client, &mut before.browser("ana")?, &[Field::Text])?;
    let (shown, index) = read(&client, &token)?;
    let written = messages_of(&mut before.browser("ana")?, "")?;
    let key = before.ledger_key()?;
    before.kill()?;

    let keyspace = format!("moved_{}", std::process::id());
    let hosts = cluster.hosts();
    let mut after = before.moved(
        &folder.path().join("after"),
        ["--cassandra", &hosts, "--keyspace", &keyspace]
            .map(str::to_owned)
            .to_vec(),
    )?;
    let (from, to) = (
        format!("embedded:{}", before.data().display()),
        format!("cassandra:{hosts}"),
    );
    let copy = ["copy", "--from", &from, "--to", &to, "--keyspace", &keyspace];
    let mut interrupted = Command::new(before.binary())
        .args(copy)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    std::thread::sleep(Duration::from_millis(1_500));
    let unfinished = interrupted.try_wait()?.is_none();
    interrupted.kill()?;
    interrupted.wait()?;
    ensure!(unfinished, "the copy was over before it could be interrupted");
    ensure!(after.start().is_err(), "a server starts on half a copy");
    let told = before.command(&copy, "")?;
    after.start()?;

    let client = after.client()?;
    let (shown_after, index_after) = read(&client, &token)?;
    ensure!(shown_after == shown, "the partner sees something else after the move");
    ensure!(index_after > index, "the log goes back");
    ensure!(
        messages_of(&mut after.browser("ana")?, "")? == written,
        "she sees something else after the move"
    );
    let source = verify::open(&format!("{}/ledger", after.origin))?;
    let report = verify::fsck(source.as_ref(), &key)?;
    ensure!(report.is_sound(), "the log has faults: {:?}", report.findings);
    say(&format!(
        "{}\nmoved: the same token reads the same page, the log of {} verifies from its first entry",
        told.lines().next().unwrap_or_default(),
        report.checkpoint.size
    ))
}

/// One page as the partner sees it, and its entry.
fn read(client: &PartnerClient, token: &Token) -> anyhow::Result<(String, u64)> {
    let session = client.session(token)?;
    let account = session.mail_account().context("no account")?;
    let answer = client.jmap(token, &[CORE, MAIL, DISCLOSURE], newest(account))?;
    let index = answer.disclosure_proof.as_ref().context("no proof")?.index;
    Ok((format!("{:?}", answer.method_responses), index))
}
