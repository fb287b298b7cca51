//! The two processes of the private mode, from keys to counts, with kill -9 on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Running(Child);

impl Drop for Running {
    /// SIGKILL: nothing of it is left to tidy up.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

struct Place<'a>(&'a Path);

impl Place<'_> {
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let run = Command::new(env!("CARGO_BIN_EXE_privity"))
            .args(arguments)
            .current_dir(self.0)
            .output()
            .unwrap();
        let said = [run.stdout, run.stderr].concat();
        (run.status.success(), String::from_utf8(said).unwrap().trim().to_owned())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (done, said) = self.run(arguments);
        assert!(done, "{arguments:?}: {said}");
        said
    }

    fn start(&self, role: &str, port: u16, more: &[&str]) -> Running {
        let listen = format!("127.0.0.1:{port}");
        let key = format!("{role}.key");
        let common = [
            "--data",
            role,
            "--key",
            &key,
            "--secret",
            "shared",
            "--task",
            "task.toml",
        ];
        let child = Command::new(env!("CARGO_BIN_EXE_privity"))
            .args(["aggregator", role])
            .args(common)
            .args(["--listen", &listen])
            .args(more)
            .current_dir(self.0)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let running = Running(child);
        let from = Instant::now();
        while std::net::TcpStream::connect(&listen).is_err() {
            assert!(from.elapsed() < Duration::from_secs(60), "the {role} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        running
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn agreement() -> String {
    let party = |name: &str| serde_json::json!({ "name": name, "key": "k", "breach_contact": "b", "data_protection_officer": "d" });
    serde_json::json!({
        "id": "films", "version": 1, "why": "Films.", "partner_id": "marquee",
        "platform": party("Inbox"), "partner": party("Marquee"),
        "purposes": ["recommendations"], "actions": ["send"], "fields": ["mentions"], "retention_days": 30,
        "starts": "2026-11-02T00:00:00Z", "ends": "2027-11-02T00:00:00Z",
        "ceilings": { "people_per_day": 1, "people_per_30_days": 1, "requests_per_second": 1,
            "messages_per_person_per_day": 1, "new_grants_per_day": 1 },
        "report": { "period_days": 2, "grace_days": 3, "consequence": "No answers.",
            "dimensions": { "interface": ["tv"], "initiation_surface": ["search"], "variant": ["a"] } },
    })
    .to_string()
}

/// Thirty people send once each, the first of them nine times more; ten click.
fn events() -> String {
    let mut csv = String::from("at,event,recommendation,person,interface,initiation_surface,variant,recipient_kind\n");
    for n in 0..30 {
        writeln!(
            csv,
            "2026-11-02T10:{n:02}:00Z,send,r{n},person {n},tv,search,a,platform"
        )
        .unwrap();
    }
    for n in 0..9 {
        writeln!(csv, "2026-11-03T10:00:00Z,send,x{n},person 0,tv,search,a,platform").unwrap();
    }
    for n in 0..10 {
        writeln!(
            csv,
            "2026-11-03T11:{n:02}:00Z,click,r{n},reader {n},tv,search,a,platform"
        )
        .unwrap();
    }
    csv
}

/// The numbers of the rows of one day and kind.
fn row(csv: &str, starts: &str) -> [i64; 2] {
    let line = csv.lines().find(|line| line.starts_with(starts)).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    [cells[5].parse().unwrap(), cells[6].parse().unwrap()]
}

#[test]
fn two_processes_count_what_neither_sees_and_kill_9_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = Place(folder.path());
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("agreement.json", &agreement());
    put("events.csv", &events());
    let everyone: Vec<String> = (0..30)
        .map(|n| format!("person {n}"))
        .chain(["idle".to_owned()])
        .collect();
    put("people", &everyone.join("\n"));
    let key = |name: &str| here.done(&["aggregator", "key", name]);
    let (leader_key, helper_key, collector_key) = (key("leader.key"), key("helper.key"), key("collector.key"));
    here.done(&["aggregator", "secret", "shared"]);
    here.done(&["aggregator", "secret", "ids"]);
    let token = |name: &str| here.done(&["aggregator", "token", name]);
    let (upload, collect_token) = (token("upload"), token("collect"));
    // A large budget, so that the noise is small: sigma √2 · 8 / √10.
    let said = here.done(&[
        "aggregator",
        "task",
        "--agreement",
        "agreement.json",
        "--least-reports",
        "35",
        "--rho-millionths",
        "10000000",
        "--late-days",
        "92",
        "--leader-key",
        &leader_key,
        "--helper-key",
        &helper_key,
        "--collector-key",
        &collector_key,
        "--upload-token",
        &upload,
        "--collect-token",
        &collect_token,
        "--out",
        "task.toml",
    ]);
    assert!(said.contains("noise of sigma 3.58"), "{said}");

    let (leader_port, helper_port) = (free_port(), free_port());
    let (leader_url, helper_url) = (
        format!("http://127.0.0.1:{leader_port}"),
        format!("http://127.0.0.1:{helper_port}"),
    );
    let contribute = |token: &str, more: &[&str]| {
        let rest = [
            "aggregator",
            "contribute",
            "events.csv",
            "--task",
            "task.toml",
            "--period",
            "1",
            "--secret",
            "ids",
            "--token",
            token,
            "--leader",
            &leader_url,
            "--as-of",
            "2026-11-05T00:00:00Z",
        ];
        here.run(&[&rest, more].concat())
    };
    let collect = |token: &str, key: &str, number: &str, rho: &str| {
        here.run(&[
            "aggregator",
            "collect",
            "--task",
            "task.toml",
            "--period",
            "1",
            "--number",
            number,
            "--rho-millionths",
            rho,
            "--key",
            key,
            "--token",
            token,
            "--leader",
            &leader_url,
            "--out",
            "-",
        ])
    };

    // The helper is not there yet: reports are taken in all the same, and survive the leader.
    let leader = here.start("leader", leader_port, &["--helper", &helper_url]);
    let (done, said) = contribute("collect", &[]);
    assert!(!done && said.contains("the token is not the one for this"), "{said}");
    let (done, said) = contribute("upload", &["--people", "people"]);
    assert!(
        done && said.contains("41 reports sent; 0 had been sent before. 2 acts of 1 people were over the cap of 8"),
        "{said}"
    );
    drop(leader);
    let leader = here.start("leader", leader_port, &["--helper", &helper_url]);
    let (done, said) = contribute("upload", &["--people", "people"]);
    assert!(
        done && said.contains("0 reports sent; 41 had been sent before."),
        "{said}"
    );
    let helper = here.start("helper", helper_port, &[]);
    let (done, said) = here.run(&[
        "aggregator",
        "helper",
        "--data",
        "helper",
        "--key",
        "helper.key",
        "--secret",
        "shared",
        "--task",
        "task.toml",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert!(!done && said.contains("another process has the data folder"), "{said}");

    // Not everyone may ask, and not before it is checked.
    let (done, said) = collect("upload", "collector.key", "1", "4000000");
    assert!(!done && said.contains("the token is not the one for this"), "{said}");
    let (done, said) = collect("collect", "collector.key", "1", "10000001");
    assert!(
        !done && (said.contains("does not have 10000001 left") || said.contains("fewer than 35")),
        "{said}"
    );
    let from = Instant::now();
    let first = loop {
        let (done, said) = collect("collect", "collector.key", "1", "4000000");
        if done {
            break said;
        }
        assert!(
            said.contains("fewer than 35") && from.elapsed() < Duration::from_secs(60),
            "{said}"
        );
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(first.lines().count(), 1 + 2 * 2);
    // Sigma 5.66: six of them is 34; 30 people sent on the first day and 10 clicked on the second.
    let near = |found: i64, truth: i64| (found - truth).abs() < 34;
    let [sends, _] = row(&first, "2026-11-02,tv,search,a,platform");
    let [_, clicks] = row(&first, "2026-11-03,tv,search,a,platform");
    assert!(near(sends, 30) && near(clicks, 10), "{first}");
    assert!(
        first
            .lines()
            .skip(1)
            .all(|line| line.ends_with(",5.659") || line.ends_with(",5.657")),
        "{first}"
    );

    // Killed, both; asked again, the same numbers.
    drop((leader, helper));
    let _helper = here.start("helper", helper_port, &[]);
    let _leader = here.start("leader", leader_port, &["--helper", &helper_url]);
    assert_eq!(collect("collect", "collector.key", "1", "4000000"), (true, first));
    let (done, said) = collect("collect", "collector.key", "1", "5000000");
    assert!(!done && said.contains("asked for with other terms before"), "{said}");
    let (done, said) = collect("collect", "collector.key", "2", "6000001");
    assert!(
        !done && said.contains("does not have 6000001 left, but 6000000"),
        "{said}"
    );
    let (done, said) = collect("collect", "leader.key", "1", "4000000");
    assert!(!done && said.contains("not the task's key of the collector"), "{said}");
}
