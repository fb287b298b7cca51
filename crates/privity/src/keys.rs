//! Key files: made once, readable by their owner alone.

use crate::outside::random;
use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tlog::note::SigningKey;

/// The name of the environment variable that can hold the master key instead of a file.
pub const MASTER_KEY_VARIABLE: &str = "PRIVITY_MASTER_KEY";

/// Makes a master key file. Refused if the file exists: overwriting one loses everything it wraps.
pub fn master_make(path: &Path) -> anyhow::Result<()> {
    write_new(path, &(hex::encode(random::<32>()) + "\n"))
}

/// Reads the master key from the file, or from the environment if no file is named.
pub fn master_read(path: Option<&Path>) -> anyhow::Result<SecretString> {
    match path {
        Some(path) => Ok(std::fs::read_to_string(path)
            .with_context(|| format!("the master key file `{}`", path.display()))?
            .into()),
        None => match std::env::var(MASTER_KEY_VARIABLE) {
            Ok(text) => Ok(text.into()),
            Err(_) => bail!("no master key: name a file with --master-key, or set {MASTER_KEY_VARIABLE}"),
        },
    }
}

/// Makes a key for signing agreements and returns its public half.
pub fn agreement_make(name: &str, path: &Path) -> anyhow::Result<String> {
    let key = SigningKey::generate(name, &random())?;
    write_new(path, &format!("{}\n", key.secret_text().as_str()))?;
    Ok(key.verifying_key().to_string())
}

/// Reads a key for signing agreements.
pub fn agreement_read(path: &Path) -> anyhow::Result<SigningKey> {
    let text: SecretString = std::fs::read_to_string(path)
        .with_context(|| format!("the key file `{}`", path.display()))?
        .into();
    text.expose_secret()
        .trim()
        .parse()
        .with_context(|| format!("the key file `{}`", path.display()))
}

pub(crate) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("the new key file `{}`", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
