//! RFC 8621 sections 4.1, 4.2, 4.8 and 4.9: reading messages, importing and parsing them.

use super::ask::{at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::ensure;
use serde_json::{Value, json};

const RICH: &str = "From: =?utf-8?Q?J=C3=B6rg?= <joerg@elsewhere.example>, Group: a@x.example, b@x.example;\r\nTo: \"Doe, Jane\" <jane@x.example>\r\nCc: c@x.example\r\nReply-To: r@x.example\r\nSender: s@x.example\r\nSubject: =?utf-8?B?w5xiZXI=?=\r\n files\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <rich@x.example>\r\nIn-Reply-To: <one@x.example> <two@x.example>\r\nReferences: <zero@x.example> <one@x.example>\r\nX-Times: first\r\nX-Times: second\r\nList-Unsubscribe: <https://x.example/out>, <mailto:out@x.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=FC=DFe, the plain one\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>the <b>rich</b> one</p>\r\n--inner--\r\n--outer\r\nContent-Type: image/png; name=\"dot.png\"\r\nContent-Disposition: attachment; filename=\"dot.png\"\r\nContent-ID: <dot@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\ninner text\r\n--outer--\r\n";

fn rich(ask: &Ask) -> anyhow::Result<String> {
    ask.import(RICH.as_bytes(), json!({}))
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Email/get" "8621 4.2" "has the default properties when none are named" => |ask| {
        let email = ask.email(&rich(ask)?, json!({}))?;
        let mut names: Vec<&String> = email.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        names.sort();
        let mut expected = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview", "bodyValues", "textBody", "htmlBody", "attachments"];
        expected.sort_unstable();
        ensure!(names == expected, "{names:?}");
        same(&email, "/bodyValues", json!({}))?;
        same(&email, "/size", json!(RICH.len()))
    };
    "Email/get" "8621 4.1.2, 4.1.3" "reads the header: names, groups, encoded words, ids, dates" => |ask| {
        let email = ask.email(&rich(ask)?, json!({}))?;
        for (name, value) in [
            ("from", json!([{"name": "Jörg", "email": "joerg@elsewhere.example"}, {"name": null, "email": "a@x.example"}, {"name": null, "email": "b@x.example"}])),
            ("to", json!([{"name": "Doe, Jane", "email": "jane@x.example"}])),
            ("bcc", Value::Null),
            ("subject", json!("Über files")),
            ("sentAt", json!("2026-11-20T10:00:00+01:00")),
            ("messageId", json!(["rich@x.example"])),
            ("inReplyTo", json!(["one@x.example", "two@x.example"])),
            ("references", json!(["zero@x.example", "one@x.example"])),
            ("hasAttachment", json!(true)),
        ] {
            same(&email, &format!("/{name}"), value)?;
        }
        Ok(())
    };
    "Email/get" "8621 4.1.3" "reads any header field, raw and in each form, the last or all" => |ask| {
        let id = rich(ask)?;
        let forms = [
            ("header:X-Times", json!(" second")),
            ("header:X-Times:all", json!([" first", " second"])),
            ("header:x-times:asText:all", json!(["first", "second"])),
            ("header:Subject:asText", json!("Über files")),
            ("header:From:asAddresses", json!([{"name": "Jörg", "email": "joerg@elsewhere.example"}, {"name": null, "email": "a@x.example"}, {"name": null, "email": "b@x.example"}])),
            ("header:From:asGroupedAddresses", json!([{"name": null, "addresses": [{"name": "Jörg", "email": "joerg@elsewhere.example"}]}, {"name": "Group", "addresses": [{"name": null, "email": "a@x.example"}, {"name": null, "email": "b@x.example"}]}])),
            ("header:References:asMessageIds", json!(["zero@x.example", "one@x.example"])),
            ("header:Date:asDate", json!("2026-11-20T10:00:00+01:00")),
            ("header:List-Unsubscribe:asURLs", json!(["https://x.example/out", "mailto:out@x.example"])),
            ("header:X-Nothing", Value::Null),
            ("header:X-Nothing:all", json!([])),
        ];
        let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
        let email = ask.email(&id, json!({"properties": names}))?;
        for (name, value) in &forms {
            ensure!(email.get(*name) == Some(value), "{name} is {:?}, not {value}", email.get(*name));
        }
        for wrong in ["header:Subject:asDate", "header:Date:asMessageIds", "header:From:asURLs", "header:", "header:X:asNothing"] {
            ask.refused("Email/get", json!({"ids": [id], "properties": [wrong]}), "invalidArguments")?;
        }
        Ok(())
    };
    "Email/get" "8621 4.1.4" "takes the body apart: text, HTML, attachments, structure" => |ask| {
        let email = ask.email(&rich(ask)?, json!({"properties": ["bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues", "preview"], "bodyProperties": ["partId", "blobId", "type", "name", "disposition", "cid", "charset", "size", "subParts"], "fetchAllBodyValues": true}))?;
        same(&email, "/bodyStructure/type", json!("multipart/mixed"))?;
        same(&email, "/bodyStructure/partId", Value::Null)?;
        same(&email, "/bodyStructure/subParts/0/type", json!("multipart/alternative"))?;
        same(&email, "/bodyStructure/subParts/2/type", json!("message/rfc822"))?;
        same(&email, "/textBody/0/type", json!("text/plain"))?;
        same(&email, "/textBody/0/charset", json!("iso-8859-1"))?;
        same(&email, "/htmlBody/0/type", json!("text/html"))?;
        same(&email, "/attachments/0/name", json!("dot.png"))?;
        same(&email, "/attachments/0/cid", json!("dot@x"))?;
        same(&email, "/attachments/0/size", json!(8))?;
        let part = text(&email, "/textBody/0/partId")?;
        same(&email, &format!("/bodyValues/{part}/value"), json!("grüße, the plain one"))?;
        same(&email, &format!("/bodyValues/{part}/isTruncated"), json!(false))?;
        ensure!(text(&email, "/preview")?.contains("grüße"), "{}", email["preview"]);
        let blob = text(&email, "/attachments/0/blobId")?;
        ensure!(ask.download(&blob, &[])?.body == b"\x89PNG\r\n\x1a\n", "other bytes");
        let within = text(&email, "/bodyStructure/subParts/2/blobId")?;
        let parsed = ask.call("Email/parse", json!({"blobIds": [within], "properties": ["subject"]}))?;
        same(&parsed, &format!("/parsed/{within}/subject"), json!("within"))
    };
    "Email/get" "8621 4.2" "fetches values of text or HTML alone, and cuts them without breaking a character" => |ask| {
        let id = rich(ask)?;
        for (which, kind) in [("fetchTextBodyValues", "textBody"), ("fetchHTMLBodyValues", "htmlBody")] {
            let email = ask.email(&id, json!({which: true}))?;
            let part = text(&email, &format!("/{kind}/0/partId"))?;
            let values = at(&email, "/bodyValues").as_object().cloned().unwrap_or_default();
            ensure!(values.len() == 1 && values.contains_key(&part), "{which}: {values:?}");
        }
        let email = ask.email(&id, json!({"fetchTextBodyValues": true, "maxBodyValueBytes": 3}))?;
        let part = text(&email, "/textBody/0/partId")?;
        same(&email, &format!("/bodyValues/{part}"), json!({"value": "gr", "isTruncated": true, "isEncodingProblem": false}))
    };
    "Email/get" "8621 4.1.4" "a message that is only text has no attachments and is its own HTML body" => |ask| {
        let id = ask.letter("plain", "", "only text")?;
        let email = ask.email(&id, json!({}))?;
        same(&email, "/attachments", json!([]))?;
        same(&email, "/htmlBody", email["textBody"].clone())?;
        same(&email, "/hasAttachment", json!(false))
    };
    "Email/get" "8621 4.1.1" "the raw message is its blob" => |ask| {
        let id = rich(ask)?;
        let blob = text(&ask.email(&id, json!({}))?, "/blobId")?;
        ensure!(ask.download(&blob, &[])?.body == RICH.as_bytes(), "other bytes");
        Ok(())
    };
    "Email/import" "8621 4.8" "takes place, keywords and time; tells id, blob, thread and size; states" => |ask| {
        let blob = ask.upload("message/rfc822", RICH.as_bytes())?;
        let inbox = ask.mailbox("inbox")?;
        let made = ask.call("Email/import", json!({"emails": {"e": {"blobId": blob, "mailboxIds": {inbox.clone(): true}, "keywords": {"$Flagged": true}, "receivedAt": "2020-02-29T12:00:00Z"}}}))?;
        members(&made, &["accountId", "oldState", "newState", "created", "notCreated"])?;
        members(at(&made, "/created/e"), &["id", "blobId", "threadId", "size"])?;
        let email = ask.email(&text(&made, "/created/e/id")?, json!({}))?;
        same(&email, "/receivedAt", json!("2020-02-29T12:00:00Z"))?;
        same(&email, "/keywords", json!({"$flagged": true}))?;
        same(&email, "/mailboxIds", json!({inbox: true}))
    };
    "Email/import" "8621 4.8" "refuses unknown blobs, no mailbox, unknown ones and bad keywords" => |ask| {
        let blob = ask.upload("message/rfc822", b"Subject: x\r\n\r\ny")?;
        let inbox = ask.mailbox("inbox")?;
        let refused = ask.call("Email/import", json!({"emails": {
            "blob": {"blobId": "nothing", "mailboxIds": {inbox.clone(): true}}, "none": {"blobId": blob, "mailboxIds": {}},
            "lost": {"blobId": blob, "mailboxIds": {"nowhere": true}}, "keyword": {"blobId": blob, "mailboxIds": {inbox.clone(): true}, "keywords": {"a b": true}},
            "date": {"blobId": blob, "mailboxIds": {inbox.clone(): true}, "receivedAt": "yesterday"}}}))?;
        for (name, property) in [("none", "mailboxIds"), ("lost", "mailboxIds"), ("keyword", "keywords"), ("date", "receivedAt")] {
            same(&refused, &format!("/notCreated/{name}/type"), json!("invalidProperties"))?;
            ensure!(lists(&refused, &format!("/notCreated/{name}/properties"), property), "{refused}");
        }
        let kind = text(&refused, "/notCreated/blob/type")?;
        ensure!(["invalidProperties", "blobNotFound"].contains(&kind.as_str()), "{kind}");
        same(&refused, "/created", Value::Null)
    };
    "Email/parse" "8621 4.9" "reads an upload without keeping it; unknown blobs are notFound" => |ask| {
        let before = ask.call("Email/get", json!({"ids": []}))?["state"].clone();
        let blob = ask.upload("message/rfc822", RICH.as_bytes())?;
        let parsed = ask.call("Email/parse", json!({"blobIds": [blob, "nothing"], "fetchAllBodyValues": true}))?;
        same(&parsed, "/notFound", json!(["nothing"]))?;
        same(&parsed, "/notParsable", Value::Null)?;
        let email = at(&parsed, "/parsed").get(&blob).cloned().unwrap_or_default();
        same(&email, "/subject", json!("Über files"))?;
        same(&email, "/attachments/0/name", json!("dot.png"))?;
        ensure!(email.get("id").is_none(), "an id that was not asked for");
        let placed = ask.call("Email/parse", json!({"blobIds": [blob], "properties": ["id", "mailboxIds", "keywords", "receivedAt", "threadId", "subject"]}))?;
        let email = at(&placed, "/parsed").get(&blob).cloned().unwrap_or_default();
        for name in ["id", "mailboxIds", "keywords", "receivedAt", "threadId"] {
            members(&email, &[name])?;
            same(&email, &format!("/{name}"), Value::Null)?;
        }
        ensure!(ask.call("Email/get", json!({"ids": []}))?["state"] == before, "parsing has changed something");
        Ok(())
    };
    "Email/copy" "8621 4.7" "from an account that is not there is fromAccountNotFound, from itself invalidArguments" => |ask| {
        ask.refused("Email/copy", json!({"fromAccountId": "nobody", "create": {}}), "fromAccountNotFound")?;
        ask.refused("Email/copy", json!({"fromAccountId": ask.account, "create": {}}), "invalidArguments")
    };
    "SearchSnippet/get" "8621 5" "marks words in subject and text, as HTML that is safe; unknown ids are notFound" => |ask| {
        let id = ask.letter("a <snippet> here", "", "before & after the snippet word")?;
        let got = ask.call("SearchSnippet/get", json!({"filter": {"text": "snippet"}, "emailIds": [id, "nothing"]}))?;
        same(&got, "/list/0/emailId", json!(id))?;
        same(&got, "/list/0/subject", json!("a &lt;<mark>snippet</mark>&gt; here"))?;
        let preview = text(&got, "/list/0/preview")?;
        ensure!(preview.contains("&amp;") && preview.contains("<mark>snippet</mark>"), "{preview}");
        same(&got, "/notFound", json!(["nothing"]))?;
        let none = ask.call("SearchSnippet/get", json!({"filter": {"hasKeyword": "$seen"}, "emailIds": [id]}))?;
        same(&none, "/list/0/subject", Value::Null)?;
        same(&none, "/list/0/preview", Value::Null)
    };
};
