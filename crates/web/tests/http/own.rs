//! A person's own JMAP, as her mail app uses it (RFC 8620, RFC 8621).

use crate::site::{Answer, Site};
use app::mail::AppAccess;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

/// A person with an app.
pub struct Me<'a> {
    site: &'a Site,
    token: String,
    pub account: String,
}

impl<'a> Me<'a> {
    pub async fn of(site: &'a Site, person: &app::Person) -> Self {
        let mail = site.world.app.mail(person.account).await.unwrap();
        let (token, _) = mail.token_add("test", AppAccess::Full).await.unwrap();
        let account = person.account.to_string();
        Self { site, token, account }
    }

    /// The header that says who asks.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub async fn answer(&self, calls: Value) -> Value {
        let answer = self.site.jmap_using(&self.bearer(), calls, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// One call; its result, which is no error.
    pub async fn call(&self, method: &str, arguments: Value) -> Value {
        let (name, result) = self.outcome(method, arguments).await;
        assert_ne!(name, "error", "{method}: {result}");
        result
    }

    /// One call; the type of its error.
    pub async fn error(&self, method: &str, arguments: Value) -> String {
        let (name, result) = self.outcome(method, arguments).await;
        assert_eq!(name, "error", "{method}: {result}");
        result["type"].as_str().unwrap().to_owned()
    }

    async fn outcome(&self, method: &str, mut arguments: Value) -> (String, Value) {
        // Subscriptions to pushes belong to no account (RFC 8620 section 7.2).
        if arguments.get("accountId").is_none() && !method.starts_with("PushSubscription/") {
            arguments["accountId"] = json!(self.account);
        }
        let answer = self.answer(json!([[method, arguments, "c"]])).await;
        let response = answer["methodResponses"][0].clone();
        (response[0].as_str().unwrap().to_owned(), response[1].clone())
    }

    pub async fn upload(&self, media_type: &str, bytes: impl Into<Body>) -> Value {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/jmap/upload/{}/", self.account))
            .header(header::AUTHORIZATION, self.bearer())
            .header(header::CONTENT_TYPE, media_type)
            .body(bytes.into())
            .unwrap();
        let answer = self.site.send(request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }

    async fn download(&self, blob: &str, extra: &[(&str, &str)]) -> Answer {
        let bearer = self.bearer();
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(extra);
        self.site
            .get(
                &format!("/jmap/download/{}/{blob}/file.bin?type=text/plain", self.account),
                &headers,
            )
            .await
    }

    pub async fn import(&self, raw: &str, more: Value) -> Value {
        let blob = self.upload("message/rfc822", raw.to_owned()).await["blobId"].clone();
        let mut email = json!({"blobId": blob, "mailboxIds": {"inbox": true}});
        email.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let result = self.call("Email/import", json!({"emails": {"e": email}})).await;
        assert_eq!(result["notCreated"], Value::Null, "{result}");
        result["created"]["e"].clone()
    }

    pub async fn ids(&self, arguments: Value) -> Vec<String> {
        let result = self.call("Email/query", arguments).await;
        result["ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    }
}

pub fn letter(id: &str, subject: &str, more: &str, text: &str) -> String {
    format!(
        "From: Ana <ana@inbox.example>\r\nTo: Ben <ben@inbox.example>\r\nSubject: {subject}\r\nMessage-ID: <{id}@x.example>\r\nDate: Sat, 20 Nov 2021 14:22:01 -0800\r\n{more}\r\n{text}"
    )
}

#[tokio::test]
async fn a_session_says_what_a_mail_app_needs() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let basic = {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(format!("ana@inbox.example:{}", me.token))
    };
    for authorization in [format!("Bearer {}", me.token), format!("Basic {basic}")] {
        let session = site.get("/jmap/session", &[("authorization", &authorization)]).await;
        assert_eq!(session.status, StatusCode::OK, "{}", session.text);
        let session = session.json();
        for urn in ["core", "mail", "submission", "vacationresponse"] {
            let urn = format!("urn:ietf:params:jmap:{urn}");
            assert!(session["capabilities"].get(&urn).is_some(), "{urn}");
            assert_eq!(session["primaryAccounts"][&urn], json!(me.account));
        }
        assert_eq!(session["username"], "ana@inbox.example");
        assert_eq!(session["accounts"][&me.account]["isReadOnly"], false);
    }
    let wrong = {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(format!("ben:{}", me.token))
    };
    for authorization in ["Bearer privity_app_nobody", &format!("Basic {wrong}"), "Basic ???"] {
        let session = site.get("/jmap/session", &[("authorization", authorization)]).await;
        assert_eq!(session.status, StatusCode::UNAUTHORIZED, "{authorization}");
    }
}

#[tokio::test]
async fn an_app_that_may_only_read_changes_nothing_and_a_revoked_one_reads_nothing() {
    let site = Site::new().await;
    let mail = site.world.app.mail(site.world.ana.account).await.unwrap();
    let (token, _) = mail.token_add("reader", AppAccess::Read).await.unwrap();
    let account = site.world.ana.account.to_string();
    let me = Me {
        site: &site,
        token,
        account,
    };
    assert_eq!(me.ids(json!({})).await.len(), 2);
    for method in [
        "Mailbox/set",
        "Email/set",
        "Email/import",
        "EmailSubmission/set",
        "Identity/set",
        "VacationResponse/set",
    ] {
        assert_eq!(me.error(method, json!({})).await, "accountReadOnly", "{method}");
    }
    let tokens = mail.tokens().await.unwrap();
    assert!(tokens[0].used_at.is_some() && tokens[0].name == "reader");
    mail.token_revoke(&tokens[0].id).await.unwrap();
    let answer = site.jmap_using(&format!("Bearer {}", me.token), json!([]), None).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(mail.tokens().await.unwrap().is_empty());
}

#[tokio::test]
async fn folders_are_made_moved_renamed_and_removed_as_rfc_8621_section_2_5_says() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let all = me.call("Mailbox/get", json!({"ids": null})).await;
    let roles: Vec<&str> = all["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m["role"].as_str())
        .collect();
    for role in ["inbox", "drafts", "sent", "archive", "junk", "trash"] {
        assert!(roles.contains(&role), "{role}");
    }
    let inbox = all["list"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["role"] == "inbox")
        .unwrap();
    assert_eq!((&inbox["totalEmails"], &inbox["totalThreads"]), (&json!(1), &json!(1)));
    let state = all["state"].as_str().unwrap();

    let made = me
        .call(
            "Mailbox/set",
            json!({"ifInState": state, "create": {
                "inner": {"name": "Inner", "parentId": "#outer"}, "outer": {"name": "Outer", "sortOrder": 5},
                "bad": {"name": ""}, "twice": {"name": "Inbox"}, "lost": {"name": "x", "parentId": "nowhere"}}}),
        )
        .await;
    let (outer, inner) = (
        made["created"]["outer"]["id"].as_str().unwrap(),
        made["created"]["inner"]["id"].as_str().unwrap(),
    );
    for (name, property) in [("bad", "name"), ("twice", "name"), ("lost", "parentId")] {
        assert_eq!(made["notCreated"][name]["type"], "invalidProperties", "{made}");
        assert_eq!(made["notCreated"][name]["properties"], json!([property]));
    }
    assert_eq!(
        me.error("Mailbox/set", json!({"ifInState": state})).await,
        "stateMismatch"
    );
    let changes = me.call("Mailbox/changes", json!({"sinceState": state})).await;
    assert_eq!(changes["created"].as_array().unwrap().len(), 2, "{changes}");
    assert_eq!(changes["updatedProperties"], Value::Null);

    let updated = me
        .call(
            "Mailbox/set",
            json!({"update": {inner: {"name": "Within"}, outer: {"parentId": inner}, "inbox": {"role": "sent"}}, "destroy": [outer, "inbox"]}),
        )
        .await;
    assert_eq!(updated["updated"][inner], Value::Null);
    assert!(updated["updated"].get(inner).is_some(), "{updated}");
    assert_eq!(
        updated["notUpdated"][outer]["properties"],
        json!(["parentId"]),
        "no circles"
    );
    assert_eq!(updated["notDestroyed"][outer]["type"], "mailboxHasChild");
    assert_eq!(updated["notDestroyed"]["inbox"]["type"], "forbidden");
    assert!(updated["notUpdated"].get("inbox").is_some());

    let tree = me
        .call(
            "Mailbox/query",
            json!({"sort": [{"property": "name"}], "sortAsTree": true, "calculateTotal": true}),
        )
        .await;
    let ids: Vec<&str> = tree["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let place = |id: &str| ids.iter().position(|there| *there == id).unwrap();
    assert_eq!(place(outer) + 1, place(inner));
    assert_eq!(tree["total"], 8);
    for (filter, count) in [
        (json!({"parentId": null}), 7),
        (json!({"parentId": outer}), 1),
        (json!({"role": "sent"}), 1),
        (json!({"hasAnyRole": false}), 2),
        (json!({"name": "inbo"}), 1),
        (json!({"operator": "NOT", "conditions": [{"isSubscribed": true}]}), 2),
    ] {
        let found = me.call("Mailbox/query", json!({"filter": filter})).await;
        assert_eq!(found["ids"].as_array().unwrap().len(), count, "{filter}");
    }
    let since = tree["queryState"].clone();
    let gone = me.call("Mailbox/set", json!({"destroy": [outer, inner]})).await;
    assert_eq!(
        gone["destroyed"].as_array().unwrap().len(),
        2,
        "a child is removed before what it is in: {gone}"
    );
    let changes = me
        .call(
            "Mailbox/queryChanges",
            json!({"sinceQueryState": since, "sort": [{"property": "name"}]}),
        )
        .await;
    assert_eq!(changes["removed"].as_array().unwrap().len(), 2, "{changes}");
    assert_eq!(changes["added"], json!([]));
}

#[tokio::test]
async fn a_folder_with_mail_is_removed_with_it_only_if_asked() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let made = me.call("Mailbox/set", json!({"create": {"a": {"name": "A"}}})).await;
    let folder = made["created"]["a"]["id"].as_str().unwrap();
    let only = me
        .import(
            &letter("1", "only here", "", "x"),
            json!({"mailboxIds": {folder: true}}),
        )
        .await;
    let both = me
        .import(
            &letter("2", "here too", "", "x"),
            json!({"mailboxIds": {folder: true, "inbox": true}}),
        )
        .await;
    let refused = me.call("Mailbox/set", json!({"destroy": [folder]})).await;
    assert_eq!(refused["notDestroyed"][folder]["type"], "mailboxHasEmail");
    let gone = me
        .call(
            "Mailbox/set",
            json!({"destroy": [folder], "onDestroyRemoveEmails": true}),
        )
        .await;
    assert_eq!(gone["destroyed"], json!([folder]));
    let left = me
        .call(
            "Email/get",
            json!({"ids": [only["id"], both["id"]], "properties": ["mailboxIds"]}),
        )
        .await;
    assert_eq!(left["notFound"], json!([only["id"]]));
    assert_eq!(left["list"][0]["mailboxIds"], json!({"inbox": true}));
}

#[tokio::test]
async fn a_letter_that_is_imported_comes_back_as_it_was() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let raw = "From: =?utf-8?q?J=C3=B8rn?= <jorn@x.example>\r\nTo: a@x.example, \"B, C\" <b@x.example>\r\nSubject: Two parts\r\nX-Odd:  kept  \r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello text\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>html</b></p>\r\n--c--\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n";
    let made = me
        .import(
            raw,
            json!({"keywords": {"$Flagged": true}, "receivedAt": "2021-01-02T03:04:05Z"}),
        )
        .await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["size"], raw.len());
    let got = me
        .call(
            "Email/get",
            json!({"ids": [id, "nobody"], "fetchAllBodyValues": true, "properties": [
                "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "from", "to", "subject",
                "header:X-Odd", "header:x-odd:asText", "header:Nothing:all", "bodyStructure", "textBody", "htmlBody",
                "attachments", "bodyValues", "hasAttachment", "preview", "headers"]}),
        )
        .await;
    let email = &got["list"][0];
    assert_eq!(email["keywords"], json!({"$flagged": true}));
    assert_eq!(email["receivedAt"], "2021-01-02T03:04:05Z");
    assert_eq!(email["from"], json!([{"name": "Jørn", "email": "jorn@x.example"}]));
    assert_eq!(email["to"][1], json!({"name": "B, C", "email": "b@x.example"}));
    assert_eq!(
        (&email["header:X-Odd"], &email["header:x-odd:asText"]),
        (&json!("  kept  "), &json!("kept"))
    );
    assert_eq!(email["header:Nothing:all"], json!([]));
    assert_eq!(email["bodyStructure"]["subParts"][0]["type"], "multipart/alternative");
    let part = |list: &str| email[list][0]["partId"].as_str().unwrap().to_owned();
    assert_eq!(email["bodyValues"][part("textBody")]["value"], "Hello text");
    assert!(
        email["bodyValues"][part("htmlBody")]["value"]
            .as_str()
            .unwrap()
            .contains("<b>html</b>")
    );
    assert_eq!(
        (&email["hasAttachment"], &email["preview"]),
        (&json!(true), &json!("Hello text"))
    );
    let attachment = &email["attachments"][0];
    assert_eq!((&attachment["name"], &attachment["size"]), (&json!("a.pdf"), &json!(4)));

    let file = me.download(attachment["blobId"].as_str().unwrap(), &[]).await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "%PDF"));
    assert_eq!(file.header("content-type"), "text/plain");
    assert!(file.header("content-disposition").starts_with("attachment"));
    let whole = me.download(email["blobId"].as_str().unwrap(), &[]).await;
    assert_eq!(whole.text, raw);
    let part = me
        .download(email["blobId"].as_str().unwrap(), &[("range", "bytes=0-4")])
        .await;
    assert_eq!(
        (part.status, part.text.as_str()),
        (StatusCode::PARTIAL_CONTENT, "From:")
    );
    assert_eq!(me.download("bnothing", &[]).await.status, StatusCode::NOT_FOUND);

    let parsed = me
        .call("Email/parse", json!({"blobIds": [email["blobId"], "u00"]}))
        .await;
    assert_eq!(parsed["notFound"], json!(["u00"]));
    assert_eq!(
        parsed["parsed"][email["blobId"].as_str().unwrap()]["subject"],
        "Two parts"
    );
    let odd = me.upload("application/octet-stream", vec![0_u8, 1, 2]).await;
    let parsed = me.call("Email/parse", json!({"blobIds": [odd["blobId"]]})).await;
    assert_eq!(parsed["notParsable"], json!([odd["blobId"]]));
    let refused = me
        .call("Email/import", json!({"emails": {
            "a": {"blobId": "u00", "mailboxIds": {"inbox": true}}, "b": {"blobId": odd["blobId"], "mailboxIds": {"inbox": true}},
            "c": {"blobId": email["blobId"], "mailboxIds": {}}, "d": {"blobId": email["blobId"], "mailboxIds": {"x": true}}}}))
        .await;
    for (name, kind) in [
        ("a", "blobNotFound"),
        ("b", "invalidEmail"),
        ("c", "invalidProperties"),
        ("d", "invalidProperties"),
    ] {
        assert_eq!(refused["notCreated"][name]["type"], kind, "{refused}");
    }
}

