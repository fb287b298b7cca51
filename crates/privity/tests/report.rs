//! A partner's command line, from a key to a checked report and its revision.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use app::{App, MasterKey, Partner};
use marquee::SigningKey;
use model::{Agreement, Clock, Time};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::MemoryStore;
use tokio::net::TcpListener;

const AS_OF: &str = "2026-11-16T00:00:00Z";

fn privity(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_privity"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8(said).unwrap())
}

fn agreement(key: &str) -> String {
    let party = |name: &str, key: &str| serde_json::json!({ "name": name, "key": key, "breach_contact": "b", "data_protection_officer": "d" });
    serde_json::json!({
        "id": "films", "version": 1, "why": "Films.", "partner_id": "marquee",
        "platform": party("Inbox", "k"), "partner": party("Marquee", key),
        "purposes": ["recommendations"], "actions": ["send"], "fields": ["mentions"], "retention_days": 30,
        "starts": "2026-11-02T00:00:00Z", "ends": "2027-11-02T00:00:00Z",
        "ceilings": { "people_per_day": 1, "people_per_30_days": 1, "requests_per_second": 1,
            "messages_per_person_per_day": 1, "new_grants_per_day": 1 },
        "report": { "period_days": 14, "grace_days": 3, "consequence": "No answers.",
            "dimensions": { "interface": ["tv"], "initiation_surface": ["search"], "variant": ["a"] } },
    })
    .to_string()
}

#[test]
fn a_partner_builds_checks_and_revises_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let run = |arguments: &[&str]| privity(folder, arguments);
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let (made, key) = run(&["key", "agreement", "marquee.example/agreements", "key"]);
    assert!(made, "{key}");
    put("agreement.json", &agreement(key.trim()));
    put(
        "events.csv",
        "at,event,recommendation,person,interface,initiation_surface,variant,recipient_kind\n\
         2026-11-03T10:00:00Z,send,r1,ana,tv,search,a,platform\n\
         2026-11-03T10:05:00Z,click,r1,ben,tv,search,a,platform\n",
    );
    put(
        "why.json",
        r#"[{"measure": "clicks", "reason": "A day of our log was lost."}]"#,
    );

    let about = ["--agreement", "agreement.json", "--as-of", AS_OF];
    let build = |out, more: &[&str]| {
        let rest = ["report", "build", "events.csv", "--key", "key", "--out", out];
        run(&[&rest, &about[..], more].concat())
    };
    let check = |zip, more: &[&str]| run(&[&["report", "check", zip], &about[..], more].concat());

    let (built, said) = build("1.zip", &[]);
    assert!(
        built && said.contains("The report of period 1 (2026-11-02 to 2026-11-15)"),
        "{said}"
    );
    let (right, said) = check("1.zip", &[]);
    assert!(right && said.contains("revision 1, 1 sends, 1 clicks"), "{said}");
    assert!(!build("1.zip", &[]).0, "nothing is overwritten");

    let (built, said) = build("2.zip", &["--replaces", "1.zip", "--explanations", "why.json"]);
    assert!(built, "{said}");
    let (right, said) = check("2.zip", &["--replaces", "1.zip"]);
    assert!(right && said.contains("revision 2"), "{said}");
    let (right, said) = check("2.zip", &[]);
    assert!(
        !right && said.contains("manifest.note:5:revision: revision: "),
        "{said}"
    );
    let (right, said) = check("2.zip", &["--json"]);
    let json: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let rule = json.pointer("/faults/0/rule").and_then(serde_json::Value::as_str);
    assert_eq!((right, rule), (false, Some("revision")));

    let (built, said) = build("early.zip", &["--period", "2"]);
    assert!(
        !built && said.contains("period 2 (2026-11-16 to 2026-11-29) is not over"),
        "{said}"
    );
    let (_, said) = run(&[
        "report",
        "calendar",
        "--agreement",
        "agreement.json",
        "--ical",
        "inbox.example",
    ]);
    assert!(
        said.starts_with("BEGIN:VCALENDAR\r\n") && said.ends_with("END:VCALENDAR\r\n"),
        "{said}"
    );
}

/// The platform's: it starts two weeks before, so that a period is over by now, which is when the partner files.
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> Time {
        privity::outside::now().plus_days(self.0.load(Ordering::SeqCst))
    }
}

struct Nowhere;

