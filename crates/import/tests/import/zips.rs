//! Zip files, honest and hostile.

use crate::kept::*;
use import::facebook::Facebook;
use import::{ImportError, Limits};
use std::io::Write;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const FILE: &str = "messages/inbox/ben_1/message_1.json";

fn hello(name: &str) -> String {
    thread(&[name, ANA], &[says(name, T, &format!("hello from {name}"))])
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(
            *name,
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
        )
        .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn write(dir: &tempfile::TempDir, bytes: &[u8]) -> std::path::PathBuf {
    let path = dir.path().join("export.zip");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn open(path: &Path, limits: Limits) -> Result<Facebook, ImportError> {
    Facebook::open(path, me(), limits)
}

#[test]
fn a_zip_file_gives_the_same_as_its_folder() {
    let files = [
        (FILE, hello("Ben")),
        ("messages/archived_threads/carla_1/message_1.json", hello("Carla")),
        ("messages/inbox/ben_1/photos/1.jpg", "not a photo".to_owned()),
    ];
    let as_text: Vec<(&str, &str)> = files.iter().map(|(p, c)| (*p, c.as_str())).collect();
    let as_bytes: Vec<(&str, &[u8])> = files.iter().map(|(p, c)| (*p, c.as_bytes())).collect();
    let (from_folder, in_folder) = import(folder(&as_text).path());
    let dir = tempfile::tempdir().unwrap();
    let (from_zip, in_zip) = import(&write(&dir, &zipped(&as_bytes)));
    assert_eq!(from_folder, from_zip);
    assert_eq!(in_folder, in_zip);
    assert_eq!(from_zip.messages.len(), 2);
    // And again as a stream, reading each file twice.
    let mut streamed = Kept::default();
    let limits = Limits {
        whole_bytes: 0,
        ..Limits::default()
    };
    import_with(&dir.path().join("export.zip"), limits, &mut streamed).unwrap();
    assert_eq!(streamed, from_zip);
}

#[test]
fn names_that_lead_elsewhere_are_left_out_and_counted() {
    let evil = hello("Evil");
    let good = hello("Ben");
    let mut files: Vec<(&str, &[u8])> = vec![(FILE, good.as_bytes())];
    let names = [
        "../messages/inbox/evil_1/message_1.json",
        "messages/inbox/../../../evil_1/message_1.json",
        "/messages/inbox/evil_1/message_1.json",
        "C:/messages/inbox/evil_1/message_1.json",
        "messages\\..\\inbox/evil_1/message_1.json",
        "messages/inbox/evil\0_1/message_1.json",
    ];
    files.extend(names.iter().map(|name| (*name, evil.as_bytes())));
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = zipped(&files);
    // A link, which the writer makes by its own way.
    let mut zip = ZipWriter::new_append(std::io::Cursor::new(bytes)).unwrap();
    zip.add_symlink(
        "messages/inbox/link_1/message_1.json",
        "/etc/passwd",
        SimpleFileOptions::default(),
    )
    .unwrap();
    bytes = zip.finish().unwrap().into_inner();
    let (kept, summary) = import(&write(&dir, &bytes));
    assert_eq!(kept.texts(), ["hello from Ben"]);
    assert_eq!(summary.unreadable_total, names.len() as u64 + 1, "{summary}");
    let reasons: Vec<&str> = summary.unreadable.iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "a name that leads out of the export",
            "a name that leads out of the export",
            "a name that starts at the root",
            "a name that starts at the root",
            "a name with a backslash in it",
            "a name with NUL in it",
            "a symbolic link",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_a_folder_is_not_followed() {
    let outside = folder(&[("message_1.json", &hello("Evil"))]);
    let dir = folder(&[(FILE, &hello("Ben"))]);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("messages/inbox/evil_1")).unwrap();
    let (kept, summary) = import(dir.path());
    assert_eq!(kept.texts(), ["hello from Ben"]);
    assert_eq!(summary.unreadable[0].reason, "a symbolic link");
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut bomb = b"{\"messages\": [".to_vec();
    bomb.resize(64 << 20, b' ');
    let good = hello("Ben");
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("messages/inbox/bomb_1/message_1.json", bomb.as_slice()),
        (FILE, good.as_bytes()),
    ];
    let path = write(&dir, &zipped(&files));
    assert!(std::fs::metadata(&path).unwrap().len() < 200_000);
    let (kept, summary) = import(&path);
    assert_eq!(kept.texts(), ["hello from Ben"]);
    assert_eq!(
        summary.unreadable[0].reason,
        "packed tighter than the limit of 200 to 1"
    );
    // Many such files are too much together, before any is opened.
    let limits = Limits {
        total_bytes: 32 << 20,
        ..Limits::default()
    };
    let error = open(&path, limits).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("the export is over the limit of {} bytes of files to read", 32 << 20)
    );
}

