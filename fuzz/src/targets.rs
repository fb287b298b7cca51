//! What is done with bytes that a stranger sends, one function for each parser of requests and of files. None may panic; some
//! also hold what comes out to a law. Called by `cargo xtask fuzz`, by cargo-fuzz, and by a test that replays the corpora.

use import::facebook::Facebook;
use import::redial::Redial;
use import::{Limits, Reader, Sink, SinkError};
use letter::{BodyProperty, Defaults, Letter, Property};
use model::{AccountId, Conversation, Message, Participant};
use serde_json::{Map, Value};
use std::io::Write;
use wire::jmap::{
    ChangesArguments, EmailGetArguments, EmailQueryArguments, EmailQueryChangesArguments, GetArguments,
    MailboxQueryArguments, MailboxQueryChangesArguments, MethodResponse, References, Request, SearchSnippetArguments,
    parse_arguments, resolve_arguments,
};
use wire::oauth::{
    ClientAssertionClaims, PushedAuthorizationRequest, RevocationRequest, TokenRequest, parse_authorization_details,
};

/// A parser, by the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("json", json),
    ("jmap_request", jmap_request),
    ("letter", letter),
    ("letter_build", letter_build),
    ("oauth", oauth),
    ("log", log),
    ("report_zip", report_zip),
    ("import_redial", import_redial),
    ("import_facebook", import_facebook),
];

/// JSON from a stranger. What is taken is what others read too.
pub fn json(data: &[u8]) {
    if let Ok(value) = wire::parse_json(data, 1 << 20, 32) {
        let theirs: Value = serde_json::from_slice(data).expect("what is taken is JSON");
        assert_eq!(value, theirs);
    }
}

/// A JMAP request: the envelope, every call's arguments as every method reads them, result references.
pub fn jmap_request(data: &[u8]) {
    let Ok(request) = Request::parse(data) else {
        return;
    };
    let again = serde_json::to_vec(&request).expect("a request is written");
    assert!(Request::parse(&again).is_ok(), "what was read is not read again");
    let mut responses = Vec::new();
    let mut references = References::default();
    for call in &request.method_calls {
        let Ok(arguments) = resolve_arguments(call.arguments.clone(), &responses, &mut references) else {
            continue;
        };
        _ = GetArguments::parse(arguments.clone());
        _ = EmailGetArguments::parse(arguments.clone());
        _ = EmailQueryArguments::parse(arguments.clone());
        _ = EmailQueryChangesArguments::parse(arguments.clone());
        _ = MailboxQueryArguments::parse(arguments.clone());
        _ = MailboxQueryChangesArguments::parse(arguments.clone());
        _ = SearchSnippetArguments::parse(arguments.clone());
        _ = parse_arguments::<ChangesArguments>(arguments.clone());
        responses.push(MethodResponse::new(&call.name, &arguments, &call.call_id));
    }
}

fn properties() -> Vec<Property> {
    let names = [
        "messageId",
        "inReplyTo",
        "references",
        "sender",
        "from",
        "to",
        "cc",
        "bcc",
        "replyTo",
        "subject",
        "sentAt",
        "hasAttachment",
        "preview",
        "bodyValues",
        "textBody",
        "htmlBody",
        "attachments",
        "bodyStructure",
        "headers",
        "header:Subject:asText:all",
        "header:From:asGroupedAddresses",
        "header:List-Post:asURLs",
    ];
    names.iter().filter_map(|name| Property::parse(name).ok()).collect()
}

/// Someone's letter, and all that is ever asked of it.
pub fn letter(data: &[u8]) {
    let Ok(letter) = Letter::parse(data) else {
        return;
    };
    let parts = [
        "partId",
        "blobId",
        "size",
        "name",
        "type",
        "charset",
        "disposition",
        "cid",
        "language",
        "location",
        "subParts",
        "headers",
    ];
    let parts: Vec<BodyProperty> = parts.iter().filter_map(|name| BodyProperty::parse(name).ok()).collect();
    let blob = |part: &str| format!("b-{part}");
    for max_bytes in [0, 1, 7] {
        let wanted = letter::Wanted {
            properties: &properties(),
            body_properties: &parts,
            text_values: true,
            html_values: true,
            all_values: true,
            max_bytes,
            blob: &blob,
        };
        let members = letter.members(&wanted);
        for part in members
            .get("bodyValues")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let value = part.1.get("value").and_then(Value::as_str).unwrap_or_default();
            assert!(
                max_bytes == 0 || value.len() as u64 <= max_bytes,
                "a value that is longer than asked for"
            );
            _ = letter.part(part.0);
        }
    }
    _ = (
        letter.subject(),
        letter.from(),
        letter.to(),
        letter.cc(),
        letter.bcc(),
        letter.body_text(),
    );
    _ = (
        letter.has_attachment(),
        letter.sent_at(),
        letter.message_id(),
        letter.related_ids(),
        letter.base_subject(),
    );
    _ = (letter.header("subject"), letter.has_header("list-id"));
}

