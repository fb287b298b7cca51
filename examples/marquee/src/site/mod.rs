//! The site: pages rendered on the server, no script, nothing from elsewhere.

mod handlers;
mod pages;
mod poster;
mod visitors;

use crate::client::{PartnerClient, PartnerError};
use crate::{Catalogue, Config};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use visitors::Visitors;

/// Calls to the platform at once; more wait for no one and are told to come back.
const MAX_CALLS: usize = 16;
/// Start-up does not wait for the platform; it keeps trying for a while in the background.
const START_TRIES: u32 = 60;

/// What every handler has.
struct Site {
    config: Config,
    catalogue: Catalogue,
    visitors: Mutex<Visitors>,
    /// Known once the platform answered and took the catalogue.
    platform: Mutex<Option<Arc<PartnerClient>>>,
    calls: Semaphore,
}

/// Serves the site until the listener fails. The platform need not be there yet.
pub async fn serve(config: Config, listener: tokio::net::TcpListener) -> anyhow::Result<()> {
    let catalogue = Catalogue::load(&config.catalogue)?;
    let site = Arc::new(Site {
        config,
        catalogue,
        visitors: Mutex::default(),
        platform: Mutex::default(),
        calls: Semaphore::new(MAX_CALLS),
    });
    tokio::spawn(meet_platform(Arc::clone(&site)));
    axum::serve(listener, router(site)).await?;
    Ok(())
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(handlers::home))
        .route("/connect", post(handlers::connect))
        .route("/callback", get(handlers::callback))
        .route("/again", post(handlers::again))
        .route("/disconnect", post(handlers::disconnect))
        .route("/receipt", get(handlers::receipt))
        .route("/marquee.css", get(handlers::style))
        .fallback(handlers::nothing_here)
        .layer(DefaultBodyLimit::max(1024))
        .with_state(site)
}

/// Uploads the catalogue as soon as the platform answers.
async fn meet_platform(site: Arc<Site>) {
    for attempt in 1..=START_TRIES {
        if site.call(|_| Ok(())).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(250) * attempt.min(20)).await;
    }
}

impl Site {
    /// Runs a blocking call to the platform, meeting it first if need be.
    async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&PartnerClient) -> Result<T, PartnerError> + Send + 'static,
    ) -> Result<T, PartnerError> {
        let Ok(_place) = self.calls.try_acquire() else {
            return Err(PartnerError::Unavailable { retry_after: Some(1) });
        };
        let site = Arc::clone(self);
        let worked = tokio::task::spawn_blocking(move || work(&*site.platform()?));
        worked
            .await
            .unwrap_or_else(|_| Err(PartnerError::Network("the call was given up".to_owned())))
    }

    fn platform(&self) -> Result<Arc<PartnerClient>, PartnerError> {
        let mut known = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(platform) = &*known {
            return Ok(Arc::clone(platform));
        }
        let config = &self.config;
        let found = PartnerClient::discover(&config.platform_issuer, &config.client_id, config.signing_key.clone())?;
        found.upload_catalogue(&self.catalogue)?;
        let found = Arc::new(found);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }

    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.config.own_url)
    }
}
