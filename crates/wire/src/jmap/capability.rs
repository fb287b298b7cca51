//! Capability URNs.

/// RFC 8620 section 2.
pub const CORE: &str = "urn:ietf:params:jmap:core";
/// RFC 8621 section 1.3.1.
pub const MAIL: &str = "urn:ietf:params:jmap:mail";
/// RFC 8621 section 1.3.2.
pub const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
/// Ours: what was disclosed, what was withheld, and the proof.
pub const DISCLOSURE: &str = "urn:privity:jmap:disclosure";

/// What may stand in `using`. An existing client sends a fixed list of eleven in every call, whether a server has them or
/// not; an invented one is still `unknownCapability`. What is not supported has no methods: `unknownMethod`.
pub const RECOGNISED: [&str; 13] = [
    CORE,
    MAIL,
    SUBMISSION,
    DISCLOSURE,
    "urn:ietf:params:jmap:vacationresponse",
    "urn:ietf:params:jmap:contacts",
    "urn:ietf:params:jmap:calendars",
    "urn:ietf:params:jmap:websocket",
    "urn:ietf:params:jmap:sieve",
    "urn:ietf:params:jmap:blob",
    "urn:ietf:params:jmap:quota",
    "urn:ietf:params:jmap:principals",
    "urn:ietf:params:jmap:mdn",
];
