//! The platform over HTTP, on the memory store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code
)]

#[path = "http/catalogue.rs"]
mod catalogue;
#[path = "http/connections.rs"]
mod connections;
#[path = "http/fapi.rs"]
mod fapi;
#[path = "http/jmap.rs"]
mod jmap;
#[path = "http/oracle.rs"]
mod oracle;
#[path = "http/own.rs"]
mod own;
#[path = "http/own_apart.rs"]
mod own_apart;
#[path = "http/own_sync.rs"]
mod own_sync;
#[path = "http/pages.rs"]
mod pages;
#[path = "http/partner_sync.rs"]
mod partner_sync;
#[path = "http/push.rs"]
mod push;
#[path = "http/raw.rs"]
mod raw;
#[path = "http/reports.rs"]
mod reports;
#[path = "http/routes.rs"]
mod routes;
#[path = "http/sending.rs"]
mod sending;
#[path = "http/sign_in.rs"]
mod sign_in;
#[path = "http/site.rs"]
mod site;
#[path = "http/socket.rs"]
mod socket;
#[path = "../../app/tests/world/mod.rs"]
mod world;
