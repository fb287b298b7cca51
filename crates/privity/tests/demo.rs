//! The demonstration's script, as the README shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::process::Command;

const README: &str = include_str!("../../../README.md");

#[test]
fn the_readme_shows_what_the_script_prints() {
    let run = Command::new(env!("CARGO_BIN_EXE_privity"))
        .args(["demo", "--script"])
        .output()
        .unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{printed}\n{complaints}");
    let command = "$ cargo run --release -- demo --script\n";
    let shown = README
        .split_once(command)
        .and_then(|(_, after)| after.split_once("```"))
        .map(|(transcript, _)| transcript)
        .expect("the README has the transcript");
    assert_eq!(printed, shown, "the README's transcript is not what the script prints");
}
