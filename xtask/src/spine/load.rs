//! A load over HTTP that costs the machine as little as possible: plain sockets, one request's bytes over and over.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What came of a load.
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
    /// The server's CPU milliseconds for one answer.
    pub cpu: f64,
    /// Ledger commits (each one disk sync) for one answer.
    pub syncs: f64,
    /// Bytes of an answer.
    pub bytes: usize,
}

/// Sends `request` over `connections` connections for a while.
pub fn run(address: &str, request: &[u8], connections: usize, seconds: u64, pid: u32) -> anyhow::Result<Measured> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let (cpu_before, started) = (cpu_ms(pid)?, Instant::now());
    let (mut times, mut commits, mut bytes) = (Vec::new(), HashSet::new(), 0);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..connections)
            .map(|_| scope.spawn(move || one_connection(address, request, deadline)))
            .collect();
        for worker in workers {
            let (t, c, b) = worker.join().ok().context("a connection broke off")??;
            times.extend(t);
            commits.extend(c);
            bytes = bytes.max(b);
        }
        Ok(())
    })?;
    let (elapsed, cpu) = (started.elapsed().as_secs_f64(), cpu_ms(pid)? - cpu_before);
    ensure!(!times.is_empty(), "no answer at all");
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share) as usize).min(times.len() - 1);
        times.get(index).map_or(0.0, |t| t.as_secs_f64() * 1_000.0)
    };
    let answers = times.len() as f64;
    Ok(Measured {
        rate: answers / elapsed,
        p50: at(0.5),
        p99: at(0.99),
        cpu: cpu / answers,
        syncs: commits.len() as f64 / answers,
        bytes,
    })
}

type Seen = (Vec<Duration>, HashSet<u64>, usize);

fn one_connection(address: &str, request: &[u8], deadline: Instant) -> anyhow::Result<Seen> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut times, mut commits, mut size) = (Vec::new(), HashSet::new(), 0);
    let mut buffer = Vec::new();
    while Instant::now() < deadline {
        let started = Instant::now();
        stream.write_all(request)?;
        let body = read_answer(&mut stream, &mut buffer)?;
        times.push(started.elapsed());
        size = body.len();
        commits.extend(checkpoint_size(body));
    }
    Ok((times, commits, size))
}

fn read_answer<'a>(stream: &mut TcpStream, buffer: &'a mut Vec<u8>) -> anyhow::Result<&'a [u8]> {
    buffer.clear();
    let mut chunk = [0u8; 65_536];
    loop {
        let n = stream.read(&mut chunk)?;
        ensure!(n > 0, "the server closed the connection");
        buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let Some(head) = find(buffer, b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?.to_ascii_lowercase();
        ensure!(
            text.starts_with("http/1.1 200"),
            "answered {}",
            text.lines().next().unwrap_or_default()
        );
        let length: usize = text
            .split("content-length:")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next())
            .context("no content-length")?
            .trim()
            .parse()?;
        while buffer.len() < head + 4 + length {
            let n = stream.read(&mut chunk)?;
            ensure!(n > 0, "the server closed the connection");
            buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
        }
        return buffer.get(head + 4..head + 4 + length).context("a short answer");
    }
}

/// The size of the checkpoint at the end of a disclosing answer. Answers of one commit share it.
fn checkpoint_size(body: &[u8]) -> Option<u64> {
    let tail = body.get(body.len().saturating_sub(600)..)?;
    let at = find(tail, b"\"checkpoint\":\"")?;
    let text = std::str::from_utf8(tail.get(at..)?).ok()?;
    text.split("\\n").nth(1)?.parse().ok()
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// User and system time of a process (proc_pid_stat(5), fields 14 and 15; 100 ticks a second on Linux).
fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = stat.rsplit_once(')').context("proc stat")?.1;
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse::<u64>().ok())
        .sum();
    Ok(ticks as f64 * 10.0)
}

/// Resident memory of a process in megabytes, now and at its highest.
pub fn memory_mb(pid: u32) -> anyhow::Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> anyhow::Result<f64> {
        let line = status.lines().find(|l| l.starts_with(name)).context("proc status")?;
        let kb: f64 = line.split_whitespace().nth(1).context("proc status")?.parse()?;
        Ok(kb / 1024.0)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// A JMAP request, as it goes over the wire; `who` is the header that says who asks.
pub fn request(host: &str, who: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let mut text = String::new();
    // Writing to a string cannot fail.
    _ = write!(
        text,
        "POST /jmap HTTP/1.1\r\nHost: {host}\r\n{who}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into_bytes()
}
