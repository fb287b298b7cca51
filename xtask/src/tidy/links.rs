//! Every link in a committed Markdown file leads somewhere.

use super::fault::Fault;
use super::markdown;
use super::tree::Tree;

/// Faults of links to files, folders, lines and headings that are not there. Other sites are not asked.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files().filter(|file| file.ends_with(".md")) {
        for link in markdown::links(&tree.text(file)?.unwrap_or_default()) {
            if let Some(message) = broken(tree, file, &link.target)? {
                faults.push(Fault::new(file, link.line, message));
            }
        }
    }
    Ok(faults)
}

fn broken(tree: &Tree, file: &str, target: &str) -> anyhow::Result<Option<String>> {
    match target.split_once(':') {
        Some(("http" | "https" | "mailto", _)) => return Ok(None),
        Some((scheme, _)) if !scheme.contains(['/', '#', '.']) => {
            return Ok(Some(format!(
                "`{target}`: a link is relative, or https, http or mailto"
            )));
        }
        _ => {}
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let Some(found) = resolve(file, path) else {
        return Ok(Some(format!("`{target}` leads out of the repository")));
    };
    let readme = format!("{found}/README.md");
    let shown = match (tree.has_file(&found), tree.has_folder(&found)) {
        (true, _) => found,
        // Of a folder, GitHub shows the README.
        (false, true) => readme.trim_start_matches('/').to_owned(),
        (false, false) => return Ok(Some(format!("`{target}`: there is no `{found}`"))),
    };
    let Some(anchor) = anchor else { return Ok(None) };
    let text = match tree.has_file(&shown) {
        true => tree.text(&shown)?.unwrap_or_default(),
        false => String::new(),
    };
    let there = match shown.ends_with(".md") {
        true => markdown::anchors(&text).contains(anchor),
        false => has_lines(&text, anchor),
    };
    Ok((!there).then(|| format!("`{target}`: there is no `#{anchor}` in `{shown}`")))
}

/// The file that a path in a link of `file` names, from the root; `None` if it leads out.
pub fn resolve(file: &str, path: &str) -> Option<String> {
    let path = path.replace("%20", " ");
    if path.is_empty() {
        return Some(file.to_owned());
    }
    let mut parts: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => file
            .rsplit_once('/')
            .map_or(Vec::new(), |(folder, _)| folder.split('/').collect()),
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether an anchor such as `L3` or `L3-L7` names lines that there are.
fn has_lines(text: &str, anchor: &str) -> bool {
    let count = text.lines().count();
    let number = |part: &str| part.strip_prefix('L')?.parse::<usize>().ok();
    anchor
        .split('-')
        .all(|part| number(part).is_some_and(|n| (1..=count).contains(&n)))
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn links_that_lead_somewhere_pass() {
        let planted = plant(&[
            (
                "docs/a.md",
                "# Here\n[1](b.md) [2](b.md#deep-down) [3](#here) [4](../x.rs#L2) [5](../docs) [6](/x.rs)\n\
                 [7](https://example.org/#x) [8](mailto:a@example.org) [9](../docs/../docs/b.md) [10](./#top)\n\
                 [11](../x.rs#L1-L2) [12](with%20blank.md) [13](..)\n",
            ),
            ("docs/b.md", "## Deep down\n"),
            ("docs/with blank.md", ""),
            ("docs/README.md", "# Top\n"),
            ("x.rs", "1\n2\n"),
        ]);
        assert_eq!(check(&planted.tree).unwrap(), []);
    }

    #[test]
    fn each_kind_of_broken_link_is_a_fault() {
        for (target, message) in [
            ("c.md", "`c.md`: there is no `docs/c.md`"),
            ("#nowhere", "`#nowhere`: there is no `#nowhere` in `docs/a.md`"),
            ("../x.rs#L3", "`../x.rs#L3`: there is no `#L3` in `x.rs`"),
            ("../x.rs#main", "`../x.rs#main`: there is no `#main` in `x.rs`"),
            ("../../y.md", "`../../y.md` leads out of the repository"),
            ("/docs/B.md", "`/docs/B.md`: there is no `docs/B.md`"),
            (".#top", "`.#top`: there is no `#top` in `docs/README.md`"),
            ("file:x.rs", "`file:x.rs`: a link is relative, or https, http or mailto"),
        ] {
            let text = format!("# Title\n\n[x]({target})\n");
            let planted = plant(&[("docs/a.md", &text), ("x.rs", "1\n2\n")]);
            let faults: Vec<String> = check(&planted.tree).unwrap().iter().map(Fault::to_string).collect();
            assert_eq!(faults, [format!("docs/a.md:3: {message}")]);
        }
    }
}
