//! Who is who: authorization server metadata (RFC 8414) and protected resource metadata (RFC 9728).

use serde::{Deserialize, Serialize};

/// Where the metadata `name` of an issuer or resource is: the well-known part goes between host and path
/// (RFC 8414 section 3.1, RFC 9728 section 3.1).
pub fn well_known(identifier: &str, name: &str) -> String {
    let identifier = identifier.trim_end_matches('/');
    let after_scheme = identifier.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = identifier.split_at_checked(after_scheme).unwrap_or(("", identifier));
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    format!("{scheme}{host}/.well-known/{name}{path}")
}

/// Authorization server metadata (RFC 8414 section 2). Members we do not know are ignored, as the RFC asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// The issuer identifier: a reader must compare it with the one it started from.
    pub issuer: String,
    /// Where a browser is sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// RFC 9126 section 5.
    pub pushed_authorization_request_endpoint: String,
    /// RFC 9126 section 5; always true under FAPI 2.0.
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// RFC 7009.
    pub revocation_endpoint: String,
    /// RFC 7662.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// The server's own public keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// `code` only.
    pub response_types_supported: Vec<String>,
    /// `authorization_code`, perhaps `refresh_token`.
    #[serde(default)]
    pub grant_types_supported: Vec<String>,
    /// `S256` only.
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    /// `private_key_jwt` only.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// `ES256`, `PS256`, `EdDSA`.
    #[serde(default)]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// RFC 9207.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// RFC 9396 section 10: `inbox`.
    #[serde(default)]
    pub authorization_details_types_supported: Vec<String>,
    /// RFC 9449 section 5.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// Grant Management for OAuth 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_management_endpoint: Option<String>,
    /// Grant Management for OAuth 2.0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_management_actions_supported: Vec<String>,
    /// For people who write clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
}

impl AuthorizationServerMetadata {
    /// The metadata of a FAPI 2.0 server at `issuer` with these four endpoints; what is optional is left out.
    pub fn fapi(issuer: &str, authorization: &str, token: &str, pushed: &str, revocation: &str) -> Self {
        let list = |items: &[&str]| items.iter().map(|&s| s.to_owned()).collect();
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: authorization.to_owned(),
            token_endpoint: token.to_owned(),
            pushed_authorization_request_endpoint: pushed.to_owned(),
            require_pushed_authorization_requests: true,
            revocation_endpoint: revocation.to_owned(),
            introspection_endpoint: None,
            jwks_uri: None,
            response_types_supported: list(&["code"]),
            grant_types_supported: list(&["authorization_code"]),
            code_challenge_methods_supported: list(&["S256"]),
            token_endpoint_auth_methods_supported: list(&["private_key_jwt"]),
            token_endpoint_auth_signing_alg_values_supported: list(&["ES256", "PS256", "EdDSA"]),
            authorization_response_iss_parameter_supported: true,
            authorization_details_types_supported: list(&["inbox"]),
            dpop_signing_alg_values_supported: Vec::new(),
            grant_management_endpoint: None,
            grant_management_actions_supported: Vec::new(),
            service_documentation: None,
        }
    }
}

/// Protected resource metadata (RFC 9728 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResourceMetadata {
    /// The resource identifier.
    pub resource: String,
    /// Issuers whose tokens it takes.
    #[serde(default)]
    pub authorization_servers: Vec<String>,
    /// `header` only.
    #[serde(default)]
    pub bearer_methods_supported: Vec<String>,
    /// RFC 9396 types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// For people who write clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
}

impl ProtectedResourceMetadata {
    /// The metadata of an inbox API at `resource` whose tokens come from `issuer`.
    pub fn inbox(resource: &str, issuer: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            authorization_servers: vec![issuer.to_owned()],
            bearer_methods_supported: vec!["header".to_owned()],
            authorization_details_types_supported: vec!["inbox".to_owned()],
            resource_name: None,
            resource_documentation: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_goes_between_host_and_path() {
        let name = "oauth-authorization-server";
        assert_eq!(
            well_known("https://example.com", name),
            "https://example.com/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            well_known("https://example.com/issuer1", name),
            "https://example.com/.well-known/oauth-authorization-server/issuer1"
        );
        assert_eq!(
            well_known("http://127.0.0.1:8080/", name),
            "http://127.0.0.1:8080/.well-known/oauth-authorization-server"
        );
    }

    #[test]
    fn metadata_reads_back_and_ignores_what_it_does_not_know() {
        let made = AuthorizationServerMetadata::fapi(
            "https://p",
            "https://p/a",
            "https://p/t",
            "https://p/par",
            "https://p/r",
        );
        let mut value = serde_json::to_value(&made).unwrap();
        assert!(value.get("jwks_uri").is_none());
        assert_eq!(value["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        value["something_new"] = 1.into();
        assert_eq!(
            serde_json::from_value::<AuthorizationServerMetadata>(value).unwrap(),
            made
        );
        let resource = ProtectedResourceMetadata::inbox("https://p/jmap", "https://p");
        let text = serde_json::to_string(&resource).unwrap();
        assert_eq!(
            serde_json::from_str::<ProtectedResourceMetadata>(&text).unwrap(),
            resource
        );
    }

    #[test]
    fn metadata_without_a_pushed_request_endpoint_is_not_ours() {
        let text = r#"{"issuer":"https://p","authorization_endpoint":"a","token_endpoint":"t","response_types_supported":["code"]}"#;
        assert!(serde_json::from_str::<AuthorizationServerMetadata>(text).is_err());
    }
}