/// A client's `Email` object. What is written from it reads as a letter.
pub fn letter_build(data: &[u8]) {
    let Ok(Value::Object(create)) = wire::parse_json(data, 1 << 20, 32) else {
        return;
    };
    let defaults = Defaults {
        date: 1_790_000_000,
        message_id: "one@inbox.example".to_owned(),
    };
    let mut blobs = |id: &str| id.starts_with('b').then(|| id.as_bytes().to_vec());
    if let Ok(raw) = letter::build(&create, &mut blobs, &defaults) {
        assert!(
            Letter::parse(&raw).is_ok(),
            "what was written does not read: {}",
            String::from_utf8_lossy(&raw)
        );
        letter(&raw);
    }
}

/// What partners send to the authorization server.
pub fn oauth(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(details) = parse_authorization_details(text) {
        let again = serde_json::to_string(&details).expect("details are written");
        assert_eq!(parse_authorization_details(&again).ok(), Some(details));
    }
    if let Ok(claims) = serde_json::from_str::<ClientAssertionClaims>(text) {
        _ = claims.check("marquee-web", "https://inbox.example", 1_790_000_000);
    }
    // A form, as an object of texts.
    let Ok(form) = serde_json::from_str::<Map<String, Value>>(text) else {
        return;
    };
    let form = Value::Object(form);
    if let Ok(request) = serde_json::from_value::<PushedAuthorizationRequest>(form.clone()) {
        _ = request.client_authentication().is_ok();
        _ = request.check();
    }
    if let Ok(request) = serde_json::from_value::<TokenRequest>(form.clone()) {
        _ = request.client_authentication().is_ok();
        _ = request.check();
    }
    if let Ok(request) = serde_json::from_value::<RevocationRequest>(form) {
        _ = request.client_authentication().is_ok();
        _ = request.check().is_ok();
    }
}

/// What an auditor reads from a log that may be anyone's.
pub fn log(data: &[u8]) {
    _ = tlog::leaf::Leaf::decode(data);
    _ = tlog::body::Body::decode(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    _ = tlog::checkpoint::Checkpoint::parse(text);
    _ = tlog::note::unverified_text(text);
    if let Ok(path) = text.parse::<tlog::path::TilePath>() {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(proof) = text.parse::<tlog::proof::Proof>() {
        assert_eq!(proof.to_string().parse::<tlog::proof::Proof>().ok(), Some(proof));
    }
}

/// A report that someone files.
pub fn report_zip(data: &[u8]) {
    _ = report::claim(data);
}

struct Nothing;

impl Sink for Nothing {
    fn conversation(&mut self, _: &Conversation) -> Result<(), SinkError> {
        Ok(())
    }
    fn message(&mut self, _: Message) -> Result<(), SinkError> {
        Ok(())
    }
    fn progress(&mut self, _: u64) {}
    fn part_done(&mut self, _: &str) -> Result<(), SinkError> {
        Ok(())
    }
    fn is_done(&mut self, _: &str) -> bool {
        false
    }
}

fn owner() -> Participant {
    Participant {
        account: AccountId([1; 16]),
        name: "Ana".to_owned(),
    }
}

fn file(data: &[u8], ending: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().expect("a file");
    file.write_all(data).expect("a file");
    file
}

/// An export of dialogues.
pub fn import_redial(data: &[u8]) {
    if let Ok(line) = std::str::from_utf8(data) {
        _ = import::redial::truth(line);
    }
    let file = file(data, ".jsonl");
    let people = Box::new(|worker: i64| (worker % 2 == 0).then(owner));
    if let Ok(mut reader) = Redial::open(file.path(), people, Limits::default()) {
        _ = reader.read(&mut Nothing);
    }
}

/// An export in a zip.
pub fn import_facebook(data: &[u8]) {
    let file = file(data, ".zip");
    _ = import::facebook::guess_owner(file.path(), &Limits::default());
    if let Ok(mut reader) = Facebook::open(file.path(), owner(), Limits::default()) {
        _ = reader.read(&mut Nothing);
    }
}
