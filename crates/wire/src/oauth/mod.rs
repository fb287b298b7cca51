//! OAuth 2.0 as the FAPI 2.0 Security Profile uses it. A form is read with every member optional, then `check`ed: a missing
//! or wrong parameter is an OAuth error of the spec, never a framework's.

mod authorization_detail;
mod client_assertion;
mod error;
mod metadata;
mod pushed_request;
mod revocation;
mod secret;
mod token;

pub use authorization_detail::{
    Action, AuthorizationDetail, Conversations, Field, Purpose, parse_authorization_details,
};
pub use client_assertion::{CLIENT_ASSERTION_TYPE, ClientAssertionClaims, ClientAuthentication};
pub use error::{ErrorCode, OAuthError};
pub use metadata::{AuthorizationServerMetadata, ProtectedResourceMetadata, well_known};
pub use pushed_request::{PushedAuthorizationRequest, PushedAuthorizationResponse, PushedParameters};
pub use revocation::RevocationRequest;
pub use secret::Secret;
pub use token::{TokenGrant, TokenRequest, TokenResponse, TokenType};
