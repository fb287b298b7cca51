//! Every limit of the wire, in one place. Sizes in bytes unless the name says otherwise.

/// Body of a JMAP request (RFC 8620 section 2, `maxSizeRequest`).
pub const MAX_SIZE_REQUEST: usize = 1_000_000;
/// Method calls in a JMAP request (`maxCallsInRequest`).
pub const MAX_CALLS_IN_REQUEST: usize = 16;
/// Requests of one client at a time (`maxConcurrentRequests`).
pub const MAX_CONCURRENT_REQUESTS: usize = 32;
/// Objects one `/get` may ask for (`maxObjectsInGet`).
pub const MAX_OBJECTS_IN_GET: usize = 500;
/// Objects one `/set` may change (`maxObjectsInSet`).
pub const MAX_OBJECTS_IN_SET: usize = 500;
/// One uploaded file (`maxSizeUpload`).
pub const MAX_SIZE_UPLOAD: usize = 50_000_000;
/// Uploads of one client at a time (`maxConcurrentUpload`).
pub const MAX_CONCURRENT_UPLOAD: usize = 4;
/// Streams of events and sockets that one person's apps, or a partner under one grant, have open at a time.
pub const MAX_EVENT_STREAMS: usize = 16;
/// Ids one `/query` answers with when the client names no limit, and at most.
pub const MAX_QUERY_LIMIT: u64 = 500;
/// Levels of arrays and objects in JSON that a stranger sends.
pub const MAX_JSON_DEPTH: usize = 32;
/// Conditions and operators in a filter.
pub const MAX_FILTER_NODES: usize = 32;
/// A text of a filter.
pub const MAX_FILTER_TEXT: usize = 1000;
/// Names in a list of a filter.
pub const MAX_FILTER_LIST: usize = 64;
/// Comparators in a sort.
pub const MAX_SORT: usize = 4;
/// URNs in `using`.
pub const MAX_USING: usize = 64;
/// Names in `properties`.
pub const MAX_PROPERTIES: usize = 64;
/// A JMAP id (RFC 8620 section 1.2).
pub const MAX_ID: usize = 255;
/// A method name or a method call id.
pub const MAX_CALL_NAME: usize = 255;
/// The path of a result reference.
pub const MAX_POINTER: usize = 256;
/// What result references of one request may look through: each counts the whole answer it refers to.
pub const MAX_REFERRED: usize = 16 * 1024 * 1024;
/// What result references of one request may come to, in memory.
pub const MAX_RESOLVED: usize = 16 * 1024 * 1024;
/// All method responses of one request.
pub const MAX_SIZE_RESPONSES: usize = 16 * 1024 * 1024;

/// The text of `authorization_details`.
pub const MAX_AUTHORIZATION_DETAILS: usize = 4096;
/// Elements of `authorization_details`, and of each list in them.
pub const MAX_AUTHORIZATION_DETAIL_ITEMS: usize = 16;
/// `redirect_uri`.
pub const MAX_REDIRECT_URI: usize = 2048;
/// `state` (the conformance suite sends more than 1000).
pub const MAX_STATE: usize = 4096;
/// A client assertion, compact form.
pub const MAX_CLIENT_ASSERTION: usize = 4096;
/// A code, a token, a `jti`.
pub const MAX_CREDENTIAL: usize = 512;
/// How far ahead the `exp` of a client assertion may be, in seconds: so long its `jti` must be remembered.
pub const MAX_ASSERTION_SECONDS: i64 = 300;
/// How far ahead `iat` and `nbf` may be, in seconds (FAPI 2.0 5.3.2.1 no. 13).
pub const MAX_CLOCK_SKEW_SECONDS: i64 = 10;
