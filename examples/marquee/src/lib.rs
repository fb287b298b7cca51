//! Marquee: a small fictional streaming site, and the reference for partners. It speaks the public protocols only; of the
//! platform's own code it links the messages (`wire`) and nothing else.
//!
//! [`client`] is what a partner needs to talk to the platform; [`serve`] is the site that uses it.

mod catalogue;
pub mod client;
mod key;
mod outside;
mod shelf;
mod site;

pub use catalogue::Catalogue;
pub use key::SigningKey;
pub use shelf::{Shelf, ShelfTitle, read as read_shelf};
pub use site::serve;

use std::path::PathBuf;

/// What a site is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people reach this site, as `http://127.0.0.1:8100`; `{own_url}/callback` is the redirect address to register.
    pub own_url: String,
    /// The platform's issuer identifier.
    pub platform_issuer: String,
    /// The client id the platform registered.
    pub client_id: String,
    /// Signs the client's assertions; its public half is registered at the platform.
    pub signing_key: SigningKey,
    /// Agreement and version, as `films@1`.
    pub agreement: String,
    /// A CSV of the titles: `id,title,year`, perhaps `aliases`, separated by `|`.
    pub catalogue: PathBuf,
}