impl web::Post for Nowhere {
    fn post(&self, _: &str, _: &[(&'static str, String)], _: Vec<u8>, _: std::time::Duration) -> Result<(), String> {
        Ok(())
    }
}

/// A platform with `films@1` by the partner whose agreement key is in the folder; its address and its ledger's key.
async fn platform(folder: &Path, client_key: &SigningKey) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(Shifted(AtomicI64::new(-15)));
    let mut outside = privity::outside::real();
    outside.clock = clock.clone();
    let master = MasterKey::from_hex(&"11".repeat(32).into()).unwrap();
    let store = Arc::new(MemoryStore::new());
    let app = App::open(issuer.clone(), store, None, master, outside).await.unwrap();
    let key = privity::keys::agreement_read(&folder.join("key")).unwrap();
    let public = key.verifying_key().to_string();
    let partner: Partner = serde_json::from_value(json!({
        "id": "marquee", "name": "Marquee", "website": "https://marquee.example", "agreement_key": public,
        "clients": { "marquee-web": { "redirect_uris": ["https://marquee.example/back"], "jwks": client_key.public_jwks() } },
    }))
    .unwrap();
    app.partner_put(partner).await.unwrap();
    let mut agreement = Agreement::parse(&agreement(&public)).unwrap();
    agreement.platform.key = app.agreement_verifying_key();
    (agreement.starts, agreement.ends) = (app.now(), app.now().plus_days(300));
    let text = App::agreement_text(&agreement).unwrap();
    let signed = app.agreement_sign(&tlog::note::sign(&text, &[&key]).unwrap()).unwrap();
    app.agreement_publish(&signed).await.unwrap();
    std::fs::write(folder.join("films.signed"), signed).unwrap();
    clock.0.store(0, Ordering::SeqCst);
    let ledger = app.log_key().to_string();
    let options = web::Options {
        platform: "Inbox".into(),
        sign_in_hint: None,
        trusted_proxies: vec![],
        post: Arc::new(Nowhere),
    };
    tokio::spawn(web::serve(app, options, listener, std::future::pending()));
    (issuer, ledger)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_files_a_report_and_keeps_a_receipt_that_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let client_key = SigningKey::generate().unwrap();
    std::fs::write(folder.join("client.pem"), client_key.to_pem()).unwrap();
    assert!(privity(folder, &["key", "agreement", "marquee.example/agreements", "key"]).0);
    let (issuer, ledger) = platform(folder, &client_key).await;
    let header = "at,event,recommendation,person,interface,initiation_surface,variant,recipient_kind\n";
    std::fs::write(folder.join("events.csv"), header).unwrap();
    let build = [
        "report",
        "build",
        "events.csv",
        "--agreement",
        "films.signed",
        "--period",
        "1",
        "--key",
        "key",
    ];
    let (built, said) = privity(folder, &[&build[..], &["--out", "1.zip"]].concat());
    assert!(built, "{said}");

    let to = [
        "--platform",
        &issuer,
        "--client",
        "marquee-web",
        "--client-key",
        "client.pem",
    ];
    let file = |more: &[&str]| {
        let what = ["report", "file", "1.zip", "--agreement", "films.signed"];
        privity(folder, &[&what, &to[..], more].concat())
    };
    let (filed, said) = file(&["--ledger-key", &ledger]);
    assert!(filed && said.contains("revision 1, is entry 1 of the ledger"), "{said}");
    assert!(
        said.contains("no counts of its own") && !said.contains("It is accepted"),
        "{said}"
    );
    let receipt = std::fs::read_to_string(folder.join("1.tlog-proof")).unwrap();
    assert!(receipt.starts_with("c2sp.org/tlog-proof@v1\n"), "{receipt}");
    let (again, said) = file(&[]);
    assert!(again && said.contains("is entry 1 of the ledger"), "{said}");

    // A receipt of another log is no receipt, and is not kept.
    let other = tlog::note::SigningKey::generate("inbox.example/ledger", &[3; 32]).unwrap();
    let other = other.verifying_key().to_string();
    let (filed, said) = file(&["--ledger-key", &other, "--receipt", "other.tlog-proof"]);
    assert!(!filed && said.contains("the platform's receipt"), "{said}");
    assert!(!folder.join("other.tlog-proof").exists());

    let (filed, said) = file(&["--period", "2"]);
    assert!(!filed && said.contains("manifest.note:3:period: period: "), "{said}");
}
