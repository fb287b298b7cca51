//! Apache Cassandra's jars, from Maven Central by the Maven client.

use super::say;
use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The release that is tested against.
const VERSION: &str = "5.0.8";

/// The folder with the jars; fetches them if they are not there. Fails with the name of a missing tool.
pub fn fetch(folder: &Path) -> anyhow::Result<PathBuf> {
    need("java", "-version", "Apache Cassandra 5.0 runs on Java 11 or 17")?;
    let jars = folder.join("lib");
    let stamp = folder.join("lib.version");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION) {
        return Ok(jars);
    }
    need("mvn", "-version", "the Maven client fetches Apache Cassandra's jars")?;
    say(&format!("fetching Apache Cassandra {VERSION} with Maven"))?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("pom.xml"), pom())?;
    let fetched = Command::new("mvn")
        .args(["-q", "-B", "dependency:copy-dependencies"])
        .args(["-DoutputDirectory=lib", "-DincludeScope=runtime"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    if !fetched.status.success() {
        bail!("`mvn` failed: {}", String::from_utf8_lossy(&fetched.stdout).trim());
    }
    agent(&jars)?;
    std::fs::write(stamp, VERSION)?;
    Ok(jars)
}

/// The jar that measures objects for Cassandra; it is also loaded as an agent.
pub fn agent(jars: &Path) -> anyhow::Result<PathBuf> {
    for entry in std::fs::read_dir(jars)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("jamm-") {
            return Ok(path);
        }
    }
    bail!("`{}` lacks a jar: remove it and try again", jars.display())
}

/// Fails with a sentence if a tool does not run.
fn need(tool: &str, asked: &str, why: &str) -> anyhow::Result<()> {
    let answer = Command::new(tool)
        .arg(asked)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{tool}` is not on this machine; {why}"))?;
    ensure!(answer.status.success(), "`{tool} {asked}` fails; {why}");
    Ok(())
}

/// A project that has nothing but the one dependency.
fn pom() -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion>\n\
         <groupId>privity</groupId><artifactId>cassandra</artifactId><version>1</version><packaging>pom</packaging>\n\
         <dependencies><dependency>\n\
         <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>{VERSION}</version>\n\
         </dependency></dependencies></project>\n"
    )
}
