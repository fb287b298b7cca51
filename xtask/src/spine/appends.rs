//! Ledger entries per second through the whole pen (keys, commitments, tree, signature, commit), beside a bare loop that
//! appends the same bytes and calls fdatasync, on the same disk at the same batch size.

use app::{App, AuthorizationRequest, MasterKey, Partner};
use model::{Action, Conversations, FieldSet, Purpose, Terms};
use secrecy::SecretString;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{Anchor, EmbeddedOptions, EmbeddedStore};
use tlog::note::{self, SigningKey};

const PARTNER: &str = "p0";
const CLIENT: &str = "c0";
const REDIRECT: &str = "https://partner.example/callback";

/// Measures at several numbers of writers, and prints.
pub fn run(seconds: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    writeln!(
        out,
        "ledger appends (a disclosure's entry of 80 bytes on the log and its sealed body)"
    )?;
    writeln!(
        out,
        "  {:>8} {:>12} {:>12} {:>14} {:>7}",
        "writers", "entries/s", "per commit", "bare append/s", "ratio"
    )?;
    let mut worst = f64::INFINITY;
    for writers in [1, 32, 256] {
        let folder = tempfile::tempdir_in(".")?;
        let (rate, batch) = runtime.block_on(through_the_pen(folder.path(), writers, seconds))?;
        let bare = bare_loop(folder.path(), batch, seconds)?;
        worst = worst.min(rate / bare);
        writeln!(
            out,
            "  {writers:>8} {rate:>12.0} {batch:>12.1} {bare:>14.0} {:>7.2}",
            rate / bare
        )?;
    }
    super::bar(
        out,
        "appends beside a bare append and fdatasync, worst of the three",
        worst,
        0.5,
    )
}

async fn through_the_pen(folder: &Path, writers: u64, seconds: u64) -> anyhow::Result<(f64, f64)> {
    let (app, token) = platform(folder).await?;
    let (count, deadline) = (
        Arc::new(AtomicU64::new(0)),
        Instant::now() + Duration::from_secs(seconds),
    );
    let mut commits = std::collections::HashSet::new();
    let mut tasks = Vec::new();
    let started = Instant::now();
    for _ in 0..writers {
        let (app, token, count) = (Arc::clone(&app), token.clone(), Arc::clone(&count));
        tasks.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while Instant::now() < deadline {
                // The least that is a disclosure: the state of the view.
                let released = app
                    .release(&token, "bench".into(), |view| {
                        Box::pin(async move { Ok(view.state().await?.into_bytes()) })
                    })
                    .await?;
                if let (_, Some(entered), _) = released.into_parts() {
                    count.fetch_add(1, Ordering::Relaxed);
                    seen.push(entered.checkpoint);
                }
            }
            Ok::<_, app::Error>(seen)
        }));
    }
    for task in tasks {
        // Entries of one commit share one checkpoint.
        commits.extend(task.await??.into_iter().map(|checkpoint| checkpoint.to_string()));
    }
    let entries = count.load(Ordering::Relaxed) as f64;
    Ok((
        entries / started.elapsed().as_secs_f64(),
        entries / commits.len().max(1) as f64,
    ))
}

/// Appends as many entries at once as the pen did, and syncs.
fn bare_loop(folder: &Path, batch: f64, seconds: u64) -> anyhow::Result<f64> {
    let mut file = std::fs::File::create(folder.join("bare"))?;
    let bytes = vec![7u8; (batch * 80.0).round() as usize];
    let (mut commits, started) = (0u64, Instant::now());
    while started.elapsed() < Duration::from_secs(seconds) {
        file.write_all(&bytes)?;
        file.sync_data()?;
        commits += 1;
    }
    Ok(commits as f64 * batch / started.elapsed().as_secs_f64())
}

/// A platform in this process, with one consent.
async fn platform(folder: &Path) -> anyhow::Result<(Arc<App>, String)> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let store = Arc::new(EmbeddedStore::open(&data, EmbeddedOptions::default())?);
    let master = MasterKey::from_hex(&SecretString::from("11".repeat(32)))?;
    let outside = privity::outside::real();
    let anchor = Some(Anchor::open(&data)?);
    let app = App::open("https://inbox.example".into(), store, anchor, master, outside).await?;
    let ana = app
        .account_add("ana", "Ana", &SecretString::from("a long password"))
        .await?;

    let key = SigningKey::generate("partner.example/agreements", &privity::outside::random())?;
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    let partner: Partner = serde_json::from_value(json!({
        "id": PARTNER, "name": "P", "website": "https://partner.example", "agreement_key": key.verifying_key().to_string(),
        "clients": { CLIENT: { "redirect_uris": [REDIRECT], "jwks": jwks } },
    }))?;
    app.partner_put(partner).await?;
    let mut agreement = super::decisions::agreement(0)?;
    agreement.starts = app.now().plus_days(-1);
    agreement.ends = app.now().plus_days(300);
    agreement.partner.key = key.verifying_key().to_string();
    agreement.platform.key = app.agreement_verifying_key();
    let signed = note::sign(&App::agreement_text(&agreement)?, &[&key])?;
    app.agreement_publish(&app.agreement_sign(&signed)?).await?;

    let terms = Terms {
        purpose: Purpose::Recommendations,
        actions: [Action::Read].into(),
        fields: FieldSet::ALL,
        conversations: Conversations::All,
        until: app.now().plus_days(30),
    };
    let request = AuthorizationRequest {
        partner: PARTNER.parse()?,
        client: CLIENT.parse()?,
        agreement: agreement.reference(),
        terms: terms.clone(),
        redirect_uri: REDIRECT.into(),
        state: None,
        code_challenge: "c".into(),
    };
    let uri = app.authorization_push(&request).await?;
    let answer = app
        .authorization_answer(ana.account, &uri, &request.client, Some(terms))
        .await?;
    let code = answer.code.unwrap_or_default();
    let tokens = app.code_redeem(&request.client, &code, REDIRECT, "c").await?;
    Ok((app, tokens.access))
}