#[tokio::test]
async fn a_message_of_a_conversation_reads_like_any_other_mail() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let ids = me.ids(json!({})).await;
    let usual = me
        .call("Email/get", json!({"ids": ids, "fetchTextBodyValues": true}))
        .await;
    let whole = me
        .call(
            "Email/get",
            json!({"ids": ids, "fetchTextBodyValues": true, "properties": [
                "from", "to", "subject", "messageId", "preview", "threadId", "textBody", "bodyValues", "header:From:asRaw", "blobId"]}),
        )
        .await;
    for (a, b) in usual["list"]
        .as_array()
        .unwrap()
        .iter()
        .zip(whole["list"].as_array().unwrap())
    {
        for same in ["from", "to", "subject", "messageId", "preview", "threadId"] {
            assert_eq!(a[same], b[same], "{same}");
        }
        let text = |email: &Value| {
            let part = email["textBody"][0]["partId"].as_str().unwrap();
            email["bodyValues"][part]["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(text(a), text(b));
        let raw = me.download(b["blobId"].as_str().unwrap(), &[]).await;
        assert_eq!(raw.status, StatusCode::OK);
        assert!(
            letter::Letter::parse(raw.text.as_bytes())
                .unwrap()
                .body_text()
                .contains("msg from")
        );
    }
}

#[tokio::test]
async fn letters_are_threaded_by_what_they_answer_and_what_they_are_about() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let state = me.call("Thread/get", json!({"ids": []})).await["state"].clone();
    let first = me
        .import(
            &letter("1", "Lunch", "", "x"),
            json!({"receivedAt": "2021-01-01T00:00:00Z"}),
        )
        .await;
    let answer = me
        .import(
            &letter("2", "Re: Lunch", "In-Reply-To: <1@x.example>\r\n", "x"),
            json!({"receivedAt": "2021-01-02T00:00:00Z"}),
        )
        .await;
    let other = me
        .import(&letter("3", "Dinner", "References: <1@x.example>\r\n", "x"), json!({}))
        .await;
    assert_eq!(first["threadId"], answer["threadId"]);
    assert_ne!(first["threadId"], other["threadId"], "about something else");
    let thread = me.call("Thread/get", json!({"ids": [first["threadId"], "x"]})).await;
    assert_eq!(
        thread["list"][0]["emailIds"],
        json!([first["id"], answer["id"]]),
        "oldest first"
    );
    assert_eq!(thread["notFound"], json!(["x"]));
    let changes = me.call("Thread/changes", json!({"sinceState": state})).await;
    assert_eq!(changes["created"].as_array().unwrap().len(), 2, "{changes}");
    let state = changes["newState"].clone();
    me.call("Email/set", json!({"destroy": [other["id"], answer["id"]]}))
        .await;
    let changes = me.call("Thread/changes", json!({"sinceState": state})).await;
    assert_eq!(
        (&changes["updated"], &changes["destroyed"]),
        (&json!([first["threadId"]]), &json!([other["threadId"]]))
    );

    // An answer to a message belongs to its conversation.
    let message = me.ids(json!({"filter": {"from": "ben"}})).await.remove(0);
    let got = me
        .call(
            "Email/get",
            json!({"ids": [message], "properties": ["threadId", "messageId", "subject"]}),
        )
        .await;
    let email = &got["list"][0];
    let about = format!("Re: {}", email["subject"].as_str().unwrap());
    let reply = format!("In-Reply-To: <{}>\r\n", email["messageId"][0].as_str().unwrap());
    let reply = me.import(&letter("9", &about, &reply, "x"), json!({})).await;
    assert_eq!(reply["threadId"], email["threadId"]);
}

