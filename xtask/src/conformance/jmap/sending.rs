//! RFC 8621 sections 6, 7 and 8: identities, submissions, the away reply.

use super::ask::{at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

fn identity(ask: &Ask) -> anyhow::Result<String> {
    text(&ask.call("Identity/get", json!({"ids": null}))?, "/list/0/id")
}

fn other(ask: &Ask) -> anyhow::Result<&Ask> {
    ask.other.as_deref().context("nobody else")
}

fn draft(ask: &Ask, to: &str, subject: &str) -> anyhow::Result<String> {
    let to: Vec<Value> = to
        .split(' ')
        .filter(|to| !to.is_empty())
        .map(|to| json!({"email": to}))
        .collect();
    let object = json!({"mailboxIds": {ask.mailbox("drafts")?: true}, "keywords": {"$draft": true}, "from": [{"email": ask.me}], "to": to, "subject": subject,
        "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": "sent"}}});
    text(
        &ask.call("Email/set", json!({"create": {"d": object}}))?,
        "/created/d/id",
    )
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Identity/get" "8621 6" "has every property, and her own address" => |ask| {
        let got = ask.call("Identity/get", json!({"ids": null}))?;
        members(at(&got, "/list/0"), &["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"])?;
        same(&got, "/list/0/email", json!(ask.me))
    };
    "Identity/set" "8621 6.3" "makes, changes and removes; another's address is forbiddenFrom; the address does not change" => |ask| {
        let state = ask.call("Identity/get", json!({"ids": []}))?["state"].clone();
        let made = ask.call("Identity/set", json!({"create": {"i": {"name": "At work", "email": ask.me, "textSignature": "-- \nA"}, "other": {"name": "x", "email": "someone@else.example"}, "odd": {"name": "x", "email": ask.me, "frobnicate": 1}}}))?;
        let id = text(&made, "/created/i/id")?;
        same(&made, "/notCreated/other/type", json!("forbiddenFrom"))?;
        same(&made, "/notCreated/odd/type", json!("invalidProperties"))?;
        ensure!(lists(&ask.call("Identity/changes", json!({"sinceState": state}))?, "/created", &id), "it is not among the changes");
        let changed = ask.call("Identity/set", json!({"update": {id.clone(): {"name": "At home", "replyTo": [{"email": "r@x.example"}]}}}))?;
        ensure!(changed["updated"].get(&id).is_some(), "{changed}");
        let got = ask.call("Identity/get", json!({"ids": [id]}))?;
        same(&got, "/list/0/name", json!("At home"))?;
        same(&got, "/list/0/textSignature", json!("-- \nA"))?;
        let fixed = ask.call("Identity/set", json!({"update": {id.clone(): {"email": "x@x.example"}}}))?;
        same(&fixed, &format!("/notUpdated/{id}/type"), json!("invalidProperties"))?;
        ensure!(lists(&ask.call("Identity/set", json!({"destroy": [id]}))?, "/destroyed", &id), "it stays");
        Ok(())
    };
    "EmailSubmission/set" "8621 7.5" "sends, and files on success; the other has it, without who got it in secret" => |ask| {
        let other = other(ask)?;
        let id = draft(ask, &other.me, "a conformance letter")?;
        let (drafts, sent) = (ask.mailbox("drafts")?, ask.mailbox("sent")?);
        let answers = ask.calls(json!([["EmailSubmission/set", {"accountId": ask.account, "create": {"s": {"emailId": id, "identityId": identity(ask)?}},
            "onSuccessUpdateEmail": {"#s": {format!("mailboxIds/{drafts}"): null, format!("mailboxIds/{sent}"): true, "keywords/$draft": null}}}, "0"]]))?;
        let names: Vec<(&str, &str)> = answers.iter().map(|(name, _, id)| (name.as_str(), id.as_str())).collect();
        ensure!(names == [("EmailSubmission/set", "0"), ("Email/set", "0")], "{names:?}");
        let submission = text(&answers[0].1, "/created/s/id")?;
        let email = ask.email(&id, json!({"properties": ["mailboxIds", "keywords"]}))?;
        same(&email, "/mailboxIds", json!({sent: true}))?;
        same(&email, "/keywords", json!({}))?;
        let got = ask.call("EmailSubmission/get", json!({"ids": [submission]}))?;
        let object = at(&got, "/list/0");
        members(object, &["id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds"])?;
        same(object, "/emailId", json!(id))?;
        same(object, "/envelope/mailFrom/email", json!(ask.me))?;
        same(object, "/envelope/rcptTo/0/email", json!(other.me))?;
        members(at(object, "/deliveryStatus").get(&other.me).unwrap_or(&Value::Null), &["smtpReply", "delivered", "displayed"])?;
        ensure!(other.found(json!({"filter": {"subject": "a conformance letter", "from": ask.me}}))?.len() == 1, "it did not arrive");
        Ok(())
    };
    "EmailSubmission/set" "8621 7.5" "refuses with the RFC's errors: sender, recipients, identity, message" => |ask| {
        let identity = identity(ask)?;
        let good = draft(ask, "someone@x.example", "refused")?;
        let nobody = draft(ask, "", "to nobody")?;
        let forged = ask.import(b"From: someone@else.example\r\nTo: x@x.example\r\n\r\nx", json!({}))?;
        let envelope = |from: &str, to: Value| json!({"mailFrom": {"email": from}, "rcptTo": to});
        let answer = ask.call("EmailSubmission/set", json!({"create": {
            "identity": {"emailId": good, "identityId": "nothing"},
            "email": {"emailId": "nothing", "identityId": identity},
            "nobody": {"emailId": nobody, "identityId": identity},
            "forged": {"emailId": forged, "identityId": identity},
            "mail from": {"emailId": good, "identityId": identity, "envelope": envelope("someone@else.example", json!([{"email": "x@x.example"}]))},
            "no recipients": {"emailId": good, "identityId": identity, "envelope": envelope(&ask.me, json!([]))},
            "bad recipients": {"emailId": good, "identityId": identity, "envelope": envelope(&ask.me, json!([{"email": "not an address"}]))},
            "server's": {"emailId": good, "identityId": identity, "threadId": "x"},
        }}))?;
        for (name, kind) in [("identity", "invalidProperties"), ("email", "invalidProperties"), ("nobody", "noRecipients"), ("forged", "forbiddenFrom"), ("mail from", "forbiddenMailFrom"), ("no recipients", "noRecipients"), ("bad recipients", "invalidRecipients"), ("server's", "invalidProperties")] {
            let error = answer["notCreated"].get(name).cloned().unwrap_or_default();
            ensure!(error["type"] == kind, "{name}: {error}");
        }
        let many: Vec<Value> = (0..2_000).map(|n| json!({"email": format!("r{n}@x.example")})).collect();
        let answer = ask.call("EmailSubmission/set", json!({"create": {"many": {"emailId": good, "identityId": identity, "envelope": envelope(&ask.me, json!(many))}}}))?;
        same(&answer, "/notCreated/many/type", json!("tooManyRecipients"))?;
        ensure!(at(&answer, "/notCreated/many/maxRecipients").is_u64(), "{answer}");
        Ok(())
    };
    "EmailSubmission/set" "8621 7.5" "what is delivered cannot be unsent; a record can be removed, and the message with it if asked" => |ask| {
        let other = other(ask)?;
        let id = draft(ask, &other.me, "cannot be unsent")?;
        let identity = identity(ask)?;
        let made = ask.call("EmailSubmission/set", json!({"create": {"s": {"emailId": id, "identityId": identity}}}))?;
        let submission = text(&made, "/created/s/id")?;
        same(&made, "/created/s/undoStatus", json!("final"))?;
        let undone = ask.call("EmailSubmission/set", json!({"update": {submission.clone(): {"undoStatus": "canceled"}}}))?;
        same(&undone, &format!("/notUpdated/{submission}/type"), json!("cannotUnsend"))?;
        let answers = ask.calls(json!([["EmailSubmission/set", {"accountId": ask.account, "destroy": [submission], "onSuccessDestroyEmail": [submission]}, "0"]]))?;
        ensure!(lists(&answers[0].1, "/destroyed", &submission), "{answers:?}");
        ensure!(answers.get(1).is_some_and(|(_, result, _)| lists(result, "/destroyed", &id)), "{answers:?}");
        Ok(())
    };
    "EmailSubmission/query" "8621 7.3" "filters, sorts, counts; follows" => |ask| {
        let other = other(ask)?;
        let identity = identity(ask)?;
        let before = ask.call("EmailSubmission/query", json!({"sort": [{"property": "sentAt"}]}))?;
        let state = ask.call("EmailSubmission/get", json!({"ids": []}))?["state"].clone();
        let id = draft(ask, &other.me, "queried")?;
        let made = ask.call("EmailSubmission/set", json!({"create": {"s": {"emailId": id, "identityId": identity}}}))?;
        let submission = text(&made, "/created/s/id")?;
        let thread = text(&made, "/created/s/threadId")?;
        for filter in [json!({"emailIds": [id]}), json!({"threadIds": [thread]}), json!({"operator": "AND", "conditions": [{"undoStatus": "final"}, {"emailIds": [id]}, {"identityIds": [identity]}, {"after": "2020-01-01T00:00:00Z"}, {"before": "2999-01-01T00:00:00Z"}]})] {
            same(&ask.call("EmailSubmission/query", json!({"filter": filter, "calculateTotal": true}))?, "/ids", json!([submission]))?;
        }
        same(&ask.call("EmailSubmission/query", json!({"filter": {"undoStatus": "pending"}}))?, "/ids", json!([]))?;
        ask.refused("EmailSubmission/query", json!({"sort": [{"property": "frobnicate"}]}), "unsupportedSort")?;
        ensure!(lists(&ask.call("EmailSubmission/changes", json!({"sinceState": state}))?, "/created", &submission), "it is not among the changes");
        let changes = ask.call("EmailSubmission/queryChanges", json!({"sinceQueryState": before["queryState"], "sort": [{"property": "sentAt"}]}))?;
        let followed = super::follow(&before["ids"], &changes)?;
        ensure!(json!(followed) == ask.call("EmailSubmission/query", json!({"sort": [{"property": "sentAt"}]}))?["ids"], "{followed:?}");
        Ok(())
    };
    "VacationResponse/get" "8621 8.1" "there is one, with every property" => |ask| {
        let got = ask.call("VacationResponse/get", json!({"ids": null}))?;
        same(&got, "/list/0/id", json!("singleton"))?;
        members(at(&got, "/list/0"), &["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"])
    };
    "VacationResponse/set" "8621 8.2" "is changed, never made or removed; it answers once" => |ask| {
        let other = other(ask)?;
        let answer = other.call("VacationResponse/set", json!({"create": {"v": {}}, "destroy": ["singleton"], "update": {"singleton": {"isEnabled": true, "subject": "Gone fishing", "textBody": "back on Monday"}, "another": {}}}))?;
        same(&answer, "/notCreated/v/type", json!("singleton"))?;
        same(&answer, "/notDestroyed/singleton/type", json!("singleton"))?;
        same(&answer, "/notUpdated/another/type", json!("notFound"))?;
        let identity = identity(ask)?;
        for n in 0..2 {
            let id = draft(ask, &other.me, &format!("are you there {n}"))?;
            ask.call("EmailSubmission/set", json!({"create": {"s": {"emailId": id, "identityId": identity}}}))?;
        }
        let replies = ask.found(json!({"filter": {"subject": "Gone fishing"}}))?;
        let wrong = other.call("VacationResponse/set", json!({"update": {"singleton": {"fromDate": "tomorrow"}}}))?;
        same(&wrong, "/notUpdated/singleton/type", json!("invalidProperties"))?;
        other.call("VacationResponse/set", json!({"update": {"singleton": {"isEnabled": false}}}))?;
        ensure!(replies.len() == 1, "{} replies", replies.len());
        Ok(())
    };
};
