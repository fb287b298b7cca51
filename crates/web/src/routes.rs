//! The route table, as data: what there is, and what each route may do with a person's inbox.

use crate::{Web, catalogue, console, jmap, limits, log, oauth, reports};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{MethodRouter, get, post, put};
use std::sync::Arc;

/// What a route may do with a person's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing: the same for everyone.
    Public,
    /// Shows or changes what is the signed-in person's own.
    Person,
    /// Gives a person's own app what is hers, and takes what it sends.
    App,
    /// Talks to partners, of consent and catalogues, not of messages.
    Partner,
    /// Answers a partner or a person's own app; a partner only through the door, with an entry for whatever it tells.
    Both,
    /// Answers a partner from an inbox: through `App::release`, one entry an answer.
    Disclosing,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP methods.
    pub methods: &'static str,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// What it may do.
    pub class: Class,
    handler: fn() -> MethodRouter<Arc<Web>>,
}

const FORM_LIMIT: usize = 256 * 1024;

macro_rules! routes {
    ($($class:ident $methods:literal $path:literal => $handler:expr;)+) => {
        /// Every route. `tests/http.rs` walks it: a disclosing route adds exactly one entry, any other none.
        pub const ROUTES: &[Route] = &[
            $(Route { methods: $methods, path: $path, class: Class::$class, handler: || $handler },)+
        ];
    };
}

routes! {
    Public "GET" "/" => get(console::landing);
    Public "GET POST" "/sign-in" => get(console::sign_in_form).post(console::sign_in);
    Person "POST" "/sign-out" => post(console::sign_out);
    Person "GET" "/inbox" => get(console::inbox);
    Person "GET" "/conversations/{id}" => get(console::conversation);
    Person "POST" "/conversations/{id}/messages" => post(console::send);
    Person "GET" "/readings" => get(console::readings);
    Person "GET" "/readings/receipts" => get(console::receipts);
    Person "GET" "/readings/{index}" => get(console::reading);
    Person "GET" "/readings/{index}/receipt" => get(console::receipt);
    Person "GET" "/allowances" => get(console::allowances);
    Person "POST" "/allowances/says" => post(console::say);
    Person "POST" "/allowances/asks/{key}" => post(console::ask_answer);
    Person "POST" "/allowances/{grant}/revoke" => post(console::revoke);
    Person "GET POST" "/allowances/{grant}/narrow" => get(console::narrow_form).post(console::narrow);
    Person "GET" "/sent" => get(console::sent);
    Person "POST" "/sent/mutes" => post(console::mutes);
    Person "POST" "/sent/messages/{key}" => post(console::unwanted);
    Person "POST" "/sent/{key}/undo" => post(console::undo);
    Person "GET POST" "/sent/{key}/choose" => get(console::choose_form).post(console::choose);
    Person "GET" "/sent/{key}/back" => get(console::back);
    Public "GET" "/r/{key}" => get(console::follow);
    Person "GET" "/oauth/authorize" => get(oauth::ask);
    Person "POST" "/consent" => post(oauth::answer);
    Public "GET" "/register" => get(console::register);
    Public "GET" "/register/{id}/{version}" => get(console::agreement);
    Public "GET" "/register/{id}/{version}/changes" => get(console::changes);
    Public "GET" "/register/{id}/{version}/reports" => get(console::reports);
    Public "GET" "/register/{id}/{version}/reports.json" => get(reports::published);
    Public "GET" "/register/{id}/{version}/reports/{period}" => get(console::report);
    Public "GET" "/register/{id}/{version}/reports/{period}/receipt" => get(reports::receipt);
    Public "GET" "/register/{id}/{version}/calendar.ics" => get(reports::calendar);
    Public "GET" "/ledger" => get(console::ledger);
    Public "POST" "/ledger/check" => post(console::check).layer(DefaultBodyLimit::max(2 * 1024 * 1024));
    Public "GET" "/ledger/checkpoint" => get(log::checkpoint);
    Public "GET" "/ledger/key" => get(log::key);
    Public "GET" "/ledger/tile/{*path}" => get(log::tile);
    Partner "GET" "/ledger/receipts/{index}" => get(log::partner_receipt);
    Public "GET" "/.well-known/oauth-authorization-server" => get(oauth::authorization_server);
    Public "GET" "/.well-known/oauth-protected-resource" => get(oauth::protected_resource);
    Public "GET" "/.well-known/jmap" => get(jmap::well_known);
    Partner "POST" "/oauth/par" => post(oauth::push);
    Partner "POST" "/oauth/token" => post(oauth::token);
    Partner "POST" "/oauth/revoke" => post(oauth::revoke);
    Partner "PUT" "/partner/catalogue" => put(catalogue::put).layer(DefaultBodyLimit::max(catalogue::BYTES_LIMIT));
    Partner "POST" "/reports" => post(reports::file).layer(DefaultBodyLimit::max(reports::BODY_LIMIT));
    Partner "GET" "/partner/reports" => get(reports::owed);
    Partner "GET" "/jmap/session" => get(jmap::session);
    App "POST" "/jmap/upload/{account}" => post(jmap::blob::upload).layer(DefaultBodyLimit::max(wire::limits::MAX_SIZE_UPLOAD));
    App "POST" "/jmap/upload/{account}/" => post(jmap::blob::upload).layer(DefaultBodyLimit::max(wire::limits::MAX_SIZE_UPLOAD));
    Both "GET" "/jmap/download/{account}/{blob}/{name}" => get(jmap::blob::download);
    Both "GET" "/jmap/events" => get(jmap::events);
    Both "GET" "/jmap/ws" => get(jmap::socket);
    Disclosing "POST" "/jmap" => post(jmap::api).layer(DefaultBodyLimit::max(wire::limits::MAX_SIZE_REQUEST));
}

/// The router of the table, with the limits every request keeps to.
pub fn router(web: Arc<Web>) -> Router {
    let mut router = Router::new()
        .route(pages::style_path(), get(console::style))
        .route(pages::icon_path(), get(console::icon));
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(console::nothing_here)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), limits::keep))
        .with_state(web)
}