#[tokio::test]
async fn every_filter_and_sort_finds_what_it_should() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let made = me.call("Mailbox/set", json!({"create": {"a": {"name": "A"}}})).await;
    let folder = made["created"]["a"]["id"].as_str().unwrap();
    let put = |keywords: Value, at: &str| json!({"mailboxIds": {folder: true}, "keywords": keywords, "receivedAt": at});
    let one = me
        .import(
            &letter("1", "Apples", "Cc: cleo@x.example\r\n", "red and green"),
            put(json!({"$seen": true}), "2020-01-01T00:00:00Z"),
        )
        .await;
    let two = me
        .import(
            &letter("2", "Bananas", "X-Colour: Yellow\r\n", &"yellow ".repeat(200)),
            put(json!({"$flagged": true, "$seen": true}), "2020-01-02T00:00:00Z"),
        )
        .await;
    let three = me
        .import(
            &letter(
                "3",
                "Re: Apples",
                "In-Reply-To: <1@x.example>\r\nBcc: dora@x.example\r\n",
                "sour",
            ),
            put(json!({}), "2020-01-03T00:00:00Z"),
        )
        .await;
    let name = |id: &str| {
        [(&one, "1"), (&two, "2"), (&three, "3")]
            .iter()
            .find(|(email, _)| email["id"] == id)
            .map_or("?", |(_, name)| *name)
    };
    let in_folder = json!({"inMailbox": folder});
    for (filter, expected) in [
        (json!({}), "321"),
        (json!({"before": "2020-01-02T00:00:00Z"}), "1"),
        (json!({"after": "2020-01-02T00:00:00Z"}), "32"),
        (json!({"minSize": 1000}), "2"),
        (json!({"maxSize": 1000}), "31"),
        (json!({"hasKeyword": "$seen"}), "21"),
        (json!({"hasKeyword": "$SEEN"}), "21"),
        (json!({"notKeyword": "$seen"}), "3"),
        (json!({"allInThreadHaveKeyword": "$seen"}), "2"),
        (json!({"someInThreadHaveKeyword": "$seen"}), "321"),
        (json!({"noneInThreadHaveKeyword": "$flagged"}), "31"),
        (json!({"hasAttachment": true}), ""),
        (json!({"text": "green"}), "1"),
        (json!({"text": "apples ana"}), "31"),
        (json!({"from": "ana@inbox"}), "321"),
        (json!({"to": "Ben"}), "321"),
        (json!({"cc": "cleo"}), "1"),
        (json!({"bcc": "dora"}), "3"),
        (json!({"subject": "apples"}), "31"),
        (json!({"subject": "Re Apples"}), "3"),
        (json!({"body": "sour"}), "3"),
        (json!({"body": "apples"}), ""),
        (json!({"header": ["X-Colour"]}), "2"),
        (json!({"header": ["x-colour", "YELL"]}), "2"),
        (json!({"header": ["X-Colour", "red"]}), ""),
        (json!({"inMailboxOtherThan": ["inbox"]}), "321"),
        (json!({"inMailboxOtherThan": [folder]}), ""),
        (json!({"operator": "NOT", "conditions": [{"subject": "apples"}]}), "2"),
        (
            json!({"operator": "OR", "conditions": [{"body": "green"}, {"hasKeyword": "$flagged"}]}),
            "21",
        ),
    ] {
        let both = json!({"operator": "AND", "conditions": [in_folder, filter]});
        let ids = me.ids(json!({"filter": both})).await;
        let found: String = ids.iter().map(|id| name(id)).collect();
        assert_eq!(found, expected, "{filter}");
    }
    for (sort, expected) in [
        (json!([{"property": "receivedAt"}]), "123"),
        (
            json!([{"property": "size", "isAscending": false}, {"property": "receivedAt"}]),
            "231",
        ),
        (json!([{"property": "subject"}]), "123"),
        (json!([{"property": "sentAt"}, {"property": "receivedAt"}]), "123"),
        (
            json!([{"property": "hasKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}]),
            "213",
        ),
        (
            json!([{"property": "someInThreadHaveKeyword", "keyword": "$flagged", "isAscending": false}, {"property": "receivedAt"}]),
            "132",
        ),
    ] {
        let ids = me.ids(json!({"filter": in_folder, "sort": sort})).await;
        let found: String = ids.iter().map(|id| name(id)).collect();
        assert_eq!(found, expected, "{sort}");
    }
    let window = |more: Value| {
        let mut arguments = json!({"filter": in_folder, "calculateTotal": true});
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    for (more, expected, position) in [
        (json!({"limit": 2}), "32", 0),
        (json!({"position": 1, "limit": 1}), "2", 1),
        (json!({"position": -1}), "1", 2),
        (json!({"position": -9}), "321", 0),
        (json!({"position": 9}), "", 9),
        (json!({"anchor": two["id"], "anchorOffset": -1, "limit": 2}), "32", 0),
        (json!({"anchor": two["id"], "anchorOffset": 1}), "1", 2),
        (json!({"collapseThreads": true}), "32", 0),
    ] {
        let result = me.call("Email/query", window(more.clone())).await;
        let found: String = result["ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| name(id.as_str().unwrap()))
            .collect();
        assert_eq!(
            (found.as_str(), &result["position"]),
            (expected, &json!(position)),
            "{more}"
        );
        let total = if more.get("collapseThreads").is_some() { 2 } else { 3 };
        assert_eq!(result["total"], total);
    }
    assert_eq!(
        me.error("Email/query", window(json!({"anchor": "x"}))).await,
        "anchorNotFound"
    );
    assert_eq!(
        me.error("Email/query", json!({"filter": {"odd": 1}})).await,
        "invalidArguments"
    );
    assert_eq!(
        me.error("Email/query", json!({"sort": [{"property": "odd"}]})).await,
        "unsupportedSort"
    );
    assert_eq!(
        me.error("Email/query", json!({"accountId": "x"})).await,
        "accountNotFound"
    );
    let snippets = me
        .call(
            "SearchSnippet/get",
            json!({"filter": {"text": "green"}, "emailIds": [one["id"], "x"]}),
        )
        .await;
    assert!(
        snippets["list"][0]["preview"]
            .as_str()
            .unwrap()
            .contains("<mark>green</mark>"),
        "{snippets}"
    );
    assert_eq!(snippets["notFound"], json!(["x"]));
}

#[tokio::test]
async fn mail_is_marked_filed_and_removed_as_rfc_8621_section_4_6_says() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let ids = me.ids(json!({})).await;
    let (first, second) = (ids[0].as_str(), ids[1].as_str());
    let state = me.call("Email/get", json!({"ids": []})).await["state"].clone();
    let set = me
        .call(
            "Email/set",
            json!({"ifInState": state, "update": {
                first: {"keywords/$flagged": true, "keywords/$seen": null, "mailboxIds/archive": true},
                second: {"mailboxIds": {"trash": true}, "keywords": {"a": true}},
                "nobody": {"keywords/$seen": true}}}),
        )
        .await;
    assert!(
        set["updated"].get(first).is_some() && set["updated"].get(second).is_some(),
        "{set}"
    );
    assert_eq!(set["notUpdated"]["nobody"]["type"], "notFound");
    let got = me
        .call(
            "Email/get",
            json!({"ids": [first, second], "properties": ["keywords", "mailboxIds"]}),
        )
        .await;
    assert_eq!(got["list"][0]["keywords"], json!({"$flagged": true}));
    assert_eq!(got["list"][0]["mailboxIds"].as_object().unwrap().len(), 2);
    assert_eq!(
        got["list"][1],
        json!({"id": second, "keywords": {"a": true}, "mailboxIds": {"trash": true}})
    );
    let changes = me.call("Email/changes", json!({"sinceState": state})).await;
    assert_eq!(changes["updated"].as_array().unwrap().len(), 2, "{changes}");
    let inbox = me
        .call(
            "Mailbox/get",
            json!({"ids": ["trash", "inbox", "archive"], "properties": ["totalEmails", "unreadEmails"]}),
        )
        .await;
    assert_eq!(inbox["list"][0]["totalEmails"], 1, "{inbox}");

    for (patch, kind) in [
        (json!({"mailboxIds": {}}), "invalidProperties"),
        (json!({"mailboxIds": {"x": true}}), "invalidProperties"),
        (json!({"mailboxIds/x": true}), "invalidProperties"),
        (json!({"keywords": {"a b": true}}), "invalidProperties"),
        (json!({"keywords": {"a": false}}), "invalidProperties"),
        (json!({"keywords/a": 1}), "invalidProperties"),
        (json!({"keywords": {"a": true}, "keywords/b": true}), "invalidPatch"),
        (json!({"subject": "other"}), "invalidProperties"),
        (json!({"mailboxIds/trash": null}), "invalidProperties"),
    ] {
        let set = me.call("Email/set", json!({"update": {second: patch}})).await;
        assert_eq!(set["notUpdated"][second]["type"], kind, "{patch}: {set}");
    }
    // Names in a path are escaped as in a JSON pointer.
    let set = me
        .call("Email/set", json!({"update": {second: {"keywords/a~1b": true}}}))
        .await;
    assert!(set["updated"].get(second).is_some(), "{set}");
    assert_eq!(me.ids(json!({"filter": {"hasKeyword": "a/b"}})).await, [second]);
    let set = me
        .call("Email/set", json!({"update": {second: {"keywords/a~1b": null}}}))
        .await;
    assert!(set["updated"].get(second).is_some(), "{set}");
    // A well-known client takes a keyword away with `false`.
    let set = me
        .call("Email/set", json!({"update": {second: {"keywords/a": false}}}))
        .await;
    assert!(set["updated"].get(second).is_some(), "{set}");
    let got = me
        .call("Email/get", json!({"ids": [second], "properties": ["keywords"]}))
        .await;
    assert_eq!(got["list"][0]["keywords"], json!({}));
    assert_eq!(
        me.error("Email/set", json!({"ifInState": state})).await,
        "stateMismatch"
    );
    let gone = me.call("Email/set", json!({"destroy": [second, "nobody"]})).await;
    assert_eq!(
        (&gone["destroyed"], &gone["notDestroyed"]["nobody"]["type"]),
        (&json!([second]), &json!("notFound"))
    );
    assert_eq!(me.ids(json!({})).await, [first]);
    let ben = Me::of(&site, &site.world.ben).await;
    assert_eq!(ben.ids(json!({})).await.len(), 2, "his inbox is his");
}

#[tokio::test]
async fn a_draft_is_written_as_its_client_says() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let file = me.upload("image/png", vec![0x89_u8, b'P', b'N', b'G']).await["blobId"].clone();
    let set = me
        .call(
            "Email/set",
            json!({"create": {"d": {
                "mailboxIds": {"drafts": true}, "keywords": {"$draft": true},
                "from": [{"name": "Añá", "email": "ana@inbox.example"}], "to": [{"email": "ben@inbox.example"}],
                "subject": "Grüße & so", "header:X-Mood:asText": "fine",
                "textBody": [{"partId": "t", "type": "text/plain"}], "htmlBody": [{"partId": "h", "type": "text/html"}],
                "bodyValues": {"t": {"value": "Héllo\n.\nFrom here"}, "h": {"value": "<p>Héllo</p>"}},
                "attachments": [{"blobId": file, "type": "image/png", "name": "bild äöü.png", "disposition": "attachment"}]}}}),
        )
        .await;
    let made = &set["created"]["d"];
    assert!(
        made["blobId"].is_string() && made["threadId"].is_string() && made["size"].is_number(),
        "{set}"
    );
    let got = me
        .call("Email/get", json!({"ids": [made["id"]], "fetchAllBodyValues": true, "properties": [
            "from", "subject", "header:X-Mood:asText", "bodyValues", "textBody", "htmlBody", "attachments", "keywords", "messageId", "sentAt"]}))
        .await;
    let email = &got["list"][0];
    assert_eq!(
        (&email["from"][0]["name"], &email["subject"]),
        (&json!("Añá"), &json!("Grüße & so"))
    );
    assert_eq!(email["header:X-Mood:asText"], "fine");
    assert_eq!(
        email["bodyValues"][email["textBody"][0]["partId"].as_str().unwrap()]["value"],
        "Héllo\n.\nFrom here"
    );
    assert_eq!(
        (&email["attachments"][0]["name"], &email["attachments"][0]["size"]),
        (&json!("bild äöü.png"), &json!(4))
    );
    assert!(email["messageId"][0].is_string() && email["sentAt"].is_string());
    assert_eq!(email["keywords"], json!({"$draft": true}));

    for (wrong, kind) in [
        (
            json!({"mailboxIds": {"drafts": true}, "headers": []}),
            "invalidProperties",
        ),
        (
            json!({"mailboxIds": {"drafts": true}, "subject": "a", "header:Subject:asText": "b"}),
            "invalidProperties",
        ),
        (
            json!({"mailboxIds": {"drafts": true}, "subject": "a\r\nBcc: x@x"}),
            "invalidProperties",
        ),
        (
            json!({"mailboxIds": {"drafts": true}, "header:Content-Type:asRaw": "text/html"}),
            "invalidProperties",
        ),
        (
            json!({"mailboxIds": {"drafts": true}, "textBody": [{"partId": "t"}]}),
            "invalidProperties",
        ),
        (
            json!({"mailboxIds": {"drafts": true}, "attachments": [{"blobId": "u00"}]}),
            "blobNotFound",
        ),
        (json!({"subject": "nowhere"}), "invalidProperties"),
    ] {
        let set = me.call("Email/set", json!({"create": {"d": wrong}})).await;
        assert_eq!(set["notCreated"]["d"]["type"], kind, "{wrong}: {set}");
    }
}

#[tokio::test]
async fn the_same_request_again_makes_and_sends_nothing_twice() {
    let site = Site::new().await;
    let (me, ben) = (
        Me::of(&site, &site.world.ana).await,
        Me::of(&site, &site.world.ben).await,
    );
    let draft = json!({"mailboxIds": {"drafts": true}, "from": [{"email": "ana@inbox.example"}], "to": [{"email": "ben@inbox.example"}],
        "subject": "once", "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x"}}});
    let identity = me.call("Identity/get", json!({})).await["list"][0]["id"].clone();
    let calls = json!([
        ["Email/set", {"accountId": me.account, "create": {"d": draft}}, "0"],
        ["EmailSubmission/set", {"accountId": me.account, "create": {"s": {"identityId": identity, "emailId": "#d"}}}, "1"]]);
    let bearer = format!("Bearer {}", me.token);
    let first = site.jmap_using(&bearer, calls.clone(), Some("key-1")).await.json();
    let again = site.jmap_using(&bearer, calls.clone(), Some("key-1")).await.json();
    let id = |answer: &Value| answer["methodResponses"][0][1]["created"]["d"]["id"].clone();
    assert!(id(&first).is_string(), "{first}");
    assert_eq!(id(&first), id(&again));
    let submission = |answer: &Value| answer["methodResponses"][1][1]["created"]["s"]["id"].clone();
    assert_eq!(submission(&first), submission(&again));
    assert_eq!(ben.ids(json!({"filter": {"subject": "once"}})).await.len(), 1);
    let other = site.jmap_using(&bearer, calls, Some("key-2")).await.json();
    assert_ne!(id(&first), id(&other));
    assert_eq!(ben.ids(json!({"filter": {"subject": "once"}})).await.len(), 2);
}

