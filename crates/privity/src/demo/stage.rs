//! Setting the stage: people with real conversations, a partner with an agreement, both sites listening.

use crate::admin::{self, Command, Format, Import, Secret};
use crate::cluster::ClusterArgs;
use crate::site::Site;
use crate::{keys, outside};
use anyhow::Context;
use app::App;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Everyone's password.
pub const PASSWORD: &str = "inbox-demo";
/// The agreement between the two.
pub const AGREEMENT: &str = "films@1";
const CLIENT: &str = "marquee-web";
const SAMPLE: &str = include_str!("../../../../data/redial-sample.jsonl");
const PEOPLE: &str = include_str!("../../../../data/people.csv");
const CATALOGUE: &str = include_str!("../../../../data/catalogue.csv");

/// A platform and a partner, listening.
#[derive(Clone)]
pub struct Stage {
    /// The platform's address.
    pub platform: String,
    /// The partner's address.
    pub marquee: String,
    /// The partner's client key: the script is the partner, too.
    pub key: marquee::SigningKey,
    /// How many conversations the export held.
    pub conversations: u64,
    /// People whose inboxes it filled.
    pub people: usize,
}

impl Stage {
    /// Sets everything up in a new folder. Shows its progress if asked to.
    pub async fn set(
        folder: &Path,
        cluster: ClusterArgs,
        listen: &str,
        partner: &str,
        visible: bool,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let platform_socket = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listening on {listen}"))?;
        let partner_socket = TcpListener::bind(partner)
            .await
            .with_context(|| format!("listening on {partner}"))?;
        let platform = format!("http://{}", platform_socket.local_addr()?);
        let marquee_url = format!("http://{}", partner_socket.local_addr()?);

        let bar = if visible {
            ProgressBar::new(SAMPLE.len() as u64)
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(ProgressStyle::with_template("{msg:<36} {bar:30} {elapsed}")?);
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        bar.set_message("opening inboxes for the people");

        // The folder of a demonstration holds its master key, too; a real one is kept elsewhere.
        let master = folder.join("master.key");
        keys::master_make(&master)?;
        let site = Site {
            data: folder.join("platform"),
            master_key: Some(master),
            cluster,
        };
        let app = site.open(Some(&platform)).await?;
        let conversations = import(&app, folder, &bar).await?;
        bar.set_message("signing the agreement");
        let key = marquee::SigningKey::generate()?;
        sign_up(&app, folder, &marquee_url, &key).await?;
        admin::listen(Arc::clone(&app), &site.socket())?;

        let options = web::Options {
            platform: "Inbox".to_owned(),
            sign_in_hint: Some(format!(
                "This is a demonstration. Sign in as ana, ben or carla; the password is {PASSWORD}."
            )),
            trusted_proxies: Vec::new(),
            post: Arc::new(crate::post::Internet::new()),
        };
        tokio::spawn(web::serve(
            Arc::clone(&app),
            options,
            platform_socket,
            std::future::pending(),
        ));
        tokio::spawn(crate::serve::sweep(Arc::clone(&app)));
        tokio::spawn(crate::serve::deliver(Arc::clone(&app)));
        let catalogue = folder.join("catalogue.csv");
        std::fs::write(&catalogue, CATALOGUE)?;
        let config = marquee::Config {
            own_url: marquee_url.clone(),
            platform_issuer: platform.clone(),
            client_id: CLIENT.to_owned(),
            signing_key: key.clone(),
            agreement: AGREEMENT.to_owned(),
            catalogue,
        };
        tokio::spawn(marquee::serve(config, partner_socket));
        bar.finish_and_clear();
        Ok(Self {
            platform,
            marquee: marquee_url,
            key,
            conversations,
            people: PEOPLE.lines().skip(1).count(),
        })
    }

    /// The partner's client, talking to the platform.
    pub fn client(&self) -> anyhow::Result<marquee::client::PartnerClient> {
        Ok(marquee::client::PartnerClient::discover(
            &self.platform,
            CLIENT,
            self.key.clone(),
        )?)
    }

    /// The partner's catalogue.
    pub fn catalogue() -> anyhow::Result<marquee::Catalogue> {
        marquee::Catalogue::read(CATALOGUE.as_bytes())
    }
}

async fn import(app: &Arc<App>, folder: &Path, bar: &ProgressBar) -> anyhow::Result<u64> {
    let (export, people) = (folder.join("redial-sample.jsonl"), folder.join("people.csv"));
    std::fs::write(&export, SAMPLE)?;
    std::fs::write(&people, PEOPLE)?;
    let import = Import {
        format: Format::Redial,
        path: export,
        account: None,
        owner: None,
        people: Some(people),
        password: Some(Secret(PASSWORD.to_owned())),
    };
    let (tell, mut told) = mpsc::channel(64);
    let work = admin::run(app, Command::Import(import), tell);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                done?;
                return Ok(SAMPLE.lines().count() as u64);
            }
            Some(line) = told.recv() => {
                if let admin::Line::Progress(bytes, ..) = line {
                    bar.set_message("importing real conversations");
                    bar.set_position(bytes);
                }
            }
        }
    }
}

/// What `privity partner add` and `privity agreement new|sign|publish` do, in one go.
async fn sign_up(app: &Arc<App>, folder: &Path, marquee_url: &str, key: &marquee::SigningKey) -> anyhow::Result<()> {
    let key_file = folder.join("marquee-agreements.key");
    let public = keys::agreement_make("marquee.example/agreements", &key_file)?;
    let partner = serde_json::from_value(json!({
        "id": "marquee",
        "name": "Marquee",
        "website": "https://marquee.example",
        "agreement_key": public,
        "title_link": format!("{marquee_url}/title/{{title}}"),
        "clients": { CLIENT: {
            "redirect_uris": [format!("{marquee_url}/callback")],
            "jwks": key.public_jwks(),
        }},
    }))?;
    app.partner_put(partner).await?;
    let draft = draft(app, &public)?;
    let agreement = model::Agreement::parse(&draft)?;
    let text = App::agreement_text(&agreement)?;
    let by_partner = tlog::note::sign(&text, &[&keys::agreement_read(&key_file)?])?;
    app.agreement_publish(&app.agreement_sign(&by_partner)?).await?;
    Ok(())
}

fn draft(app: &App, partner_key: &str) -> anyhow::Result<String> {
    // From the beginning of the day, so that clocks that differ a little do not matter.
    let today: model::Time = format!("{}T00:00:00Z", outside::now().date())
        .parse()
        .map_err(anyhow::Error::msg)?;
    let toml = super::draft::agreement_toml(&app.agreement_verifying_key(), today);
    let mut draft: serde_json::Value = toml::from_str(&toml)?;
    if let Some(key) = draft.pointer_mut("/partner/key") {
        *key = json!(partner_key);
    }
    Ok(draft.to_string())
}
