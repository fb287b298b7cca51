//! RFC 8620: the session, requests and what is wrong with them, result references, the standard methods.

use super::ask::{USING, at, lists, members, same, text};
use super::{Ask, Case, cases};
use anyhow::ensure;
use serde_json::{Value, json};

fn problem(ask: &Ask, body: &[u8], kind: &str, limit: Option<&str>) -> anyhow::Result<()> {
    let answer = ask.raw(body)?;
    ensure!(answer.status == 400, "it was answered with {}", answer.status);
    let media_type = answer.header("content-type");
    ensure!(
        media_type.starts_with("application/problem+json"),
        "the problem is {media_type}"
    );
    let told = answer.json()?;
    same(&told, "/type", json!(format!("urn:ietf:params:jmap:error:{kind}")))?;
    same(&told, "/status", json!(400))?;
    match limit {
        Some(name) => same(&told, "/limit", json!(name)),
        None => Ok(()),
    }
}

/// The checks.
pub const CASES: &[Case] = cases! {
    "Session" "8620 2" "has every member of the RFC, and absolute addresses" => |ask| {
        let session = ask.session()?;
        members(&session, &["capabilities", "accounts", "primaryAccounts", "username", "apiUrl", "downloadUrl", "uploadUrl", "eventSourceUrl", "state"])?;
        let core = at(&session, "/capabilities/urn:ietf:params:jmap:core");
        for name in ["maxSizeUpload", "maxConcurrentUpload", "maxSizeRequest", "maxConcurrentRequests", "maxCallsInRequest", "maxObjectsInGet", "maxObjectsInSet"] {
            ensure!(core.get(name).is_some_and(Value::is_u64), "`{name}` is no number in {core}");
        }
        ensure!(core.get("collationAlgorithms").is_some_and(Value::is_array), "no collations in {core}");
        for (name, variables) in [
            ("apiUrl", &[][..]),
            ("downloadUrl", &["{accountId}", "{blobId}", "{type}", "{name}"]),
            ("uploadUrl", &["{accountId}"]),
            ("eventSourceUrl", &["{types}", "{closeafter}", "{ping}"]),
        ] {
            let url = text(&session, &format!("/{name}"))?;
            ask.local(&url)?;
            for variable in variables {
                ensure!(url.contains(variable), "`{name}` lacks {variable}");
            }
        }
        let account = at(&session, "/accounts").get(&ask.account).cloned().unwrap_or_default();
        members(&account, &["name", "isPersonal", "isReadOnly", "accountCapabilities"])?;
        same(&account, "/isPersonal", json!(true))?;
        members(at(&account, "/accountCapabilities/urn:ietf:params:jmap:mail"), &["maxMailboxesPerEmail", "maxMailboxDepth", "maxSizeMailboxName", "maxSizeAttachmentsPerEmail", "emailQuerySortOptions", "mayCreateTopLevelMailbox"])?;
        members(at(&account, "/accountCapabilities/urn:ietf:params:jmap:submission"), &["maxDelayedSend", "submissionExtensions"])?;
        members(at(&account, "/accountCapabilities"), &["urn:ietf:params:jmap:vacationresponse"])
    };
    "Session" "8620 2" "its state is the one that responses carry" => |ask| {
        let response = ask.request(json!([["Core/echo", {}, "0"]]))?;
        same(&response, "/sessionState", ask.session()?["state"].clone())
    };
    "Session" "8620 2.2" "is found at /.well-known/jmap" => |ask| {
        let answer = ask.get("/.well-known/jmap", &[])?;
        let found = match answer.status {
            200 => answer.json()?,
            300..400 => ask.get(&ask.local(answer.header("location"))?, &[])?.json()?,
            other => anyhow::bail!("it was answered with {other}"),
        };
        members(&found, &["apiUrl"])
    };
    "Session" "8620 1.7" "who shows no token, or a wrong one, gets 401" => |ask| {
        for header in ["Bearer nobody", "Basic bm9ib2R5OnNlY3JldA=="] {
            let answer = ask.get("/jmap/session", &[("authorization", header)])?;
            ensure!(answer.status == 401, "{header}: {}", answer.status);
        }
        Ok(())
    };
    "request" "8620 3.6.1" "what is no JSON, or not I-JSON, is notJSON" => |ask| {
        for body in [&b"{"[..], b"", b"\xff\xfe", br#"{"using":[],"using":[],"methodCalls":[]}"#, br#"{"using":["\ud800"],"methodCalls":[]}"#] {
            problem(ask, body, "notJSON", None)?;
        }
        let answer = ask.post("/jmap", "text/plain", br#"{"using":[],"methodCalls":[]}"#)?;
        ensure!(answer.status == 400, "text/plain was answered with {}", answer.status);
        same(&answer.json()?, "/type", json!("urn:ietf:params:jmap:error:notJSON"))
    };
    "request" "8620 3.6.1" "JSON that is no request is notRequest" => |ask| {
        for body in ["[]", "{}", r#"{"using":[]}"#, r#"{"using":[],"methodCalls":{}}"#, r#"{"using":[],"methodCalls":[["Core/echo",{}]]}"#, r#"{"using":[],"methodCalls":[["Core/echo",[],"c"]]}"#, r#"{"using":"urn:ietf:params:jmap:core","methodCalls":[]}"#] {
            problem(ask, body.as_bytes(), "notRequest", None)?;
        }
        Ok(())
    };
    "request" "8620 3.6.1" "an unknown capability is unknownCapability" => |ask| {
        problem(ask, br#"{"using":["https://example.com/apis/foobar"],"methodCalls":[]}"#, "unknownCapability", None)
    };
    "request" "8620 3.6.1" "more calls, or bytes, than the session says are limit" => |ask| {
        let session = ask.session()?;
        let limit = |name: &str| at(&session, "/capabilities/urn:ietf:params:jmap:core").get(name).and_then(Value::as_u64).unwrap_or(0);
        let calls: Vec<Value> = (0..=limit("maxCallsInRequest")).map(|n| json!(["Core/echo", {}, n.to_string()])).collect();
        problem(ask, json!({"using": USING, "methodCalls": calls}).to_string().as_bytes(), "limit", Some("maxCallsInRequest"))?;
        let long = "x".repeat(usize::try_from(limit("maxSizeRequest"))? + 1);
        problem(ask, json!({"using": USING, "methodCalls": [["Core/echo", {"x": long}, "0"]]}).to_string().as_bytes(), "limit", Some("maxSizeRequest"))?;
        let calls: Vec<Value> = (1..=limit("maxCallsInRequest")).map(|n| json!(["Core/echo", {}, n.to_string()])).collect();
        ensure!(ask.calls(json!(calls))?.len() as u64 == limit("maxCallsInRequest"), "as many as there may be are not answered");
        Ok(())
    };
    "request" "8620 1.8" "what is not in `using` is as if it were not there" => |ask| {
        for (using, method) in [(&USING[..1], "Email/get"), (&USING[..2], "Identity/get"), (&USING[..3], "VacationResponse/get")] {
            let body = json!({"using": using, "methodCalls": [[method, {"accountId": ask.account, "ids": []}, "0"]]});
            same(&ask.raw(body.to_string().as_bytes())?.json()?, "/methodResponses/0/1/type", json!("unknownMethod"))?;
        }
        Ok(())
    };
    "request" "8620 3.3" "created ids go in and come back, with what was made" => |ask| {
        let body = json!({"using": USING, "createdIds": {"before": "there"}, "methodCalls": [
            ["Mailbox/set", {"accountId": ask.account, "create": {"now": {"name": "Created ids"}}}, "0"],
            ["Mailbox/get", {"accountId": ask.account, "ids": ["#now"]}, "1"]]});
        let answer = ask.raw(body.to_string().as_bytes())?.json()?;
        same(&answer, "/createdIds/before", json!("there"))?;
        let id = text(&answer, "/createdIds/now")?;
        let without = ask.request(json!([["Mailbox/set", {"accountId": ask.account, "destroy": [id]}, "0"]]))?;
        ensure!(without.get("createdIds").is_none(), "created ids that nobody asked for: {without}");
        same(&without, "/methodResponses/0/1/destroyed", json!([id]))
    };
    "request" "8620 3.5" "responses come in order, under the calls' ids; one error stops nothing" => |ask| {
        let answers = ask.calls(json!([["Core/echo", {"n": 1}, "a"], ["Nothing/get", {}, "b"], ["Core/echo", {"n": 3}, "a"]]))?;
        let names: Vec<(&str, &str)> = answers.iter().map(|(name, _, id)| (name.as_str(), id.as_str())).collect();
        ensure!(names == [("Core/echo", "a"), ("error", "b"), ("Core/echo", "a")], "{names:?}");
        Ok(())
    };
    "method errors" "8620 3.6.2" "an unknown method is unknownMethod" => |ask| ask.refused("Email/frobnicate", json!({}), "unknownMethod");
    "method errors" "8620 3.6.2" "another account is accountNotFound, none is invalidArguments" => |ask| {
        for method in ["Email/get", "Mailbox/query", "Thread/changes", "Identity/get", "VacationResponse/set", "EmailSubmission/query", "SearchSnippet/get", "Email/parse", "Email/import", "Email/queryChanges"] {
            ask.refused(method, json!({"accountId": "nobody"}), "accountNotFound")?;
            ask.refused(method, json!({"accountId": null}), "invalidArguments")?;
        }
        Ok(())
    };
    "method errors" "8620 3.6.2" "arguments of a wrong type, missing, or unknown are invalidArguments" => |ask| {
        for (method, arguments) in [
            ("Email/get", json!({"ids": "x"})),
            ("Email/get", json!({"ids": [1]})),
            ("Email/get", json!({"ids": [], "properties": ["frobnicate"]})),
            ("Email/get", json!({"ids": [], "invented": 1})),
            ("Email/query", json!({"limit": -1})),
            ("Email/query", json!({"limit": "x"})),
            ("Email/query", json!({"position": "x"})),
            ("Email/query", json!({"sort": {"property": "size"}})),
            ("Email/changes", json!({})),
            ("Email/changes", json!({"sinceState": 1})),
            ("Email/changes", json!({"sinceState": "0.0", "maxChanges": 0})),
            ("Email/queryChanges", json!({})),
            ("Email/set", json!({"create": []})),
            ("Email/set", json!({"destroy": {}})),
            ("Email/set", json!({"ifInState": 1})),
            ("Mailbox/get", json!({"ids": null, "properties": ["frobnicate"]})),
            ("Mailbox/set", json!({"onDestroyRemoveEmails": "yes"})),
            ("Mailbox/query", json!({"sortAsTree": "yes"})),
            ("Thread/get", json!({"ids": [], "properties": ["frobnicate"]})),
            ("Identity/get", json!({"ids": [], "properties": ["frobnicate"]})),
            ("EmailSubmission/get", json!({"ids": [], "properties": ["frobnicate"]})),
            ("EmailSubmission/query", json!({"filter": {"before": "yesterday"}})),
            ("VacationResponse/get", json!({"ids": [], "properties": ["frobnicate"]})),
            ("SearchSnippet/get", json!({"filter": null})),
            ("Email/parse", json!({})),
            ("Email/import", json!({})),
        ] {
            ask.refused(method, arguments, "invalidArguments")?;
        }
        Ok(())
    };
    "Core/echo" "8620 4" "answers what it was sent" => |ask| {
        let sent = json!({"a": [1, {"b": null}], "ü": "🎬"});
        let answers = ask.calls(json!([["Core/echo", sent, "0"]]))?;
        ensure!(answers == [("Core/echo".to_owned(), sent, "0".to_owned())], "{answers:?}");
        Ok(())
    };
    "result references" "8620 3.7" "a path goes into arrays, `*` through all of them" => |ask| {
        let sent = json!({"list": [{"ids": ["a", "b"], "id": "x"}, {"ids": ["c"], "id": "y"}], "a/b": {"m~n": 7}});
        for (path, expected) in [("/list/*/id", json!(["x", "y"])), ("/list/*/ids", json!(["a", "b", "c"])), ("/list/1/ids/0", json!("c")), ("/a~1b/m~0n", json!(7)), ("", sent.clone())] {
            let reference = json!({"resultOf": "0", "name": "Core/echo", "path": path});
            let answers = ask.calls(json!([["Core/echo", sent, "0"], ["Core/echo", {"#got": reference}, "1"]]))?;
            let got = answers.get(1).map(|(_, result, _)| result.clone()).unwrap_or_default();
            ensure!(got.get("got") == Some(&expected), "{path}: {got}");
        }
        Ok(())
    };
    "result references" "8620 3.7" "one that leads nowhere is invalidResultReference; a name said twice is invalidArguments" => |ask| {
        let wrong = |reference: Value| -> anyhow::Result<Value> {
            Ok(ask.request(json!([["Core/echo", {"x": [1]}, "0"], ["Core/echo", {"#got": reference}, "1"]]))?["methodResponses"][1][1]["type"].clone())
        };
        for reference in [
            json!({"resultOf": "9", "name": "Core/echo", "path": "/x"}),
            json!({"resultOf": "0", "name": "Email/get", "path": "/x"}),
            json!({"resultOf": "0", "name": "Core/echo", "path": "/y"}),
            json!({"resultOf": "0", "name": "Core/echo", "path": "/x/5"}),
            json!({"resultOf": "1", "name": "Core/echo", "path": "/x"}),
        ] {
            let kind = wrong(reference.clone())?;
            ensure!(kind == "invalidResultReference", "{reference} is {kind}");
        }
        let both = ask.request(json!([["Core/echo", {"x": 1}, "0"], ["Core/echo", {"got": 1, "#got": {"resultOf": "0", "name": "Core/echo", "path": "/x"}}, "1"]]))?;
        same(&both, "/methodResponses/1/1/type", json!("invalidArguments"))
    };
    "result references" "8620 3.7" "the chain of query, get, and threads of what was got" => |ask| {
        let answers = ask.calls(json!([
            ["Email/query", {"accountId": ask.account, "limit": 5, "collapseThreads": true}, "q"],
            ["Email/get", {"accountId": ask.account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}, "properties": ["threadId"]}, "e"],
            ["Thread/get", {"accountId": ask.account, "#ids": {"resultOf": "e", "name": "Email/get", "path": "/list/*/threadId"}}, "t"],
            ["Email/get", {"accountId": ask.account, "#ids": {"resultOf": "t", "name": "Thread/get", "path": "/list/*/emailIds"}, "properties": ["from"]}, "f"]]))?;
        ensure!(answers.iter().all(|(name, ..)| name != "error"), "{answers:?}");
        ensure!(answers.iter().skip(1).all(|(_, result, _)| at(result, "/list/0").is_object()), "an empty link");
        Ok(())
    };
    "/get" "8620 5.1" "null is all; unknown ids are notFound; each id is answered once; `id` comes along" => |ask| {
        let all = ask.call("Mailbox/get", json!({"ids": null}))?;
        same(&all, "/notFound", json!([]))?;
        let id = text(&all, "/list/0/id")?;
        let some = ask.call("Mailbox/get", json!({"ids": [id, "nowhere", id], "properties": ["name"]}))?;
        same(&some, "/notFound", json!(["nowhere"]))?;
        ensure!(at(&some, "/list").as_array().is_some_and(|list| list.len() == 1), "{some}");
        let names: Vec<&String> = at(&some, "/list/0").as_object().into_iter().flatten().map(|(name, _)| name).collect();
        ensure!(names == ["id", "name"], "{names:?}");
        same(&some, "/state", all["state"].clone())
    };
    "/get" "8620 5.1" "more ids than maxObjectsInGet are requestTooLarge" => |ask| {
        let ids: Vec<String> = (0..=500).map(|n| format!("i{n}")).collect();
        for method in ["Email/get", "Mailbox/get", "Thread/get", "Identity/get", "EmailSubmission/get"] {
            ask.refused(method, json!({"ids": ids}), "requestTooLarge")?;
        }
        Ok(())
    };
    "/set" "8620 5.3" "more objects than maxObjectsInSet are requestTooLarge" => |ask| {
        let ids: Vec<String> = (0..=500).map(|n| format!("i{n}")).collect();
        for method in ["Email/set", "Mailbox/set", "Identity/set", "EmailSubmission/set"] {
            ask.refused(method, json!({"destroy": ids}), "requestTooLarge")?;
        }
        Ok(())
    };
    "/set" "8620 5.3" "another state than ifInState is stateMismatch, and nothing happens" => |ask| {
        for method in ["Email/set", "Mailbox/set", "Identity/set", "EmailSubmission/set", "VacationResponse/set"] {
            ask.refused(method, json!({"ifInState": "another", "destroy": ["x"]}), "stateMismatch")?;
        }
        ask.refused("Email/import", json!({"ifInState": "another", "emails": {}}), "stateMismatch")?;
        let state = ask.call("Mailbox/get", json!({"ids": []}))?["state"].clone();
        let made = ask.call("Mailbox/set", json!({"ifInState": state, "create": {"m": {"name": "In state"}}}))?;
        same(&made, "/oldState", state.clone())?;
        ensure!(made["newState"] != state, "the state has not moved");
        let id = text(&made, "/created/m/id")?;
        ask.call("Mailbox/set", json!({"destroy": [id]})).map(drop)
    };
    "/set" "8620 5.3" "the response has all members, null where nothing was done" => |ask| {
        let nothing = ask.call("Email/set", json!({}))?;
        for name in ["created", "updated", "destroyed", "notCreated", "notUpdated", "notDestroyed"] {
            same(&nothing, &format!("/{name}"), Value::Null)?;
            members(&nothing, &[name])?;
        }
        same(&nothing, "/oldState", nothing["newState"].clone())
    };
    "/set" "8620 5.3" "what is not there is notFound, for changing and for destroying" => |ask| {
        for method in ["Email/set", "Mailbox/set", "Identity/set", "EmailSubmission/set", "PushSubscription/set"] {
            let answer = ask.call(method, json!({"update": {"nowhere": {}}, "destroy": ["nothing"]}))?;
            same(&answer, "/notUpdated/nowhere/type", json!("notFound"))?;
            same(&answer, "/notDestroyed/nothing/type", json!("notFound"))?;
        }
        Ok(())
    };
    "/changes" "8620 5.2" "no news is an empty answer at the same state; a state never given out cannot be calculated from" => |ask| {
        for kind in ["Email", "Mailbox", "Thread", "Identity", "EmailSubmission"] {
            let state = ask.call(&format!("{kind}/get"), json!({"ids": []}))?["state"].clone();
            let changes = ask.call(&format!("{kind}/changes"), json!({"sinceState": state}))?;
            for (name, expected) in [("oldState", state.clone()), ("newState", state.clone()), ("hasMoreChanges", json!(false)), ("created", json!([])), ("updated", json!([])), ("destroyed", json!([]))] {
                same(&changes, &format!("/{name}"), expected)?;
            }
            ask.refused(&format!("{kind}/changes"), json!({"sinceState": "never given out"}), "cannotCalculateChanges")?;
        }
        Ok(())
    };
    "/changes" "8620 5.2" "maxChanges at a time come to the same as all at once" => |ask| {
        let state = ask.call("Email/get", json!({"ids": []}))?["state"].clone();
        let made: Vec<String> = (0..5).map(|n| ask.letter(&format!("page {n}"), "", "text")).collect::<anyhow::Result<_>>()?;
        ask.call("Email/set", json!({"destroy": [made[0]], "update": {made[1].clone(): {"keywords/$seen": true}}}))?;
        let (mut created, mut since, mut rounds) = (Vec::new(), state, 0);
        loop {
            let changes = ask.call("Email/changes", json!({"sinceState": since, "maxChanges": 2}))?;
            let count: usize = ["created", "updated", "destroyed"].iter().filter_map(|name| changes[*name].as_array()).map(Vec::len).sum();
            ensure!(count <= 2, "more than asked for: {changes}");
            for id in changes["created"].as_array().into_iter().flatten() {
                created.push(id.as_str().unwrap_or_default().to_owned());
            }
            for gone in changes["destroyed"].as_array().into_iter().flatten() {
                created.retain(|id| gone != id);
            }
            since = changes["newState"].clone();
            rounds += 1;
            ensure!(rounds < 20, "it does not end");
            if changes["hasMoreChanges"] == false {
                break;
            }
        }
        created.sort();
        created.dedup();
        let mut expected = made[1..].to_vec();
        expected.sort();
        ensure!(created == expected, "{created:?} is not {expected:?}");
        Ok(())
    };
    "Blob/copy" "8620 6.3" "from an account that is not there is fromAccountNotFound" => |ask| {
        ask.refused("Blob/copy", json!({"fromAccountId": "nobody", "blobIds": ["x"]}), "fromAccountNotFound")
    };
    "upload" "8620 6.1" "tells id, type and size; another account's is refused" => |ask| {
        let answer = ask.post(&format!("/jmap/upload/{}/", ask.account), "image/png", b"not really")?;
        let told = answer.json()?;
        same(&told, "/accountId", json!(ask.account))?;
        same(&told, "/type", json!("image/png"))?;
        same(&told, "/size", json!(10))?;
        text(&told, "/blobId")?;
        let elsewhere = ask.post("/jmap/upload/nobody/", "image/png", b"x")?;
        ensure!(elsewhere.status == 404 || elsewhere.status == 403, "{}", elsewhere.status);
        Ok(())
    };
    "download" "8620 6.2" "gives the bytes back, under the type and name asked for" => |ask| {
        let blob = ask.upload("application/octet-stream", b"0123456789")?;
        let answer = ask.download(&blob, &[])?;
        ensure!(answer.status == 200 && answer.body == b"0123456789", "{}", answer.status);
        ensure!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
        ensure!(answer.header("content-disposition").contains("a file.txt"), "{}", answer.header("content-disposition"));
        ensure!(answer.header("cache-control").contains("immutable"), "{}", answer.header("cache-control"));
        let nothing = ask.download("nothing", &[])?;
        ensure!(nothing.status == 404, "{}", nothing.status);
        Ok(())
    };
    "download" "9110 14" "a range is a part, one past the end is refused" => |ask| {
        let blob = ask.upload("text/plain", b"0123456789")?;
        for (range, status, body, told) in [("bytes=2-4", 206, &b"234"[..], "bytes 2-4/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"), ("bytes=-2", 206, b"89", "bytes 8-9/10"), ("bytes=10-", 416, b"", "bytes */10"), ("lines=1-2", 200, b"0123456789", "")] {
            let answer = ask.download(&blob, &[("range", range)])?;
            ensure!(answer.status == status && answer.header("content-range") == told, "{range}: {} {}", answer.status, answer.header("content-range"));
            ensure!(status == 416 || answer.body == body, "{range}: other bytes");
        }
        Ok(())
    };
    "EventSource" "8620 7.3" "closes after a state has been told, of the types asked for" => |ask| {
        let url = text(&ask.session()?, "/eventSourceUrl")?;
        let url = ask.local(&url.replace("{types}", "Email,Mailbox").replace("{closeafter}", "state").replace("{ping}", "0"))?;
        let heard = std::thread::scope(|scope| -> anyhow::Result<super::ask::Answer> {
            let listener = scope.spawn(|| ask.get(&url, &[]));
            // Something happens until it is heard.
            for n in 0..20 {
                std::thread::sleep(std::time::Duration::from_millis(500));
                if listener.is_finished() {
                    break;
                }
                ask.letter(&format!("heard {n}"), "", "text")?;
            }
            listener.join().map_err(|_| anyhow::anyhow!("the listener broke"))?
        })?;
        ensure!(heard.header("content-type").starts_with("text/event-stream"), "{}", heard.header("content-type"));
        let body = String::from_utf8(heard.body)?;
        ensure!(body.contains("event: state") && body.contains("id: "), "{body}");
        let data = body.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
        let told: Value = serde_json::from_str(data)?;
        same(&told, "/@type", json!("StateChange"))?;
        let states = at(&told, "/changed").get(&ask.account).cloned().unwrap_or_default();
        let names: Vec<&String> = states.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        ensure!(!names.is_empty() && names.iter().all(|name| ["Email", "Mailbox"].contains(&name.as_str())), "{names:?}");
        let state = ask.call("Email/get", json!({"ids": []}))?["state"].clone();
        ensure!(states.get("Email") == Some(&state) || !names.is_empty(), "another state than Email/get has");
        Ok(())
    };
    "PushSubscription/set" "8620 7.2" "is https, has a device, and waits to be verified; its address and keys are never told" => |ask| {
        let refused = ask.call("PushSubscription/set", json!({"create": {"a": {"deviceClientId": "d", "url": "http://push.invalid/"}, "b": {"url": "https://push.invalid/"}, "c": {"deviceClientId": "d", "url": "https://push.invalid/", "expires": "2001-01-01T00:00:00Z"}}}))?;
        for name in ["a", "b", "c"] {
            same(&refused, &format!("/notCreated/{name}/type"), json!("invalidProperties"))?;
        }
        let made = ask.call("PushSubscription/set", json!({"create": {"p": {"deviceClientId": "d", "url": "https://push.invalid/", "types": ["Email"]}}}))?;
        ensure!(made.get("accountId").is_none() && made.get("newState").is_none(), "{made}");
        let id = text(&made, "/created/p/id")?;
        text(&made, "/created/p/expires")?;
        let got = ask.call("PushSubscription/get", json!({"ids": [id]}))?;
        ensure!(got.get("state").is_none() && at(&got, "/list/0").get("url").is_none(), "{got}");
        same(&got, "/list/0/verificationCode", Value::Null)?;
        ask.refused("PushSubscription/get", json!({"ids": [id], "properties": ["url"]}), "forbidden")?;
        ask.refused("PushSubscription/get", json!({"ids": [id], "properties": ["keys"]}), "forbidden")?;
        let guess = ask.call("PushSubscription/set", json!({"update": {id.clone(): {"verificationCode": "a guess"}}}))?;
        same(&guess, &format!("/notUpdated/{id}/type"), json!("invalidProperties"))?;
        let gone = ask.call("PushSubscription/set", json!({"destroy": [id]}))?;
        ensure!(lists(&gone, "/destroyed", &id), "{gone}");
        Ok(())
    };
};
