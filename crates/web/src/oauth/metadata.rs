//! Discovery: RFC 8414 and RFC 9728.

use crate::Web;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /.well-known/oauth-authorization-server`.
pub async fn authorization_server(State(web): State<Arc<Web>>) -> Json<Value> {
    let issuer = &web.app.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "pushed_authorization_request_endpoint": format!("{issuer}/oauth/par"),
        "require_pushed_authorization_requests": true,
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "EdDSA"],
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "EdDSA"],
        "authorization_response_iss_parameter_supported": true,
        "authorization_details_types_supported": ["inbox"],
    }))
}

/// `GET /.well-known/oauth-protected-resource`.
pub async fn protected_resource(State(web): State<Arc<Web>>) -> Json<Value> {
    let issuer = &web.app.issuer;
    Json(json!({
        "resource": format!("{issuer}/jmap"),
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "authorization_details_types_supported": ["inbox"],
    }))
}