#[tokio::test]
async fn what_she_sends_arrives_and_what_she_may_not_send_does_not() {
    let site = Site::new().await;
    let (me, ben) = (
        Me::of(&site, &site.world.ana).await,
        Me::of(&site, &site.world.ben).await,
    );
    let identities = me.call("Identity/get", json!({})).await;
    let identity = identities["list"][0].clone();
    assert_eq!(
        (&identity["email"], &identity["mayDelete"]),
        (&json!("ana@inbox.example"), &json!(false))
    );
    let raw = letter("7", "News", "Bcc: secret@inbox.example\r\n", "hello ben");
    let email = me
        .import(
            &raw,
            json!({"mailboxIds": {"drafts": true}, "keywords": {"$draft": true}}),
        )
        .await;
    let set = me
        .outcome(
            "EmailSubmission/set",
            json!({"create": {"s": {"identityId": identity["id"], "emailId": email["id"]}},
                "onSuccessUpdateEmail": {"#s": {"mailboxIds/drafts": null, "mailboxIds/sent": true, "keywords/$draft": null}}}),
        )
        .await
        .1;
    let made = &set["created"]["s"];
    assert_eq!(made["undoStatus"], "final", "{set}");
    assert_eq!(made["deliveryStatus"]["ben@inbox.example"]["delivered"], "yes");
    assert_eq!(made["deliveryStatus"]["secret@inbox.example"]["delivered"], "no");
    let sent = me
        .call(
            "Email/get",
            json!({"ids": [email["id"]], "properties": ["mailboxIds", "keywords"]}),
        )
        .await;
    assert_eq!(sent["list"][0]["mailboxIds"], json!({"sent": true}));
    let got = ben.ids(json!({"filter": {"subject": "News"}})).await;
    let got = ben
        .call(
            "Email/get",
            json!({"ids": got, "properties": ["subject", "bcc", "keywords", "mailboxIds", "preview"]}),
        )
        .await;
    assert_eq!(got["list"][0]["preview"], "hello ben");
    assert_eq!(
        (&got["list"][0]["bcc"], &got["list"][0]["keywords"]),
        (&Value::Null, &json!({}))
    );
    let inbox = ben.call("Mailbox/get", json!({"ids": ["inbox"]})).await;
    assert_eq!(inbox["list"][0]["unreadEmails"], 1);

    let foreign = me
        .import(&letter("8", "x", "", "x").replace("ana@inbox", "eve@inbox"), json!({}))
        .await;
    let nobody = me
        .import("From: ana@inbox.example\r\nSubject: x\r\n\r\nx", json!({}))
        .await;
    for (object, kind) in [
        (
            json!({"identityId": identity["id"], "emailId": foreign["id"]}),
            "forbiddenFrom",
        ),
        (
            json!({"identityId": identity["id"], "emailId": nobody["id"]}),
            "noRecipients",
        ),
        (json!({"identityId": "x", "emailId": email["id"]}), "invalidProperties"),
        (
            json!({"identityId": identity["id"], "emailId": "x"}),
            "invalidProperties",
        ),
        (
            json!({"identityId": identity["id"], "emailId": email["id"], "envelope": {"mailFrom": {"email": "eve@x"}, "rcptTo": [{"email": "ben@inbox.example"}]}}),
            "forbiddenMailFrom",
        ),
        (
            json!({"identityId": identity["id"], "emailId": email["id"], "envelope": {"mailFrom": {"email": "ana@inbox.example"}, "rcptTo": [{"email": "no address"}]}}),
            "invalidRecipients",
        ),
    ] {
        let set = me.call("EmailSubmission/set", json!({"create": {"s": object}})).await;
        assert_eq!(set["notCreated"]["s"]["type"], kind, "{object}: {set}");
    }
    let all = me
        .call(
            "EmailSubmission/query",
            json!({"filter": {"undoStatus": "final"}, "calculateTotal": true}),
        )
        .await;
    assert_eq!((&all["ids"], &all["total"]), (&json!([made["id"]]), &json!(1)));
    let cancel = me
        .call(
            "EmailSubmission/set",
            json!({"update": {made["id"].as_str().unwrap(): {"undoStatus": "canceled"}}}),
        )
        .await;
    assert_eq!(
        cancel["notUpdated"][made["id"].as_str().unwrap()]["type"],
        "cannotUnsend"
    );
    let got = me.call("EmailSubmission/get", json!({"ids": [made["id"]]})).await;
    assert_eq!(got["list"][0]["emailId"], email["id"]);
    let gone = me.call("EmailSubmission/set", json!({"destroy": [made["id"]]})).await;
    assert_eq!(gone["destroyed"], json!([made["id"]]));
}

