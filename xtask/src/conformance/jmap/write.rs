//! RFC 8621 section 4.6: writing, marking, moving and removing messages.

use super::ask::{at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::ensure;
use serde_json::{Value, json};

fn draft(ask: &Ask, more: Value) -> anyhow::Result<Value> {
    let mut object = json!({
        "mailboxIds": {ask.mailbox("drafts")?: true}, "keywords": {"$draft": true}, "from": [{"name": "Ana", "email": ask.me}],
        "to": [{"email": "to@x.example"}], "subject": "a draft", "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": "text"}},
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        for (name, value) in more {
            if value == "-" {
                object.remove(&name);
            } else {
                object.insert(name, value);
            }
        }
    }
    Ok(object)
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Email/set" "8621 4.6" "writes a message: text, HTML, attachment; header fields; tells what the server set" => |ask| {
        let blob = ask.upload("image/png", b"\x89PNG\r\n\x1a\n")?;
        let object = draft(ask, json!({
            "subject": "Grüße 🎬", "cc": [{"name": "Ö, B", "email": "cc@x.example"}], "inReplyTo": ["one@x.example"], "references": ["zero@x.example", "one@x.example"],
            "htmlBody": [{"partId": "h", "type": "text/html"}], "bodyValues": {"t": {"value": "plain ü"}, "h": {"value": "<p>rich</p>"}},
            "attachments": [{"blobId": blob, "type": "image/png", "name": "ä.png", "disposition": "attachment"}], "header:X-Our": " own", "receivedAt": "2021-01-01T00:00:00Z"}))?;
        let made = ask.call("Email/set", json!({"create": {"d": object}}))?;
        members(at(&made, "/created/d"), &["id", "blobId", "threadId", "size"])?;
        let email = ask.email(&text(&made, "/created/d/id")?, json!({"properties": ["subject", "from", "cc", "inReplyTo", "references", "messageId", "sentAt", "receivedAt", "textBody", "htmlBody", "attachments", "bodyValues", "keywords", "header:X-Our", "hasAttachment"], "fetchAllBodyValues": true}))?;
        for (name, value) in [("subject", json!("Grüße 🎬")), ("cc", json!([{"name": "Ö, B", "email": "cc@x.example"}])), ("inReplyTo", json!(["one@x.example"])), ("references", json!(["zero@x.example", "one@x.example"])), ("receivedAt", json!("2021-01-01T00:00:00Z")), ("keywords", json!({"$draft": true})), ("header:X-Our", json!(" own")), ("hasAttachment", json!(true))] {
            ensure!(email.get(name) == Some(&value), "{name} is {:?}", email.get(name));
        }
        text(&email, "/messageId/0")?;
        text(&email, "/sentAt")?;
        let plain = text(&email, "/textBody/0/partId")?;
        same(&email, &format!("/bodyValues/{plain}/value"), json!("plain ü"))?;
        let html = text(&email, "/htmlBody/0/partId")?;
        same(&email, &format!("/bodyValues/{html}/value"), json!("<p>rich</p>"))?;
        same(&email, "/attachments/0/name", json!("ä.png"))?;
        ensure!(ask.download(&text(&email, "/attachments/0/blobId")?, &[])?.body == b"\x89PNG\r\n\x1a\n", "other bytes");
        Ok(())
    };
    "Email/set" "8621 4.6" "takes a whole structure, and no structure beside text, HTML or attachments" => |ask| {
        let structure = json!({"type": "multipart/alternative", "subParts": [{"partId": "a", "type": "text/plain"}, {"partId": "b", "type": "text/html"}]});
        let whole = draft(ask, json!({"textBody": "-", "bodyStructure": structure, "bodyValues": {"a": {"value": "one"}, "b": {"value": "<p>two</p>"}}}))?;
        let both = draft(ask, json!({"bodyStructure": structure, "bodyValues": {"a": {"value": "one"}, "b": {"value": "two"}, "t": {"value": "x"}}}))?;
        let made = ask.call("Email/set", json!({"create": {"whole": whole, "both": both}}))?;
        let email = ask.email(&text(&made, "/created/whole/id")?, json!({"properties": ["bodyStructure"]}))?;
        same(&email, "/bodyStructure/type", json!("multipart/alternative"))?;
        same(&email, "/bodyStructure/subParts/1/type", json!("text/html"))?;
        same(&made, "/notCreated/both/type", json!("invalidProperties"))
    };
    "Email/set" "8621 4.6" "refuses what the RFC forbids in a new message" => |ask| {
        let mut create = serde_json::Map::new();
        for (name, more) in [
            ("nowhere", json!({"mailboxIds": {"nowhere": true}})),
            ("no mailbox", json!({"mailboxIds": {}})),
            ("headers", json!({"headers": [{"name": "X", "value": "y"}]})),
            ("twice", json!({"header:Subject": " again"})),
            ("content header", json!({"header:Content-Type": " text/plain"})),
            ("value without part", json!({"bodyValues": {"t": {"value": "x"}, "u": {"value": "y"}}, "textBody": [{"partId": "v", "type": "text/plain"}]})),
            ("truncated", json!({"bodyValues": {"t": {"value": "x", "isTruncated": true}}})),
            ("encoding", json!({"bodyValues": {"t": {"value": "x", "isEncodingProblem": true}}})),
            ("two texts", json!({"textBody": [{"partId": "t", "type": "text/plain"}, {"partId": "t", "type": "text/plain"}]})),
            ("html as text", json!({"textBody": [{"partId": "t", "type": "text/html"}]})),
            ("charset", json!({"textBody": [{"partId": "t", "type": "text/plain", "charset": "utf-8"}]})),
            ("keyword", json!({"keywords": {"a b": true}})),
            ("keyword false", json!({"keywords": {"x": false}})),
            ("id", json!({"id": "mine"})),
            ("thread", json!({"threadId": "mine"})),
            ("unknown", json!({"frobnicate": 1})),
            ("newline", json!({"subject": "a\r\nBcc: b@x.example"})),
        ] {
            create.insert(name.to_owned(), draft(ask, more)?);
        }
        let names: Vec<String> = create.keys().cloned().collect();
        let refused = ask.call("Email/set", json!({"create": create}))?;
        for name in names {
            let there = refused["notCreated"].get(&name);
            let made = refused["created"].get(&name);
            if name == "newline" && made.is_some() {
                // Taken as text: then there must be no such header field.
                let email = ask.email(&text(&refused, "/created/newline/id")?, json!({"properties": ["bcc"]}))?;
                same(&email, "/bcc", Value::Null)?;
                continue;
            }
            ensure!(there.is_some_and(|error| error["type"] == "invalidProperties"), "{name}: {there:?} {made:?}");
        }
        let blob = draft(ask, json!({"attachments": [{"blobId": "nothing", "type": "image/png"}]}))?;
        let refused = ask.call("Email/set", json!({"create": {"b": blob}}))?;
        same(&refused, "/notCreated/b/type", json!("blobNotFound"))?;
        same(&refused, "/notCreated/b/notFound", json!(["nothing"]))
    };
    "Email/set" "8621 4.6" "changes keywords and mailboxes, whole or one by one, in lower case" => |ask| {
        let id = ask.letter("marked", "", "x")?;
        let (inbox, trash) = (ask.mailbox("inbox")?, ask.mailbox("trash")?);
        for (patch, keywords, mailboxes) in [
            (json!({"keywords/$seen": true, "keywords/Own": true}), json!({"$seen": true, "own": true}), json!({inbox.clone(): true})),
            (json!({"keywords/$SEEN": null}), json!({"own": true}), json!({inbox.clone(): true})),
            (json!({"keywords": {"$flagged": true}}), json!({"$flagged": true}), json!({inbox.clone(): true})),
            (json!({format!("mailboxIds/{trash}"): true, format!("mailboxIds/{inbox}"): null}), json!({"$flagged": true}), json!({trash.clone(): true})),
            (json!({"mailboxIds": {inbox.clone(): true}, "keywords": {}}), json!({}), json!({inbox.clone(): true})),
            (json!({"keywords/a~1b": true}), json!({"a/b": true}), json!({inbox.clone(): true})),
        ] {
            let changed = ask.call("Email/set", json!({"update": {id.clone(): patch}}))?;
            ensure!(changed["updated"].get(&id).is_some(), "{patch}: {changed}");
            let email = ask.email(&id, json!({"properties": ["keywords", "mailboxIds"]}))?;
            same(&email, "/keywords", keywords)?;
            same(&email, "/mailboxIds", mailboxes)?;
        }
        Ok(())
    };
    "Email/set" "8621 4.6" "refuses to change the content, to be nowhere, and patches that overlap" => |ask| {
        let id = ask.letter("fixed", "", "x")?;
        let inbox = ask.mailbox("inbox")?;
        for patch in [
            json!({"subject": "another"}),
            json!({"receivedAt": "2020-01-01T00:00:00Z"}),
            json!({format!("mailboxIds/{inbox}"): null}),
            json!({"mailboxIds": {}}),
            json!({"mailboxIds/nowhere": true}),
            json!({"keywords/a b": true}),
            json!({"keywords": {"a": true}, "keywords/b": true}),
            json!({"keywords/$seen": "yes"}),
            json!({"frobnicate": true}),
        ] {
            let refused = ask.call("Email/set", json!({"update": {id.clone(): patch}}))?;
            let kind = text(&refused, &format!("/notUpdated/{id}/type"))?;
            ensure!(["invalidProperties", "invalidPatch"].contains(&kind.as_str()), "{patch}: {kind}");
        }
        let nothing = ask.call("Email/set", json!({"update": {id.clone(): {"subject": "fixed"}}}))?;
        // Said as it is already, it may be taken or refused; it is not changed.
        ensure!(nothing["updated"].get(&id).is_some() || nothing["notUpdated"].get(&id).is_some(), "{nothing}");
        Ok(())
    };
    "Email/set" "8620 5.3" "one object's failure leaves the others; a message made in the same request can be meant by its name" => |ask| {
        let id = ask.letter("among others", "", "x")?;
        let object = draft(ask, json!({}))?;
        let answers = ask.calls(json!([
            ["Email/set", {"accountId": ask.account, "create": {"good": object, "bad": {"mailboxIds": {}}}, "update": {id.clone(): {"keywords/$seen": true}, "nothing": {}}, "destroy": ["nowhere"]}, "0"],
            ["Email/set", {"accountId": ask.account, "update": {"#good": {"keywords/$flagged": true}}}, "1"],
            ["Email/set", {"accountId": ask.account, "destroy": ["#good"]}, "2"]]))?;
        let result = |n: usize| answers.get(n).map(|(_, result, _)| result.clone()).unwrap_or_default();
        text(&result(0), "/created/good/id")?;
        for pointer in ["/notCreated/bad", "/notUpdated/nothing", "/notDestroyed/nowhere"] {
            text(&result(0), &format!("{pointer}/type"))?;
        }
        ensure!(result(0)["updated"].get(&id).is_some(), "{:?}", result(0));
        ensure!(result(1)["updated"].as_object().is_some_and(|updated| updated.len() == 1), "{:?}", result(1));
        ensure!(result(2)["destroyed"].as_array().is_some_and(|destroyed| destroyed.len() == 1), "{:?}", result(2));
        Ok(())
    };
    "Email/set" "8621 4.6" "what is destroyed is gone: from get, query, thread and counts" => |ask| {
        let id = ask.letter("to be removed", "", "x")?;
        let thread = text(&ask.email(&id, json!({}))?, "/threadId")?;
        let gone = ask.call("Email/set", json!({"destroy": [id]}))?;
        ensure!(lists(&gone, "/destroyed", &id), "{gone}");
        ensure!(lists(&ask.call("Email/get", json!({"ids": [id]}))?, "/notFound", &id), "it is still there");
        ensure!(!ask.found(json!({"filter": {"subject": "to be removed"}}))?.contains(&id), "it is still found");
        ensure!(lists(&ask.call("Thread/get", json!({"ids": [thread]}))?, "/notFound", &thread), "its thread is still there");
        Ok(())
    };
};
