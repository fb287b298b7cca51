//! Over a real socket: what a slow reader gets, and when it is given up.

use crate::site::{Site, options};
use model::GrantId;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// As small as the kernel allows, so that little of an answer is the kernel's.
const BUFFER: u32 = 4 * 1024;

pub struct Served {
    pub site: Site,
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    pub async fn new() -> Self {
        let site = Site::new().await;
        let socket = TcpSocket::new_v4().unwrap();
        // Accepted connections have it too.
        socket.set_send_buffer_size(BUFFER).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(16).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(web::serve(site.world.app.clone(), options(), listener, async move {
            _ = stopped.await
        }));
        Self {
            site,
            address,
            stop,
            server,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Sends a partner's request for an answer of `kilobytes` and reads the beginning of it.
    async fn begin(&self, token: &str, kilobytes: usize) -> TcpStream {
        let account = self.site.account(token).await;
        let filler = "x".repeat(1000 * kilobytes.min(800));
        let again = json!({"resultOf": "e", "name": "Core/echo", "path": "/filler"});
        let mut calls = vec![
            json!(["Email/query", {"accountId": account}, "q"]),
            json!(["Core/echo", {"filler": filler}, "e"]),
        ];
        calls.extend((1..kilobytes.div_ceil(800)).map(|_| json!(["Core/echo", {"#filler": again}, "a"])));
        let body = json!({"using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"], "methodCalls": calls});
        let body = body.to_string();
        let mut stream = self.connect().await;
        let head = format!(
            "POST /jmap HTTP/1.1\r\nHost: inbox.example\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        stream
    }

    /// Stops, and waits until it has.
    pub async fn stop(self) {
        _ = self.stop.send(());
        self.server.await.unwrap().unwrap();
    }

    async fn grant(&self) -> GrantId {
        let grants = self.site.world.app.grants(self.site.world.ana.account).await.unwrap();
        grants[0].id
    }

    async fn revoke(&self) {
        let grant = self.grant().await;
        let (app, ana) = (&self.site.world.app, self.site.world.ana.account);
        app.grant_revoke(ana, grant).await.unwrap();
    }
}

/// Everything that still comes, whether the connection ends well or not.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    _ = stream.read_to_end(&mut rest).await;
    rest
}

async fn what_a_reader_gets_who_waits_for_the_revocation(kilobytes: usize) -> usize {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let mut stream = served.begin(&token, kilobytes).await;
    let started = Instant::now();
    served.revoke().await;
    assert!(
        started.elapsed() > Duration::from_secs(4),
        "the revocation was acknowledged while most of the answer was still to be written"
    );
    rest(&mut stream).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_dawdles_never_gets_the_rest_of_a_large_answer() {
    let got = what_a_reader_gets_who_waits_for_the_revocation(4_000).await;
    assert!(got < 100_000, "{got} bytes came after the revocation was acknowledged");
}

/// Such an answer fits into what the HTTP library buffers.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_dawdles_never_gets_the_rest_of_a_small_answer() {
    let got = what_a_reader_gets_who_waits_for_the_revocation(300).await;
    assert!(got < 100_000, "{got} bytes came after the revocation was acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_waits_for_a_reader_who_reads() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let mut stream = served.begin(&token, 300).await;
    let reading = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut text = [0; 300_000];
        stream.read_exact(&mut text).await.unwrap();
        stream
    });
    let started = Instant::now();
    served.revoke().await;
    let waited = started.elapsed();
    assert!(
        waited > Duration::from_millis(400) && waited < Duration::from_secs(4),
        "{waited:?}"
    );
    let mut stream = reading.await.unwrap();
    // The connection is as good as before.
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: inbox.example\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&rest(&mut stream).await).contains("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_who_says_nothing_after_an_answer() {
    let served = Served::new().await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: inbox.example\r\n\r\n")
        .await
        .unwrap();
    stream.read_exact(&mut [0; 15]).await.unwrap();
    served.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), served.server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

/// Two limits of 30 seconds, looked at together on a clock that is moved.
#[tokio::test]
async fn who_takes_nothing_and_who_sends_no_head_is_given_up_after_30_seconds() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let mut silent = served.connect().await;
    silent.write_all(b"GET / HTTP/1.1\r\nHost: inb").await.unwrap();
    let mut stalled = served.begin(&token, 4_000).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    tokio::time::pause();
    for _ in 0..70 {
        tokio::time::advance(Duration::from_millis(500)).await;
        // Lets the connections' tasks run.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    tokio::time::resume();
    let ends = async { (rest(&mut silent).await.len(), rest(&mut stalled).await.len()) };
    let (_, got) = tokio::time::timeout(Duration::from_secs(5), ends).await.unwrap();
    assert!(got < 2_000_000, "{got}");
}

#[tokio::test]
async fn a_stop_waits_30_seconds_and_no_longer_for_who_takes_nothing() {
    let served = Served::new().await;
    let token = served.site.connect().await;
    let _stalled = served.begin(&token, 4_000).await;
    served.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!served.server.is_finished());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    tokio::time::timeout(Duration::from_secs(5), served.server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