#[test]
fn a_file_that_is_longer_than_it_says_is_cut() {
    let mut large = hello("Ben");
    large.push_str(&" ".repeat(3 << 20));
    let mut bytes = zipped(&[(FILE, large.as_bytes())]);
    // The unpacked size stands at offset 22 of the local header and 24 of the central one (APPNOTE 4.3.7, 4.3.12).
    let lie = 1_000_u32.to_le_bytes();
    let central = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[central + 24..central + 28].copy_from_slice(&lie);
    bytes[22..26].copy_from_slice(&lie);
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir, &bytes);
    for whole_bytes in [0, 16 << 20] {
        let limits = Limits {
            whole_bytes,
            ..Limits::default()
        };
        let mut kept = Kept::default();
        let summary = import_with(&path, limits, &mut kept).unwrap();
        assert_eq!(summary.unreadable_total, 1, "{summary}");
    }
}

#[test]
fn a_damaged_file_costs_itself() {
    let mut noise = hello("Carla");
    noise.push_str(&(0..20_000).map(|n| format!(" {}", n * n % 977)).collect::<String>());
    let good = hello("Ben");
    let mut bytes = zipped(&[
        ("messages/inbox/carla_1/message_1.json", noise.as_bytes()),
        (FILE, good.as_bytes()),
    ]);
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 64] {
        *byte ^= 0x5a;
    }
    let dir = tempfile::tempdir().unwrap();
    let (kept, summary) = import(&write(&dir, &bytes));
    assert!(kept.texts().contains(&"hello from Ben"));
    assert_eq!((summary.unreadable_total, kept.done.len()), (1, 1));
}

#[test]
fn a_cut_zip_file_is_an_error_that_says_so() {
    let good = hello("Ben");
    let bytes = zipped(&[(FILE, good.as_bytes())]);
    let dir = tempfile::tempdir().unwrap();
    for end in [0, 1, bytes.len() / 2, bytes.len() - 30, bytes.len() - 1] {
        let error = open(&write(&dir, &bytes[..end]), Limits::default()).err().unwrap();
        assert!(matches!(error, ImportError::Zip { .. }), "{end}: {error}");
    }
    let error = open(&write(&dir, b"<html>not found</html>"), Limits::default())
        .err()
        .unwrap();
    assert!(error.to_string().contains("is not a whole zip file"), "{error}");
}

#[test]
fn a_list_of_too_many_files_is_not_loaded() {
    let names: Vec<String> = (0..5_000).map(|n| format!("photos/{n}.jpg")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir, &zipped(&files));
    let few = Limits {
        files: 4_999,
        ..Limits::default()
    };
    let error = open(&path, few).err().unwrap();
    assert_eq!(error.to_string(), "the export is over the limit of 4999 files");
    let short = Limits {
        listing_bytes: 100_000,
        ..Limits::default()
    };
    let error = open(&path, short).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the export is over the limit of 100000 bytes of a zip file's list of files"
    );
}
