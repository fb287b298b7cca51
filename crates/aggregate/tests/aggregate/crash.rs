//! Whatever is cut off, each report counts once.

use crate::made::{World, after, open_helper, open_leader, reports, task, terms};
use aggregate::{Report, decode, encode};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn cut_off_between_any_two_steps_each_report_counts_once() {
    for cut in 0..6 {
        let World {
            folder,
            task,
            mut leader,
            mut helper,
        } = World::of(terms());
        let reports = reports(&task, 20);
        leader.accept(&reports[..10], after()).unwrap();
        // Six places to be cut off at: each step is done up to that one.
        if cut > 0 {
            let request = leader.next_job().unwrap().unwrap();
            if cut > 1 {
                let answer = helper.job(&request, after()).unwrap();
                if cut > 2 {
                    leader.job_done(&answer).unwrap();
                }
            }
        }
        if cut > 3 {
            leader.accept(&reports[10..], after()).unwrap();
        }
        if cut > 4 {
            let request = leader.next_job().unwrap().unwrap();
            helper.job(&request, after()).unwrap();
        }
        drop((leader, helper));
        let mut world = World {
            leader: open_leader(folder.path(), vec![task.clone()], 3).unwrap(),
            helper: open_helper(folder.path(), vec![task.clone()], 4).unwrap(),
            folder,
            task,
        };
        // The client does not know what came through, and sends all of it again.
        world.leader.accept(&reports, after()).unwrap();
        world.work();
        world.holds_the_truth(20);
    }
}

#[test]
fn reports_that_came_in_while_a_job_was_cut_off_do_not_change_it() {
    let mut world = World::of(terms());
    let reports = reports(&world.task, 30);
    world.leader.accept(&reports[..10], after()).unwrap();
    let before = world.leader.next_job().unwrap().unwrap();
    world.helper.job(&before, after()).unwrap();
    world.leader.accept(&reports[10..], after()).unwrap();
    assert_eq!(world.leader.next_job().unwrap().unwrap(), before);
    world.work();
    world.holds_the_truth(30);
}

const FOLDER: &str = "AGGREGATE_TEST_FOLDER";
const PEOPLE: usize = 120;

/// Not a test of its own: the process that is killed. Takes in ten reports at a time, and has them checked.
#[test]
#[ignore = "the process that `killed_at_any_moment_each_report_counts_once` starts and kills"]
fn the_process_that_is_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by the test that kills it"));
    let reports: Vec<Report> = decode(&std::fs::read(folder.join("reports")).unwrap()).unwrap();
    let task = task();
    let mut leader = open_leader(&folder, vec![task.clone()], 21).unwrap();
    let mut helper = open_helper(&folder, vec![task], 22).unwrap();
    for some in reports.chunks(10) {
        leader.accept(some, after()).unwrap();
        while let Some(request) = leader.next_job().unwrap() {
            let answer = helper.job(&request, after()).unwrap();
            leader.job_done(&answer).unwrap();
        }
    }
    std::fs::write(folder.join("done"), b"").unwrap();
}

/// Whether it came to its end before it was killed.
fn run(folder: &Path, before: Option<Duration>) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_is_killed", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    if let Some(before) = before {
        std::thread::sleep(before);
        // SIGKILL: nothing of the process runs any more.
        child.kill().unwrap();
    }
    child.wait().unwrap();
    folder.join("done").exists()
}

#[test]
fn killed_at_any_moment_each_report_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let task = task();
    std::fs::write(folder.path().join("reports"), encode(&reports(&task, PEOPLE))).unwrap();
    let mut kills = 0;
    for n in 0..24_u64 {
        if run(folder.path(), Some(Duration::from_millis(40 + n * 11))) {
            break;
        }
        kills += 1;
    }
    assert!(kills > 0, "it was never killed in the middle");
    assert!(run(folder.path(), None));
    let mut world = World {
        leader: open_leader(folder.path(), vec![task.clone()], 31).unwrap(),
        helper: open_helper(folder.path(), vec![task.clone()], 32).unwrap(),
        folder,
        task,
    };
    assert_eq!(world.leader.next_job().unwrap(), None);
    world.holds_the_truth(PEOPLE);
}
