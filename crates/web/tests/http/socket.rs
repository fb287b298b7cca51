//! JMAP over WebSocket (RFC 8887), over real sockets.

use crate::connections::Served;
use crate::own::Me;
use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// One that speaks JMAP.
struct Client(WebSocketStream<TcpStream>);

async fn knock(served: &Served, headers: &[(&'static str, &str)]) -> Result<Client, StatusCode> {
    let mut request = "ws://inbox.example/jmap/ws".into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match client_async(request, served.connect().await).await {
        Ok((stream, answer)) => {
            assert_eq!(answer.headers()["sec-websocket-protocol"], "jmap");
            Ok(Client(stream))
        }
        Err(tungstenite::Error::Http(answer)) => Err(answer.status()),
        Err(other) => panic!("{other}"),
    }
}

async fn open(served: &Served, authorization: &str) -> Client {
    let headers = [("authorization", authorization), ("sec-websocket-protocol", "jmap")];
    knock(served, &headers)
        .await
        .unwrap_or_else(|status| panic!("{status}"))
}

impl Client {
    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message, or the code that the socket is closed with.
    async fn heard(&mut self) -> Result<Value, Option<CloseCode>> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.0.next()).await;
            match next.expect("something is said") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    async fn is_silent(&mut self, seconds: u64) {
        let next = tokio::time::timeout(Duration::from_secs(seconds), self.0.next()).await;
        assert!(next.is_err(), "{next:?}");
    }
}

fn request(id: &str, calls: Value) -> Value {
    let using = [
        "urn:ietf:params:jmap:core",
        "urn:ietf:params:jmap:mail",
        "urn:ietf:params:jmap:websocket",
        "urn:privity:jmap:disclosure",
    ];
    json!({"@type": "Request", "id": id, "using": using, "methodCalls": calls})
}

#[tokio::test]
async fn a_partner_gets_over_a_socket_what_it_gets_over_http_each_answer_with_its_entry() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let bearer = format!("Bearer {token}");
    let account = served.site.account(&token).await;
    let session = served
        .site
        .get("/jmap/session", &[("authorization", &bearer)])
        .await
        .json();
    assert_eq!(
        session["capabilities"]["urn:ietf:params:jmap:websocket"],
        json!({"url": "wss://inbox.example/jmap/ws", "supportsPush": true})
    );
    let calls = json!([
        ["Email/query", {"accountId": account}, "q"],
        ["Email/get", {"accountId": account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
            "fetchAllBodyValues": true}, "g"],
        ["Email/set", {"accountId": account}, "s"]
    ]);
    let over_http = served.site.jmap(&token, calls.clone()).await.json();
    let mut client = open(&served, &bearer).await;
    let before = served.site.world.entries().await;
    client.say(&request("R1", calls)).await;
    let mut answer = client.heard().await.unwrap();
    assert_eq!(served.site.world.entries().await, before + 1);
    assert_eq!(answer["disclosureProof"]["index"], json!(before));
    let members = answer.as_object_mut().unwrap();
    assert_eq!(members.remove("@type").unwrap(), "Response");
    assert_eq!(members.remove("requestId").unwrap(), "R1");
    assert_eq!(answer["methodResponses"], over_http["methodResponses"]);
    assert_eq!(answer["sessionState"], over_http["sessionState"]);
    assert!(answer.to_string().contains("msg from ana") && !answer.to_string().contains("msg from ben"));

    // Many at once: each is answered, by its name.
    for n in 0..20 {
        client
            .say(&request(&n.to_string(), json!([["Core/echo", {"n": n}, "e"]])))
            .await;
    }
    let mut names = Vec::new();
    for _ in 0..20 {
        let answer = client.heard().await.unwrap();
        let name = answer["requestId"].as_str().unwrap().to_owned();
        assert_eq!(answer["methodResponses"][0][1]["n"].to_string(), name);
        names.push(name.parse::<u32>().unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, (0..20).collect::<Vec<_>>());
    assert_eq!(
        served.site.world.entries().await,
        before + 1,
        "an echo looks at nothing"
    );
}

#[tokio::test]
async fn a_persons_app_reads_and_writes_over_a_socket_and_is_told_of_changes() {
    let served = Served::new().await;
    let me = Me::of(&served.site, &served.site.world.ana).await;
    let mut client = open(&served, &me.bearer()).await;
    let create = json!([["Mailbox/set", {"accountId": me.account, "create": {"m": {"name": "New"}}}, "0"]]);
    client.say(&request("R1", create.clone())).await;
    let answer = client.heard().await.unwrap();
    assert!(
        answer["methodResponses"][0][1]["created"]["m"]["id"].is_string(),
        "{answer}"
    );

    client
        .say(&json!({"@type": "WebSocketPushEnable", "dataTypes": ["Mailbox"], "pushState": null}))
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    me.call("Mailbox/set", json!({"create": {"m": {"name": "Another"}}}))
        .await;
    let told = client.heard().await.unwrap();
    let state = me.call("Mailbox/get", json!({"ids": []})).await["state"].clone();
    assert_eq!(told["@type"], "StateChange");
    assert_eq!(told["changed"], json!({&me.account: {"Mailbox": state}}));
    let push_state = told["pushState"].as_str().unwrap().to_owned();

    client.say(&json!({"@type": "WebSocketPushDisable"})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    me.call("Mailbox/set", json!({"create": {"m": {"name": "A third"}}}))
        .await;
    client.is_silent(3).await;
    // Who comes back says what it was told last, and hears at once what it has missed.
    client
        .say(&json!({"@type": "WebSocketPushEnable", "dataTypes": null, "pushState": push_state}))
        .await;
    assert_eq!(client.heard().await.unwrap()["@type"], "StateChange");

    let mail = served.site.world.app.mail(served.site.world.ana.account).await.unwrap();
    for token in mail.tokens().await.unwrap() {
        mail.token_revoke(&token.id).await.unwrap();
    }
    client.say(&request("R2", create)).await;
    assert_eq!(client.heard().await, Err(Some(CloseCode::Policy)));
}

#[tokio::test]
async fn a_partner_is_told_over_a_socket_only_of_what_it_sees() {
    let served = Served::new().await;
    let (app, world) = (&served.site.world.app, &served.site.world);
    let token = served.site.connect().await;
    let account = served.site.account(&token).await;
    let mut client = open(&served, &format!("Bearer {token}")).await;
    client
        .say(&json!({"@type": "WebSocketPushEnable", "dataTypes": ["Email", "Identity"]}))
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = world.entries().await;
    app.send(world.ben.account, world.talk, "withheld", "1").await.unwrap();
    client.is_silent(11).await;
    assert_eq!(world.entries().await, before);
    app.send(world.ana.account, world.talk, "hers", "2").await.unwrap();
    let told = client.heard().await.unwrap();
    assert_eq!(world.entries().await, before + 1, "what is told is entered");
    let get = json!([["Email/get", {"accountId": account, "ids": []}, "0"]]);
    let state = served.site.jmap(&token, get).await.json()["methodResponses"][0][1]["state"].clone();
    assert_eq!(
        told,
        json!({"@type": "StateChange", "changed": {&account: {"Email": state}}, "pushState": state})
    );
}

#[tokio::test]
async fn a_socket_whose_grant_is_taken_back_says_nothing_more() {
    let served = Served::new().await;
    let (app, world) = (&served.site.world.app, &served.site.world);
    let token = served.site.connect().await;
    let account = served.site.account(&token).await;
    let mut asking = open(&served, &format!("Bearer {token}")).await;
    let mut listening = open(&served, &format!("Bearer {token}")).await;
    let mut failing = open(&served, &format!("Bearer {token}")).await;
    listening
        .say(&json!({"@type": "WebSocketPushEnable", "dataTypes": null}))
        .await;
    let query = request("R1", json!([["Email/query", {"accountId": account}, "0"]]));
    asking.say(&query).await;
    assert!(asking.heard().await.is_ok());

    let grant = app.grants(world.ana.account).await.unwrap()[0].id;
    app.grant_revoke(world.ana.account, grant).await.unwrap();
    let after = world.entries().await;
    app.send(world.ana.account, world.talk, "too late", "1").await.unwrap();
    asking.say(&query).await;
    failing.say(&json!({"@type": "Nothing"})).await;
    for client in [&mut asking, &mut listening, &mut failing] {
        assert_eq!(client.heard().await, Err(Some(CloseCode::Policy)));
    }
    assert_eq!(world.entries().await, after);
    let bearer = format!("Bearer {token}");
    let again = knock(
        &served,
        &[("authorization", &bearer), ("sec-websocket-protocol", "jmap")],
    )
    .await;
    assert_eq!(again.err(), Some(StatusCode::FORBIDDEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_on_a_socket_never_gets_the_rest_after_the_revocation() {
    let served = Served::new().await;
    let (app, world) = (&served.site.world.app, &served.site.world);
    let token = served.site.connect().await;
    let account = served.site.account(&token).await;
    let mut client = open(&served, &format!("Bearer {token}")).await;
    let again = json!({"resultOf": "e", "name": "Core/echo", "path": "/filler"});
    let mut calls = vec![
        json!(["Email/query", {"accountId": account}, "q"]),
        json!(["Core/echo", {"filler": "x".repeat(800_000)}, "e"]),
    ];
    calls.extend((0..4).map(|_| json!(["Core/echo", {"#filler": again}, "a"])));
    let before = world.entries().await;
    client.say(&request("R1", json!(calls))).await;
    while world.entries().await == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let started = Instant::now();
    let grant = app.grants(world.ana.account).await.unwrap()[0].id;
    app.grant_revoke(world.ana.account, grant).await.unwrap();
    assert!(
        started.elapsed() > Duration::from_secs(4),
        "acknowledged while the answer was being written"
    );
    assert_eq!(client.heard().await, Err(None), "the answer came whole");
}

#[tokio::test]
async fn what_is_no_request_is_refused_by_the_rfcs_errors_and_only_jmap_is_spoken() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let bearer = format!("Bearer {token}");
    let protocol = ("sec-websocket-protocol", "jmap");
    for (headers, status) in [
        (vec![protocol], StatusCode::UNAUTHORIZED),
        (
            vec![("authorization", "Bearer nobody"), protocol],
            StatusCode::UNAUTHORIZED,
        ),
        (vec![("authorization", bearer.as_str())], StatusCode::BAD_REQUEST),
        (
            vec![("authorization", bearer.as_str()), ("sec-websocket-protocol", "mqtt")],
            StatusCode::BAD_REQUEST,
        ),
    ] {
        assert_eq!(knock(&served, &headers).await.err(), Some(status), "{headers:?}");
    }
    // A page of another site cannot use her cookie; one of this site can.
    let (cookie, _) = served.site.sign_in("ana").await;
    let from = |origin: &'static str| [("cookie", cookie.as_str()), protocol, ("origin", origin)];
    let foreign = knock(&served, &from("https://elsewhere.example")).await;
    assert_eq!(foreign.err(), Some(StatusCode::FORBIDDEN));
    assert!(knock(&served, &from("https://inbox.example")).await.is_ok());

    let mut client = open(&served, &bearer).await;
    let too_many: Vec<Value> = (0..17).map(|n| json!(["Core/echo", {}, n.to_string()])).collect();
    let invented = json!({"@type": "Request", "id": "R9", "using": ["urn:invented"], "methodCalls": []});
    for (message, id, kind, limit) in [
        ("{".to_owned(), Value::Null, "notJSON", Value::Null),
        ("[]".to_owned(), Value::Null, "notRequest", Value::Null),
        (
            json!({"@type": "Other", "id": "R1"}).to_string(),
            json!("R1"),
            "notRequest",
            Value::Null,
        ),
        (invented.to_string(), json!("R9"), "unknownCapability", Value::Null),
        (
            request("R2", json!(too_many)).to_string(),
            json!("R2"),
            "limit",
            json!("maxCallsInRequest"),
        ),
        (" ".repeat(1_000_001), Value::Null, "limit", json!("maxSizeRequest")),
    ] {
        client.0.send(Message::text(message)).await.unwrap();
        let error = client.heard().await.unwrap();
        assert_eq!(error["@type"], "RequestError", "{error}");
        assert_eq!(error["requestId"], id, "{error}");
        assert_eq!(error["type"], format!("urn:ietf:params:jmap:error:{kind}"), "{error}");
        assert_eq!(error["limit"], limit, "{error}");
    }
    client.0.send(Message::binary(vec![0])).await.unwrap();
    assert_eq!(client.heard().await, Err(Some(CloseCode::Unsupported)));
    let mut client = open(&served, &bearer).await;
    _ = client.0.send(Message::text(" ".repeat(3_000_000))).await;
    assert!(client.heard().await.is_err(), "longer than any message may be");

    // So many sockets of one grant, and no more.
    let mut open_ones = Vec::new();
    for _ in 0..wire::limits::MAX_EVENT_STREAMS + 2 {
        match knock(&served, &[("authorization", &bearer), protocol]).await {
            Ok(client) => open_ones.push(client),
            Err(status) => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                return assert!(open_ones.len() + 2 >= wire::limits::MAX_EVENT_STREAMS);
            }
        }
    }
    panic!("{} sockets", open_ones.len());
}

#[tokio::test]
async fn a_stop_says_farewell_to_sockets_and_ends_streams_at_once() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let mut client = open(&served, &format!("Bearer {token}")).await;
    let mut stream = served.connect().await;
    let head = format!("GET /jmap/events HTTP/1.1\r\nHost: inbox.example\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let started = Instant::now();
    let farewell = tokio::spawn(async move {
        let farewell = client.heard().await;
        // As a client answers it: by going.
        _ = client.0.close(None).await;
        farewell
    });
    served.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(farewell.await.unwrap(), Err(Some(CloseCode::Away)));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
}
