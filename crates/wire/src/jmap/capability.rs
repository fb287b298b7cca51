//! Capability URNs.

/// RFC 8620 section 2.
pub const CORE: &str = "urn:ietf:params:jmap:core";
/// RFC 8621 section 1.3.1.
pub const MAIL: &str = "urn:ietf:params:jmap:mail";
/// RFC 8621 section 1.3.2.
pub const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
/// RFC 8621 section 1.3.3.
pub const VACATION: &str = "urn:ietf:params:jmap:vacationresponse";
/// RFC 8887 section 3.
pub const WEBSOCKET: &str = "urn:ietf:params:jmap:websocket";
/// Ours: what was disclosed, what was withheld, and the proof.
pub const DISCLOSURE: &str = "urn:privity:jmap:disclosure";

/// What may stand in `using`. An existing client sends a fixed list of eleven in every call, whether a server has them or
/// not; an invented one is still `unknownCapability`. What is not supported has no methods: `unknownMethod`.
pub const RECOGNISED: [&str; 13] = [
    CORE,
    MAIL,
    SUBMISSION,
    DISCLOSURE,
    VACATION,
    "urn:ietf:params:jmap:contacts",
    "urn:ietf:params:jmap:calendars",
    WEBSOCKET,
    "urn:ietf:params:jmap:sieve",
    "urn:ietf:params:jmap:blob",
    "urn:ietf:params:jmap:quota",
    "urn:ietf:params:jmap:principals",
    "urn:ietf:params:jmap:mdn",
];

/// Which capability must be in `using` for a method (RFC 8620 section 1.8: what is not opted into is as if it were not there).
/// The core is always there: some clients leave it out.
pub fn capability_of(method: &str) -> &'static str {
    match method.split_once('/').map_or(method, |(name, _)| name) {
        "Mailbox" | "Thread" | "Email" | "SearchSnippet" => MAIL,
        "Identity" | "EmailSubmission" => SUBMISSION,
        "VacationResponse" => VACATION,
        _ => CORE,
    }
}
