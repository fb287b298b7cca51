//! A partner's command line, from a key to a checked report and its revision.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::Command;

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
