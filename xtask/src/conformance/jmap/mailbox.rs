//! RFC 8621 sections 2 and 3: mailboxes and threads.

use super::ask::{at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::ensure;
use serde_json::{Value, json};

fn make(ask: &Ask, object: Value) -> anyhow::Result<String> {
    let made = ask.call("Mailbox/set", json!({"create": {"m": object}}))?;
    text(&made, "/created/m/id")
}

fn remove(ask: &Ask, id: &str) -> anyhow::Result<()> {
    let gone = ask.call("Mailbox/set", json!({"destroy": [id], "onDestroyRemoveEmails": true}))?;
    ensure!(lists(&gone, "/destroyed", id), "{gone}");
    Ok(())
}

fn found(ask: &Ask, arguments: Value) -> anyhow::Result<Vec<String>> {
    Ok(serde_json::from_value(
        ask.call("Mailbox/query", arguments)?["ids"].clone(),
    )?)
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Mailbox/get" "8621 2" "has every property, and rights" => |ask| {
        let got = ask.call("Mailbox/get", json!({"ids": null}))?;
        let first = at(&got, "/list/0");
        members(first, &["id", "name", "parentId", "role", "sortOrder", "totalEmails", "unreadEmails", "totalThreads", "unreadThreads", "myRights", "isSubscribed"])?;
        members(at(first, "/myRights"), &["mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords", "mayCreateChild", "mayRename", "mayDelete", "maySubmit"])?;
        let mut roles: Vec<&str> = at(&got, "/list").as_array().into_iter().flatten().filter_map(|m| m["role"].as_str()).collect();
        let count = roles.len();
        roles.sort_unstable();
        roles.dedup();
        ensure!(roles.len() == count, "a role twice");
        ensure!(["drafts", "inbox", "sent", "trash"].iter().all(|role| roles.contains(role)), "{roles:?}");
        Ok(())
    };
    "Mailbox/get" "8621 2" "counts messages and threads, all and unread" => |ask| {
        let id = make(ask, json!({"name": "Counted"}))?;
        let first = ask.letter("counted", "Message-ID: <counted@x>\r\n", "one")?;
        let answer = ask.letter("Re: counted", "In-Reply-To: <counted@x>\r\n", "two")?;
        let alone = ask.letter("alone", "", "three")?;
        for email in [&first, &answer, &alone] {
            ask.call("Email/set", json!({"update": {email.clone(): {"mailboxIds": {id.clone(): true}}}}))?;
        }
        ask.call("Email/set", json!({"update": {first.clone(): {"keywords/$seen": true}, alone: {"keywords/$seen": true}}}))?;
        let got = ask.call("Mailbox/get", json!({"ids": [id]}))?;
        for (name, count) in [("totalEmails", 3), ("unreadEmails", 1), ("totalThreads", 2), ("unreadThreads", 1)] {
            same(&got, &format!("/list/0/{name}"), json!(count))?;
        }
        remove(ask, &id)
    };
    "Mailbox/set" "8621 2.5" "makes, renames, moves and removes, with defaults told" => |ask| {
        let made = ask.call("Mailbox/set", json!({"create": {"a": {"name": "Outer"}, "b": {"name": "Inner", "parentId": "#a"}}}))?;
        let (outer, inner) = (text(&made, "/created/a/id")?, text(&made, "/created/b/id")?);
        members(at(&made, "/created/a"), &["id", "totalEmails", "myRights", "sortOrder", "isSubscribed"])?;
        let changed = ask.call("Mailbox/set", json!({"update": {inner.clone(): {"name": "Renamed", "parentId": null, "sortOrder": 7}}}))?;
        members(at(&changed, "/updated"), &[&inner])?;
        let got = ask.call("Mailbox/get", json!({"ids": [inner, outer]}))?;
        for (name, value) in [("name", json!("Renamed")), ("parentId", Value::Null), ("sortOrder", json!(7))] {
            same(&got, &format!("/list/0/{name}"), value)?;
        }
        let gone = ask.call("Mailbox/set", json!({"destroy": [inner, outer]}))?;
        ensure!(at(&gone, "/destroyed").as_array().is_some_and(|d| d.len() == 2), "{gone}");
        Ok(())
    };
    "Mailbox/set" "8621 2.5" "refuses a name twice or empty, circles, unknown parents, what the server sets" => |ask| {
        let id = make(ask, json!({"name": "Taken"}))?;
        let child = make(ask, json!({"name": "Child", "parentId": id}))?;
        let refused = ask.call("Mailbox/set", json!({"create": {"twice": {"name": "Taken"}, "empty": {"name": ""}, "lost": {"name": "x", "parentId": "nowhere"}, "counted": {"name": "y", "totalEmails": 3}, "odd": {"name": "z", "frobnicate": 1}, "untyped": {"name": 5}}, "update": {id.clone(): {"parentId": child}}}))?;
        for (name, property) in [("twice", "name"), ("empty", "name"), ("lost", "parentId"), ("counted", "totalEmails"), ("odd", "frobnicate"), ("untyped", "name")] {
            same(&refused, &format!("/notCreated/{name}/type"), json!("invalidProperties"))?;
            ensure!(lists(&refused, &format!("/notCreated/{name}/properties"), property), "{name}: {refused}");
        }
        same(&refused, &format!("/notUpdated/{id}/type"), json!("invalidProperties"))?;
        let tight = ask.call("Mailbox/set", json!({"destroy": [id]}))?;
        same(&tight, &format!("/notDestroyed/{id}/type"), json!("mailboxHasChild"))?;
        remove(ask, &child)?;
        remove(ask, &id)
    };
    "Mailbox/set" "8621 2.5" "one with mail is mailboxHasEmail unless its mail may go; mail that is elsewhere too stays" => |ask| {
        let id = make(ask, json!({"name": "Full"}))?;
        let (only, also, inbox) = (ask.letter("only", "", "x")?, ask.letter("also", "", "x")?, ask.mailbox("inbox")?);
        ask.call("Email/set", json!({"update": {only.clone(): {"mailboxIds": {id.clone(): true}}, also.clone(): {"mailboxIds": {id.clone(): true, inbox.clone(): true}}}}))?;
        let tight = ask.call("Mailbox/set", json!({"destroy": [id]}))?;
        same(&tight, &format!("/notDestroyed/{id}/type"), json!("mailboxHasEmail"))?;
        remove(ask, &id)?;
        let got = ask.call("Email/get", json!({"ids": [only, also], "properties": ["mailboxIds"]}))?;
        ensure!(lists(&got, "/notFound", &only), "what was only there is still there");
        same(&got, "/list/0/mailboxIds", json!({inbox: true}))
    };
    "Mailbox/set" "8620 5.3" "an invalid patch, and changing the id, are refused" => |ask| {
        let id = make(ask, json!({"name": "Patched"}))?;
        let refused = ask.call("Mailbox/set", json!({"update": {id.clone(): {"myRights/mayDelete": false}}}))?;
        ensure!(refused["notUpdated"].get(&id).is_some(), "{refused}");
        let refused = ask.call("Mailbox/set", json!({"update": {id.clone(): {"id": "other"}}}))?;
        same(&refused, &format!("/notUpdated/{id}/type"), json!("invalidProperties"))?;
        let same_again = ask.call("Mailbox/set", json!({"update": {id.clone(): {"id": id, "name": "Patched"}}}))?;
        members(at(&same_again, "/updated"), &[&id])?;
        remove(ask, &id)
    };
    "Mailbox/query" "8621 2.3" "filters by parent, name, role, any role, subscription; operators" => |ask| {
        let outer = make(ask, json!({"name": "Query outer", "isSubscribed": true}))?;
        let inner = make(ask, json!({"name": "Query inner", "parentId": outer, "isSubscribed": false}))?;
        for (filter, expected) in [
            (json!({"parentId": outer}), vec![inner.clone()]),
            (json!({"name": "query OUT"}), vec![outer.clone()]),
            (json!({"role": "inbox"}), vec![ask.mailbox("inbox")?]),
            (json!({"operator": "AND", "conditions": [{"hasAnyRole": false}, {"name": "query"}, {"isSubscribed": true}]}), vec![outer.clone()]),
            (json!({"operator": "NOT", "conditions": [{"hasAnyRole": true}, {"name": "inner"}, {"operator": "NOT", "conditions": [{"name": "query"}]}]}), vec![outer.clone()]),
        ] {
            let ids = found(ask, json!({"filter": filter}))?;
            ensure!(ids == expected, "{filter}: {ids:?}");
        }
        ensure!(!found(ask, json!({"filter": {"parentId": null}}))?.contains(&inner), "one with a parent");
        remove(ask, &inner)?;
        remove(ask, &outer)
    };
    "Mailbox/query" "8621 2.3" "sorts by name and order, as a tree, filters as a tree; counts" => |ask| {
        let b = make(ask, json!({"name": "Tree B", "sortOrder": 1}))?;
        let a = make(ask, json!({"name": "Tree A", "sortOrder": 2}))?;
        let c = make(ask, json!({"name": "Tree C", "sortOrder": 0, "parentId": b}))?;
        let tree = json!({"name": "Tree"});
        ensure!(found(ask, json!({"filter": tree, "sort": [{"property": "name"}]}))? == [a.clone(), b.clone(), c.clone()], "by name");
        ensure!(found(ask, json!({"filter": tree, "sort": [{"property": "name", "isAscending": false}]}))? == [c.clone(), b.clone(), a.clone()], "by name, descending");
        ensure!(found(ask, json!({"filter": tree, "sort": [{"property": "sortOrder"}]}))? == [c.clone(), b.clone(), a.clone()], "by order");
        ensure!(found(ask, json!({"filter": tree, "sort": [{"property": "sortOrder"}], "sortAsTree": true}))? == [b.clone(), c.clone(), a.clone()], "as a tree");
        ensure!(found(ask, json!({"filter": {"name": "Tree C"}, "filterAsTree": true}))?.is_empty(), "one whose parent does not match");
        let counted = ask.call("Mailbox/query", json!({"filter": tree, "calculateTotal": true, "limit": 1}))?;
        same(&counted, "/total", json!(3))?;
        ask.refused("Mailbox/query", json!({"sort": [{"property": "frobnicate"}]}), "unsupportedSort")?;
        remove(ask, &c)?;
        remove(ask, &b)?;
        remove(ask, &a)
    };
    "Mailbox/changes" "8621 2.2" "tells what was made, renamed and removed; when only counts moved, which properties" => |ask| {
        let state = ask.call("Mailbox/get", json!({"ids": []}))?["state"].clone();
        let id = make(ask, json!({"name": "Changed"}))?;
        let made = ask.call("Mailbox/changes", json!({"sinceState": state}))?;
        ensure!(lists(&made, "/created", &id), "{made}");
        same(&made, "/updatedProperties", Value::Null)?;
        members(&made, &["updatedProperties"])?;
        ask.letter("moves a count", "", "x")?;
        let counted = ask.call("Mailbox/changes", json!({"sinceState": made["newState"]}))?;
        ensure!(lists(&counted, "/updated", &ask.mailbox("inbox")?), "{counted}");
        let names = at(&counted, "/updatedProperties").as_array().cloned().unwrap_or_default();
        ensure!(!names.is_empty() && !names.contains(&json!("name")), "{counted}");
        ask.call("Mailbox/set", json!({"update": {id.clone(): {"name": "Changed again"}}}))?;
        let renamed = ask.call("Mailbox/changes", json!({"sinceState": counted["newState"]}))?;
        ensure!(lists(&renamed, "/updated", &id), "{renamed}");
        remove(ask, &id)?;
        let gone = ask.call("Mailbox/changes", json!({"sinceState": renamed["newState"]}))?;
        ensure!(lists(&gone, "/destroyed", &id), "{gone}");
        let never = ask.call("Mailbox/changes", json!({"sinceState": state}))?;
        ensure!(!lists(&never, "/created", &id) && !lists(&never, "/updated", &id), "what came and went is told as there: {never}");
        Ok(())
    };
    "Mailbox/queryChanges" "8621 2.4" "following it comes to the fresh query" => |ask| {
        let query = json!({"filter": {"name": "Follow"}, "sort": [{"property": "name"}]});
        let first = make(ask, json!({"name": "Follow 2"}))?;
        let before = ask.call("Mailbox/query", query.clone())?;
        let second = make(ask, json!({"name": "Follow 1"}))?;
        let third = make(ask, json!({"name": "Follow 3"}))?;
        remove(ask, &first)?;
        let mut arguments = query.clone();
        arguments["sinceQueryState"] = before["queryState"].clone();
        let changes = ask.call("Mailbox/queryChanges", arguments)?;
        let followed = super::follow(&before["ids"], &changes)?;
        ensure!(json!(followed) == ask.call("Mailbox/query", query)?["ids"], "{followed:?}");
        remove(ask, &second)?;
        remove(ask, &third)
    };
    "Thread/get" "8621 3.1" "has its messages, the oldest first" => |ask| {
        let first = ask.letter("threaded", "Message-ID: <threaded@x>\r\n", "one")?;
        let blob = ask.upload("message/rfc822", b"From: a@x\r\nSubject: Re: threaded\r\nReferences: <threaded@x>\r\n\r\ntwo")?;
        let made = ask.call("Email/import", json!({"emails": {"e": {"blobId": blob, "mailboxIds": {ask.mailbox("inbox")?: true}, "receivedAt": "2030-01-01T00:00:00Z"}}}))?;
        let second = text(&made, "/created/e/id")?;
        let thread = text(&made, "/created/e/threadId")?;
        let got = ask.call("Thread/get", json!({"ids": [thread, "nowhere"]}))?;
        same(&got, "/list/0", json!({"id": thread, "emailIds": [first, second]}))?;
        same(&got, "/notFound", json!(["nowhere"]))
    };
    "Thread/changes" "8621 3.2" "a new thread is created, one with a new message updated, an empty one destroyed" => |ask| {
        let state = ask.call("Thread/get", json!({"ids": []}))?["state"].clone();
        let first = ask.letter("thread changes", "Message-ID: <changes@x>\r\n", "one")?;
        let thread = text(&ask.email(&first, json!({"properties": ["threadId"]}))?, "/threadId")?;
        let made = ask.call("Thread/changes", json!({"sinceState": state}))?;
        ensure!(lists(&made, "/created", &thread), "{made}");
        let second = ask.letter("Re: thread changes", "In-Reply-To: <changes@x>\r\n", "two")?;
        let grown = ask.call("Thread/changes", json!({"sinceState": made["newState"]}))?;
        ensure!(lists(&grown, "/updated", &thread), "{grown}");
        ask.call("Email/set", json!({"destroy": [first, second]}))?;
        let gone = ask.call("Thread/changes", json!({"sinceState": grown["newState"]}))?;
        ensure!(lists(&gone, "/destroyed", &thread), "{gone}");
        Ok(())
    };
};
