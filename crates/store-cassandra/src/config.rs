//! Where the cluster is.

use scylla::client::session_builder::SessionBuilder;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use store::StoreError;

/// Characters of a keyspace's name, as Cassandra allows.
const KEYSPACE: usize = 48;

/// Where the cluster is, and what of it is ours.
#[derive(Debug, Clone)]
pub struct Config {
    /// Some of its nodes, as `host` or `host:port` (9042 if none is given). The others are found.
    pub hosts: Vec<String>,
    /// The keyspace: a lower-case letter, then up to 47 letters, digits and `_`.
    pub keyspace: String,
    /// The data centre this process stands in. `None`: that of the node that answers first.
    pub datacenter: Option<String>,
    /// Copies of each row in that data centre, when `migrate` creates the keyspace.
    pub copies: u8,
    /// Who we are to the cluster, if it asks.
    pub login: Option<Login>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A name and a password for the cluster.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl Config {
    /// Three copies, no login, 12 seconds for a request: longer than the nodes' own time-outs, so that it is they who say
    /// what timed out.
    pub fn new(hosts: Vec<String>, keyspace: &str) -> Self {
        Self {
            hosts,
            keyspace: keyspace.to_owned(),
            datacenter: None,
            copies: 3,
            login: None,
            timeout: Duration::from_secs(12),
        }
    }

    /// `Rejected` if it cannot be right.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let name = &self.keyspace;
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        let of_it = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !starts || name.len() > KEYSPACE || !name.chars().all(of_it) {
            return Err(StoreError::Rejected(format!(
                "`{name}` is no keyspace: a lower-case letter, then up to 47 letters, digits and `_`"
            )));
        }
        if self.copies == 0 {
            return Err(StoreError::Rejected("a row has at least one copy".to_owned()));
        }
        match self.hosts.is_empty() {
            true => Err(StoreError::Rejected("no host of the cluster is named".to_owned())),
            false => Ok(()),
        }
    }

    /// A builder that knows the hosts and the login.
    pub(crate) fn builder(&self) -> SessionBuilder {
        let builder = SessionBuilder::new().known_nodes(&self.hosts);
        match &self.login {
            Some(Login { user, password }) => builder.user(user, password.expose_secret()),
            None => builder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyspace_is_a_plain_lower_case_name() {
        let check = |name: &str| Config::new(vec!["h".to_owned()], name).check();
        for good in ["p", "privity", "privity_2", &"p".repeat(48)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "Privity", "2p", "_p", "p;", "p\"", "p p", "é", &"p".repeat(49)] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(Config::new(vec![], "p").check().is_err());
    }

    #[test]
    fn a_password_is_not_printed() {
        let login = Login {
            user: "u".to_owned(),
            password: "hunter2".into(),
        };
        let config = Config {
            login: Some(login),
            ..Config::new(vec![], "p")
        };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