#[tokio::test]
async fn an_answer_to_a_message_is_a_message_of_the_conversation() {
    let site = Site::new().await;
    let (me, ben) = (
        Me::of(&site, &site.world.ana).await,
        Me::of(&site, &site.world.ben).await,
    );
    let message = me.ids(json!({"filter": {"from": "ben"}})).await.remove(0);
    let got = me
        .call(
            "Email/get",
            json!({"ids": [message], "properties": ["threadId", "messageId", "from", "subject"]}),
        )
        .await;
    let email = &got["list"][0];
    let identity = me.call("Identity/get", json!({})).await["list"][0]["id"].clone();
    let calls = json!([
        ["Email/set", {"accountId": me.account, "create": {"d": {
            "mailboxIds": {"drafts": true}, "from": [{"email": "ana@inbox.example"}], "to": email["from"],
            "inReplyTo": email["messageId"], "subject": format!("Re: {}", email["subject"].as_str().unwrap()),
            "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "an answer"}}}}}, "0"],
        ["EmailSubmission/set", {"accountId": me.account, "create": {"s": {"identityId": identity, "emailId": "#d"}},
            "onSuccessUpdateEmail": {"#s": {"mailboxIds": {"sent": true}}}}, "1"]]);
    let answer = me.answer(calls).await;
    assert_eq!(answer["methodResponses"][2][0], "Email/set", "{answer}");
    let talk = site.world.talk;
    let all = site
        .world
        .app
        .messages_in(site.world.ben.account, talk, None, 10)
        .await
        .unwrap();
    assert!(
        all.iter().any(|m| m.text == "an answer"),
        "Ben sees it in the conversation: {answer}"
    );
    assert_eq!(ben.ids(json!({"filter": {"body": "an answer"}})).await.len(), 1);
    assert_eq!(
        me.ids(json!({"filter": {"body": "an answer"}})).await.len(),
        1,
        "she has it once"
    );
}

#[tokio::test]
async fn who_is_away_answers_once_and_never_to_a_machine() {
    let site = Site::new().await;
    let (me, ben) = (
        Me::of(&site, &site.world.ana).await,
        Me::of(&site, &site.world.ben).await,
    );
    let none = ben
        .call("VacationResponse/get", json!({"ids": ["singleton", "x"]}))
        .await;
    assert_eq!(
        (&none["list"][0]["isEnabled"], &none["notFound"]),
        (&json!(false), &json!(["x"]))
    );
    let set = ben
        .call("VacationResponse/set", json!({"update": {"singleton": {"isEnabled": true, "subject": "Away", "textBody": "Back in May"}}, "create": {"x": {}}, "destroy": ["singleton"]}))
        .await;
    assert!(set["updated"].get("singleton").is_some(), "{set}");
    assert_eq!(
        (
            &set["notCreated"]["x"]["type"],
            &set["notDestroyed"]["singleton"]["type"]
        ),
        (&json!("singleton"), &json!("singleton"))
    );
    let identity = me.call("Identity/get", json!({})).await["list"][0]["id"].clone();
    for (n, more) in [("1", "Auto-Submitted: auto-generated\r\n"), ("2", ""), ("3", "")] {
        let email = me
            .import(&letter(n, "Hi", more, "x"), json!({"mailboxIds": {"sent": true}}))
            .await;
        let set = me
            .call(
                "EmailSubmission/set",
                json!({"create": {"s": {"identityId": identity, "emailId": email["id"]}}}),
            )
            .await;
        assert!(set["created"]["s"].is_object(), "{set}");
    }
    let replies = me
        .ids(json!({"filter": {"inMailbox": "inbox", "subject": "Away"}}))
        .await;
    assert_eq!(replies.len(), 1);
    let got = me
        .call(
            "Email/get",
            json!({"ids": replies, "properties": ["preview", "header:Auto-Submitted:asText", "inReplyTo"]}),
        )
        .await;
    assert_eq!(got["list"][0]["preview"], "Back in May");
    assert_eq!(got["list"][0]["header:Auto-Submitted:asText"], "auto-replied");
    assert_eq!(got["list"][0]["inReplyTo"], json!(["2@x.example"]));
}

#[tokio::test]
async fn identities_are_hers_alone() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let state = me.call("Identity/get", json!({"ids": []})).await["state"].clone();
    let set = me
        .call("Identity/set", json!({"create": {
            "a": {"name": "Ana B", "email": "ana@inbox.example", "textSignature": "A."}, "b": {"email": "ben@inbox.example"}, "c": {}}}))
        .await;
    assert_eq!(
        (&set["notCreated"]["b"]["type"], &set["notCreated"]["c"]["type"]),
        (&json!("forbiddenFrom"), &json!("invalidProperties"))
    );
    let id = set["created"]["a"]["id"].as_str().unwrap();
    let first = "00000000000000000000000000000000";
    let set = me
        .call(
            "Identity/set",
            json!({"update": {id: {"name": "A"}, first: {"htmlSignature": "<b>A</b>"}}, "destroy": [first]}),
        )
        .await;
    assert_eq!(set["notDestroyed"][first]["type"], "forbidden", "{set}");
    let changes = me.call("Identity/changes", json!({"sinceState": state})).await;
    assert_eq!(
        (&changes["created"], &changes["updated"]),
        (&json!([id]), &json!([first]))
    );
    let gone = me
        .call(
            "Identity/set",
            json!({"update": {id: {"email": "x@y"}}, "destroy": [id]}),
        )
        .await;
    assert_eq!(gone["destroyed"], json!([id]));
    assert_eq!(gone["notUpdated"][id]["type"], "invalidProperties");
}

#[tokio::test]
async fn method_errors_are_those_of_the_rfc() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    for (method, arguments, kind) in [
        ("Email/nothing", json!({}), "unknownMethod"),
        (
            "Email/get",
            json!({"ids": ["x"], "properties": ["odd"]}),
            "invalidArguments",
        ),
        ("Email/get", json!({"ids": "x"}), "invalidArguments"),
        (
            "Email/get",
            json!({"ids": ["x"], "bodyProperties": ["odd"]}),
            "invalidArguments",
        ),
        (
            "EmailSubmission/query",
            json!({"filter": {"before": "yesterday"}}),
            "invalidArguments",
        ),
        ("Email/changes", json!({"sinceState": "x"}), "cannotCalculateChanges"),
        ("Email/changes", json!({"sinceState": "99.0"}), "cannotCalculateChanges"),
        (
            "Email/changes",
            json!({"sinceState": "0.0", "maxChanges": 0}),
            "invalidArguments",
        ),
        ("Mailbox/changes", json!({"sinceState": "0"}), "cannotCalculateChanges"),
        ("Thread/changes", json!({"sinceState": "a.b"}), "cannotCalculateChanges"),
        (
            "Email/copy",
            json!({"fromAccountId": "other", "create": {}}),
            "fromAccountNotFound",
        ),
        (
            "Email/copy",
            json!({"fromAccountId": me.account, "create": {}}),
            "invalidArguments",
        ),
        ("Email/set", json!({"odd": 1}), "invalidArguments"),
        ("Email/set", json!({"create": []}), "invalidArguments"),
    ] {
        assert_eq!(me.error(method, arguments.clone()).await, kind, "{method} {arguments}");
    }
    let many: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    assert_eq!(me.error("Email/set", json!({"destroy": many})).await, "requestTooLarge");
}
