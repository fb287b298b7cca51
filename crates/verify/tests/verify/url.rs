//! A log behind HTTP.

use crate::log::{Log, entries, run_with};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use verify::{FILE_LIMIT, Source, SourceError, Url};

/// Serves a log's files; a path in `failures` answers with that status so many times before.
struct Server {
    url: String,
    requests: Arc<AtomicU32>,
    failures: Arc<Mutex<HashMap<String, (u16, u32)>>>,
}

impl Server {
    fn new(log: &Log) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ledger/", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicU32::new(0));
        let failures = Arc::new(Mutex::new(HashMap::<String, (u16, u32)>::new()));
        let (folder, count, failing) = (log.folder.clone(), Arc::clone(&requests), Arc::clone(&failures));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(line)) = head.next() else { continue };
                while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                count.fetch_add(1, Ordering::Relaxed);
                let path = line
                    .split(' ')
                    .nth(1)
                    .unwrap()
                    .strip_prefix("/ledger/")
                    .unwrap_or("none")
                    .to_owned();
                let mut failing = failing.lock().unwrap();
                let (status, body) = match failing.get_mut(&path) {
                    Some((status, times)) if *times > 0 => {
                        *times -= 1;
                        (*status, Vec::new())
                    }
                    _ => std::fs::read(folder.join(path)).map_or((404, Vec::new()), |bytes| (200, bytes)),
                };
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                // A client that reads no further is its own business.
                _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        Self {
            url,
            requests,
            failures,
        }
    }

    fn fail(&self, path: &str, status: u16, times: u32) {
        self.failures.lock().unwrap().insert(path.to_owned(), (status, times));
    }
}

#[test]
fn a_log_behind_a_url_is_checked_as_one_in_a_folder() {
    let log = Log::new();
    log.write(&entries(300));
    let server = Server::new(&log);
    let run = |command: &str| run_with(&log.key, &[command, &server.url]);
    for command in ["fsck", "checkpoint", "agreement"] {
        assert_eq!(run(command), log.run(&[command, "SOURCE"]), "{command}");
    }
    log.put("tile/0/000", &[0; 8192]);
    let (exit, out) = run("fsck");
    assert_eq!((exit, out.contains("wrong: tile/0/000: index 0")), (1, true), "{out}");
    log.remove("tile/0/000");
    let (exit, out) = run("fsck");
    assert_eq!(
        (exit, out.contains("wrong: tile/0/000: the file is missing")),
        (1, true),
        "{out}"
    );
}

#[test]
fn what_fails_on_the_way_is_tried_again_and_then_told() {
    let log = Log::new();
    log.write(&entries(10));
    let server = Server::new(&log);
    server.fail("tile/0/000.p/10", 503, 2);
    let (exit, out) = run_with(&log.key, &["fsck", &server.url]);
    assert_eq!(exit, 0, "{out}");
    assert_eq!(server.requests.load(Ordering::Relaxed), 3 + 2);
    server.fail("tile/0/000.p/10", 500, 99);
    let (exit, out) = run_with(&log.key, &["fsck", &server.url]);
    assert_eq!(
        (
            exit,
            out.contains("could not be read") && out.contains("tile/0/000.p/10")
        ),
        (3, true),
        "{out}"
    );
    // What the server refuses is not asked for again.
    let before = server.requests.load(Ordering::Relaxed);
    server.fail("checkpoint", 403, 99);
    assert_eq!(run_with(&log.key, &["checkpoint", &server.url]).0, 3);
    assert_eq!(server.requests.load(Ordering::Relaxed), before + 1);
    // Nobody listens there.
    assert_eq!(run_with(&log.key, &["checkpoint", "http://127.0.0.1:1/"]).0, 3);
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let log = Log::new();
    log.write(&entries(1));
    log.put("long", &vec![0; FILE_LIMIT + 1]);
    let server = Server::new(&log);
    let too_long = Err(SourceError::TooLong("long".to_owned()));
    assert_eq!(Url::new(&server.url).get("long"), too_long);
    assert_eq!(verify::Folder(log.folder.clone()).get("long"), too_long);
    assert_eq!(
        Url::new(&server.url).get("none"),
        Err(SourceError::Missing("none".to_owned()))
    );
}
