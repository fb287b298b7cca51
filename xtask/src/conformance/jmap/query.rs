//! RFC 8621 sections 4.3 to 4.5 and RFC 8620 sections 5.5 and 5.6: finding messages, and keeping up.

use super::ask::{at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::ensure;
use serde_json::{Value, json};

/// Five letters under a mark of their own, at 1 to 5 o'clock, with 10 to 50 more bytes.
fn five(ask: &Ask, mark: &str) -> anyhow::Result<Vec<String>> {
    let subjects = ["Delta", "alpha", "Charlie", "bravo", "Echo"];
    (1..=5usize)
        .zip(subjects)
        .map(|(n, subject)| {
            let raw = format!(
                "From: {subject} <{n}@x.example>\r\nTo: to{n}@y.example\r\nCc: cc{n}@y.example\r\nSubject: {subject} {mark}\r\nDate: Fri, 20 Nov 2026 0{}:00:00 +0000\r\nX-Number: {n}\r\n\r\nword{n} {}",
                6 - n,
                "x".repeat(n * 10)
            );
            ask.import(raw.as_bytes(), json!({"receivedAt": format!("2026-11-20T0{n}:00:00Z"), "keywords": {mark: true}}))
        })
        .collect()
}

fn order(ids: &[String], found: &[String]) -> Vec<usize> {
    found
        .iter()
        .map(|id| ids.iter().position(|there| there == id).map_or(0, |at| at + 1))
        .collect()
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Email/query" "8621 4.4.1" "each condition finds what it should" => |ask| {
        let ids = five(ask, "cond")?;
        let sent = ask.mailbox("sent")?;
        let inbox = ask.mailbox("inbox")?;
        ask.call("Email/set", json!({"update": {ids[0].clone(): {"keywords/$seen": true}, ids[4].clone(): {format!("mailboxIds/{sent}"): true, format!("mailboxIds/{inbox}"): null}}}))?;
        for (filter, expected) in [
            (json!({"inMailbox": sent}), vec![5]),
            (json!({"inMailboxOtherThan": [inbox]}), vec![5]),
            (json!({"before": "2026-11-20T03:00:00Z"}), vec![2, 1]),
            (json!({"after": "2026-11-20T03:00:00Z"}), vec![5, 4, 3]),
            (json!({"hasKeyword": "$SEEN"}), vec![1]),
            (json!({"notKeyword": "$seen"}), vec![5, 4, 3, 2]),
            (json!({"allInThreadHaveKeyword": "$seen"}), vec![1]),
            (json!({"someInThreadHaveKeyword": "$seen"}), vec![1]),
            (json!({"noneInThreadHaveKeyword": "$seen"}), vec![5, 4, 3, 2]),
            (json!({"hasAttachment": true}), vec![]),
            (json!({"from": "charlie"}), vec![3]),
            (json!({"from": "2@x.example"}), vec![2]),
            (json!({"to": "to4"}), vec![4]),
            (json!({"cc": "cc4@y.example"}), vec![4]),
            (json!({"bcc": "cc4"}), vec![]),
            (json!({"subject": "ECHO"}), vec![5]),
            (json!({"body": "word2"}), vec![2]),
            (json!({"text": "bravo word4"}), vec![4]),
            (json!({"header": ["X-Number"]}), vec![5, 4, 3, 2, 1]),
            (json!({"header": ["x-number", "3"]}), vec![3]),
            (json!({"header": ["X-Nothing"]}), vec![]),
            (json!({"operator": "OR", "conditions": [{"from": "charlie"}, {"from": "echo"}]}), vec![5, 3]),
            (json!({"operator": "NOT", "conditions": [{"from": "charlie"}, {"from": "echo"}]}), vec![4, 2, 1]),
            (json!({"operator": "AND", "conditions": [{"after": "2026-11-20T02:00:00Z"}, {"operator": "NOT", "conditions": [{"subject": "echo"}]}]}), vec![4, 3, 2]),
            (json!({"after": "2026-11-20T02:00:00Z", "before": "2026-11-20T04:00:00Z"}), vec![3, 2]),
        ] {
            let both = json!({"operator": "AND", "conditions": [{"hasKeyword": "cond"}, filter]});
            let found = order(&ids, &ask.found(json!({"filter": both}))?);
            ensure!(found == expected, "{filter}: {found:?}, not {expected:?}");
        }
        let sizes = ask.call("Email/get", json!({"ids": ids, "properties": ["size"]}))?;
        let third = at(&sizes, "/list/2/size").clone();
        for (filter, expected) in [(json!({"minSize": third, "hasKeyword": "cond"}), vec![5, 4, 3]), (json!({"maxSize": third, "hasKeyword": "cond"}), vec![2, 1])] {
            let found = order(&ids, &ask.found(json!({"filter": filter}))?);
            // Of these, sizes differ by more than subjects do.
            ensure!(expected.iter().all(|n| found.contains(n) || *n == 4), "{filter}: {found:?}");
        }
        Ok(())
    };
    "Email/query" "8621 4.4.2" "sorts by each property, both ways" => |ask| {
        let ids = five(ask, "sort")?;
        ask.call("Email/set", json!({"update": {ids[2].clone(): {"keywords/$flagged": true}}}))?;
        for (sort, expected) in [
            (json!([{"property": "receivedAt"}]), vec![1, 2, 3, 4, 5]),
            (json!([{"property": "receivedAt", "isAscending": false}]), vec![5, 4, 3, 2, 1]),
            (json!([{"property": "sentAt"}]), vec![5, 4, 3, 2, 1]),
            (json!([{"property": "subject"}]), vec![2, 4, 3, 1, 5]),
            (json!([{"property": "from", "isAscending": false}]), vec![5, 1, 3, 4, 2]),
            (json!([{"property": "to"}]), vec![1, 2, 3, 4, 5]),
            (json!([{"property": "subject", "collation": "i;unicode-casemap"}]), vec![2, 4, 3, 1, 5]),
        ] {
            let found = order(&ids, &ask.found(json!({"filter": {"hasKeyword": "sort"}, "sort": sort}))?);
            ensure!(found == expected, "{sort}: {found:?}, not {expected:?}");
        }
        let flagged = |ascending: bool| -> anyhow::Result<Vec<usize>> {
            let sort = json!([{"property": "hasKeyword", "keyword": "$flagged", "isAscending": ascending}, {"property": "receivedAt"}]);
            Ok(order(&ids, &ask.found(json!({"filter": {"hasKeyword": "sort"}, "sort": sort}))?))
        };
        ensure!(flagged(true)?.len() == 5 && flagged(true)? != flagged(false)?, "the keyword does not sort");
        ask.refused("Email/query", json!({"sort": [{"property": "frobnicate"}]}), "unsupportedSort")?;
        ask.refused("Email/query", json!({"sort": [{"property": "subject", "collation": "i;nothing"}]}), "unsupportedSort")
    };
    "Email/query" "8620 5.5" "position, negative position, limit, anchor and offset, total" => |ask| {
        let ids = five(ask, "page")?;
        let query = |more: Value| -> anyhow::Result<Value> {
            let mut arguments = json!({"filter": {"hasKeyword": "page"}, "sort": [{"property": "receivedAt"}]});
            if let (Value::Object(arguments), Value::Object(more)) = (&mut arguments, more) {
                arguments.extend(more);
            }
            ask.call("Email/query", arguments)
        };
        let page = |more: Value| -> anyhow::Result<(Vec<usize>, Value)> {
            let answer = query(more)?;
            Ok((order(&ids, &serde_json::from_value::<Vec<String>>(answer["ids"].clone())?), answer["position"].clone()))
        };
        for (more, expected, position) in [
            (json!({}), vec![1, 2, 3, 4, 5], 0),
            (json!({"position": 2}), vec![3, 4, 5], 2),
            (json!({"position": -2}), vec![4, 5], 3),
            (json!({"position": -99}), vec![1, 2, 3, 4, 5], 0),
            (json!({"position": 1, "limit": 2}), vec![2, 3], 1),
            (json!({"limit": 0}), vec![], 0),
            (json!({"anchor": ids[2]}), vec![3, 4, 5], 2),
            (json!({"anchor": ids[2], "anchorOffset": -1, "limit": 2}), vec![2, 3], 1),
            (json!({"anchor": ids[2], "anchorOffset": 1}), vec![4, 5], 3),
            (json!({"anchor": ids[0], "anchorOffset": -5}), vec![1, 2, 3, 4, 5], 0),
            // With an anchor, the position counts for nothing.
            (json!({"anchor": ids[3], "position": 1}), vec![4, 5], 3),
        ] {
            let (found, at) = page(more.clone())?;
            ensure!(found == expected && at == position, "{more}: {found:?} at {at}");
        }
        let (past, _) = page(json!({"position": 99}))?;
        ensure!(past.is_empty(), "past the end is {past:?}");
        ask.refused("Email/query", json!({"anchor": "nothing"}), "anchorNotFound")?;
        let counted = query(json!({"calculateTotal": true, "limit": 2}))?;
        same(&counted, "/total", json!(5))?;
        ensure!(query(json!({"limit": 2}))?.get("total").is_none(), "a total that nobody asked for");
        let over = query(json!({"limit": 100_000}))?;
        ensure!(over.get("limit").is_some(), "the server's own limit is not told: {over}");
        members(&over, &["accountId", "queryState", "canCalculateChanges", "position", "ids"])
    };
    "Email/query" "8621 4.4.3" "collapsed, each thread comes once, in its first place" => |ask| {
        let make = |id: &str, more: &str, at: &str| ask.import(format!("From: a@x\r\nSubject: Re: collapse\r\nMessage-ID: <{id}@x>\r\n{more}\r\ntext").as_bytes(), json!({"receivedAt": at, "keywords": {"collapse": true}}));
        let first = make("c1", "", "2026-01-01T00:00:00Z")?;
        let other = ask.import(b"From: a@x\r\nSubject: alone\r\n\r\ntext", json!({"receivedAt": "2026-01-02T00:00:00Z", "keywords": {"collapse": true}}))?;
        let last = make("c2", "In-Reply-To: <c1@x>\r\n", "2026-01-03T00:00:00Z")?;
        let collapsed = |ascending: bool| ask.call("Email/query", json!({"filter": {"hasKeyword": "collapse"}, "sort": [{"property": "receivedAt", "isAscending": ascending}], "collapseThreads": true, "calculateTotal": true}));
        same(&collapsed(false)?, "/ids", json!([last, other]))?;
        same(&collapsed(true)?, "/ids", json!([first, other]))?;
        same(&collapsed(true)?, "/total", json!(2))
    };
    "Email/query" "8620 5.5" "a filter or condition that is unknown is refused" => |ask| {
        let kind = ask.error("Email/query", json!({"filter": {"frobnicate": 1}}))?;
        ensure!(["unsupportedFilter", "invalidArguments"].contains(&kind.as_str()), "{kind}");
        let kind = ask.error("Email/query", json!({"filter": {"operator": "XOR", "conditions": []}}))?;
        ensure!(["unsupportedFilter", "invalidArguments"].contains(&kind.as_str()), "{kind}");
        ask.refused("Email/query", json!({"filter": {"before": "yesterday"}}), "invalidArguments")?;
        ask.refused("Email/query", json!({"filter": {"minSize": -1}}), "invalidArguments")
    };
    "Email/changes" "8621 4.3" "what is made is created, marked updated, removed destroyed; what came and went is not told as there" => |ask| {
        let state = ask.call("Email/get", json!({"ids": []}))?["state"].clone();
        let id = ask.letter("changes", "", "x")?;
        let made = ask.call("Email/changes", json!({"sinceState": state}))?;
        ensure!(lists(&made, "/created", &id), "{made}");
        ask.call("Email/set", json!({"update": {id.clone(): {"keywords/$seen": true}}}))?;
        let marked = ask.call("Email/changes", json!({"sinceState": made["newState"]}))?;
        ensure!(lists(&marked, "/updated", &id) && !lists(&marked, "/created", &id), "{marked}");
        ask.call("Email/set", json!({"destroy": [id]}))?;
        let gone = ask.call("Email/changes", json!({"sinceState": marked["newState"]}))?;
        ensure!(lists(&gone, "/destroyed", &id), "{gone}");
        let never = ask.call("Email/changes", json!({"sinceState": state}))?;
        ensure!(!lists(&never, "/created", &id) && !lists(&never, "/updated", &id), "{never}");
        Ok(())
    };
    "Email/queryChanges" "8620 5.6" "following it comes to the fresh query: filtered, sorted, collapsed" => |ask| {
        for more in [json!({}), json!({"collapseThreads": true}), json!({"sort": [{"property": "subject"}]})] {
            let mut query = json!({"filter": {"hasKeyword": "follow"}, "sort": [{"property": "receivedAt", "isAscending": false}]});
            if let (Value::Object(query), Value::Object(more)) = (&mut query, more.clone()) {
                query.extend(more);
            }
            let ids = five(ask, "follow")?;
            let before = ask.call("Email/query", query.clone())?;
            same(&before, "/canCalculateChanges", json!(true))?;
            five(ask, "follow")?;
            ask.call("Email/set", json!({"update": {ids[1].clone(): {"keywords/follow": null}}}))?;
            let mut arguments = query.clone();
            arguments["sinceQueryState"] = before["queryState"].clone();
            arguments["calculateTotal"] = json!(true);
            let changes = ask.call("Email/queryChanges", arguments)?;
            members(&changes, &["accountId", "oldQueryState", "newQueryState", "total", "removed", "added"])?;
            let after = ask.call("Email/query", query)?;
            let followed = super::follow(&before["ids"], &changes)?;
            ensure!(json!(followed) == after["ids"], "{more}: {followed:?} is not {}", after["ids"]);
            same(&changes, "/total", json!(followed.len()))?;
            same(&changes, "/newQueryState", after["queryState"].clone())?;
        }
        Ok(())
    };
    "Email/queryChanges" "8620 5.6" "more than maxChanges is tooManyChanges; an unknown state cannot be calculated from; no news is empty" => |ask| {
        let query = json!({"filter": {"hasKeyword": "toomany"}});
        let state = ask.call("Email/query", query.clone())?["queryState"].clone();
        let with = |more: Value| {
            let mut arguments = query.clone();
            if let (Value::Object(arguments), Value::Object(more)) = (&mut arguments, more) {
                arguments.extend(more);
            }
            arguments
        };
        let nothing = ask.call("Email/queryChanges", with(json!({"sinceQueryState": state})))?;
        same(&nothing, "/added", json!([]))?;
        same(&nothing, "/removed", json!([]))?;
        five(ask, "toomany")?;
        ask.refused("Email/queryChanges", with(json!({"sinceQueryState": state, "maxChanges": 2})), "tooManyChanges")?;
        ask.refused("Email/queryChanges", with(json!({"sinceQueryState": "never given out"})), "cannotCalculateChanges")
    };
    "Email/query" "8620 5.5" "the query's state is the same as long as nothing changes, and another when something does" => |ask| {
        let state = || -> anyhow::Result<String> { text(&ask.call("Email/query", json!({}))?, "/queryState") };
        let before = state()?;
        ensure!(before == state()?, "it moves by itself");
        ask.letter("moves the state", "", "x")?;
        ensure!(before != state()?, "it stands still");
        Ok(())
    };
};
