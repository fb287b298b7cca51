//! The platform over HTTP: OAuth, JMAP, the ledger's files, and the pages.
//!
//! **Architecture invariant:** nothing here decides. A handler reads a request, calls one use case of `app`, and writes what came
//! back. A partner's answer with personal data is made from an [`app::Released`] and from nothing else.

mod body;
pub mod catalogue;
mod console;
mod cookie;
mod jmap;
mod limits;
mod line;
mod log;
mod oauth;
mod origin;
mod problem;
mod push;
mod reports;
mod routes;
mod server;
mod signed_in;
mod turns;

pub use push::Post;
pub use routes::{Class, ROUTES, Route};
pub use server::serve;

use app::App;
use axum::Router;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What every handler has.
pub struct Web {
    app: Arc<App>,
    /// What people call this platform.
    platform: String,
    /// A line under the sign-in form; the demo names its people there.
    sign_in_hint: Option<String>,
    trusted_proxies: Vec<IpAddr>,
    in_flight: Arc<Semaphore>,
    uploads: Semaphore,
    turns: Arc<turns::Turns>,
    post: Arc<dyn Post>,
}

/// How the platform presents itself.
#[derive(Clone)]
pub struct Options {
    /// What people call this platform.
    pub platform: String,
    /// A line under the sign-in form.
    pub sign_in_hint: Option<String>,
    /// Reverse proxies whose word counts about where a request came from.
    pub trusted_proxies: Vec<IpAddr>,
    /// Carries pushes to people's apps.
    pub post: Arc<dyn Post>,
}

/// Every route of the platform, ready to serve; pushes what changes as long as it is there. Needs a tokio runtime.
pub fn router(app: Arc<App>, options: Options) -> Router {
    let web = Arc::new(Web {
        app,
        platform: options.platform,
        sign_in_hint: options.sign_in_hint,
        trusted_proxies: options.trusted_proxies,
        in_flight: Arc::new(Semaphore::new(limits::IN_FLIGHT)),
        uploads: Semaphore::new(catalogue::AT_ONCE),
        turns: Arc::default(),
        post: options.post,
    });
    tokio::spawn(push::run(Arc::downgrade(&web)));
    routes::router(web)
}
