//! Which files of the export hold messages, and of which thread.

/// Where a message file belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thread {
    /// The thread's own name: its folder's, or, without a folder, its file's.
    pub name: String,
    /// It was moved to end-to-end encryption.
    pub cut_over: bool,
    /// Without a thread folder: of the end-to-end export, or no message file at all; its keys decide.
    pub flat: bool,
}

/// Reads a path. All that counts are the last three parts, `inbox/annasmith_a1b2c3/message_1.json`: what stands before
/// has changed with each generation of the export, and so have the names of the boxes.
pub(crate) fn of(path: &str) -> Option<Thread> {
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty() && *part != ".");
    let stem = parts.next()?.strip_suffix(".json")?;
    let folder = parts.next();
    let number = stem.strip_prefix("message_").unwrap_or_default();
    let is_message_file = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    match (folder, is_message_file) {
        (Some(folder), true) => Some(Thread {
            name: folder.to_owned(),
            cut_over: parts.next() == Some("e2ee_cutover"),
            flat: false,
        }),
        // The end-to-end export has its files at the top, or in one folder.
        _ if parts.next().is_none() => Some(Thread {
            name: stem.to_owned(),
            cut_over: false,
            flat: true,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_generation_of_the_tree_is_recognised() {
        for root in [
            "",
            "facebook-anna/",
            "./your_activity_across_facebook/",
            "x/your_facebook_activity/",
        ] {
            for inbox in ["inbox", "archived_threads", "filtered_threads", "message_requests"] {
                let thread = of(&format!("{root}messages/{inbox}/ben_1a/message_12.json")).unwrap();
                assert_eq!(
                    (thread.name.as_str(), thread.cut_over, thread.flat),
                    ("ben_1a", false, false)
                );
            }
            assert!(
                of(&format!("{root}messages/e2ee_cutover/ben_1a/message_1.json"))
                    .unwrap()
                    .cut_over
            );
        }
        assert!(of("Anna Smith_12.json").unwrap().flat);
        assert!(of("messages/Anna Smith_12.json").unwrap().flat);
        for other in [
            "messages/inbox/ben_1a/photos/1.jpg",
            "messages/inbox/ben_1a/message_1.html",
            "messages/inbox/ben_1a/message_x.json",
            "a/b/friends.json",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
