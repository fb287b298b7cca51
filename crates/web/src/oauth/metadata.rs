//! Discovery: RFC 8414 and RFC 9728.

use crate::Web;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;
use wire::oauth::{AuthorizationServerMetadata, ProtectedResourceMetadata};

/// `GET /.well-known/oauth-authorization-server`.
pub async fn authorization_server(State(web): State<Arc<Web>>) -> Json<AuthorizationServerMetadata> {
    let issuer = &web.app.issuer;
    let endpoint = |name: &str| format!("{issuer}/oauth/{name}");
    let mut metadata = AuthorizationServerMetadata::fapi(
        issuer,
        &endpoint("authorize"),
        &endpoint("token"),
        &endpoint("par"),
        &endpoint("revoke"),
    );
    metadata.grant_types_supported.push("refresh_token".to_owned());
    Json(metadata)
}

/// `GET /.well-known/oauth-protected-resource`.
pub async fn protected_resource(State(web): State<Arc<Web>>) -> Json<ProtectedResourceMetadata> {
    let issuer = &web.app.issuer;
    Json(ProtectedResourceMetadata::inbox(&format!("{issuer}/jmap"), issuer))
}
