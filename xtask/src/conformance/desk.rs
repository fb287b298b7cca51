//! A platform on a local port that takes reports, and the partner that files them.

use super::made;
use anyhow::Context;
use app::{App, MasterKey, Partner, Processes};
use marquee::SigningKey;
use marquee::client::PartnerClient;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use store::MemoryStore;
use tlog::note;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A platform, and a partner's client of it.
pub struct Desk {
    client: PartnerClient,
    /// Serves as long as this is there.
    _runtime: Runtime,
}

impl Desk {
    /// A platform on the memory store with the agreement that the reports are of.
    pub fn open() -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let key = SigningKey::generate()?;
        let issuer = runtime.block_on(serve(&key))?;
        let client = PartnerClient::discover(&issuer, "marquee-web", key)?;
        Ok(Self {
            client,
            _runtime: runtime,
        })
    }

    /// Files a report of period 2: the status, and what is said.
    pub fn file(&self, zip: &[u8]) -> anyhow::Result<(u16, Value)> {
        Ok(self
            .client
            .file_report(zip, &made::agreement().reference().to_string(), 2)?)
    }
}

async fn serve(key: &SigningKey) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let master = MasterKey::from_hex(&SecretString::from("11".repeat(32)))?;
    let mut outside = privity::outside::real();
    outside.processes = Processes::One;
    let app = App::open(issuer.clone(), Arc::new(MemoryStore::new()), None, master, outside).await?;
    app.partner_put(partner(key)?).await?;
    let mut agreement = made::agreement();
    agreement.platform.key = app.agreement_verifying_key();
    let text = App::agreement_text(&agreement)?;
    let signed = app.agreement_sign(&note::sign(&text, &[&made::key(1)])?)?;
    app.agreement_publish(&signed).await.context("the agreement")?;
    let options = web::Options {
        platform: "Inbox".to_owned(),
        sign_in_hint: None,
        trusted_proxies: Vec::new(),
        post: Arc::new(Nowhere),
    };
    tokio::spawn(web::serve(app, options, listener, std::future::pending()));
    Ok(issuer)
}

fn partner(key: &SigningKey) -> anyhow::Result<Partner> {
    Ok(serde_json::from_value(json!({
        "id": "marquee", "name": "Marquee", "website": "https://marquee.example",
        "agreement_key": made::key(1).verifying_key().to_string(),
        "clients": { "marquee-web": { "redirect_uris": ["https://marquee.example/callback"], "jwks": key.public_jwks() } },
    }))?)
}

/// Nobody has asked for pushes.
struct Nowhere;

impl web::Post for Nowhere {
    fn post(&self, _: &str, _: &[(&'static str, String)], _: Vec<u8>, _: std::time::Duration) -> Result<(), String> {
        Ok(())
    }
}
