//! The other end of a connection: sends a message, and reads the answer or what was wrong.

use aggregate::{Error, decode, encode};
use std::time::Duration;
use ureq::Agent;

/// All of one request. A job of 256 large reports takes a few seconds.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes of an answer at most.
const ANSWER: u64 = 64 << 20;

/// An aggregator somewhere else.
pub struct Far {
    agent: Agent,
    url: String,
    token: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FarFault {
    /// It was understood, and refused.
    #[error("{0}")]
    Refused(String),
    /// It was not there, or is busy, or its answer was lost: whether it did what it was asked is not known.
    #[error("no answer from `{0}`: {1}")]
    Silent(String, String),
    /// Its answer cannot be read.
    #[error(transparent)]
    Answer(#[from] Error),
}

impl Far {
    /// By its address; with a token that it knows.
    pub fn new(url: &str, token: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            url: url.trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// Sends a message to a path. Blocks.
    pub fn ask<A, B>(&self, path: &str, message: &A) -> Result<B, FarFault>
    where
        A: minicbor::Encode<()>,
        B: for<'b> minicbor::Decode<'b, ()>,
    {
        let silent = |e: ureq::Error| FarFault::Silent(self.url.clone(), e.to_string());
        let sent = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/cbor")
            .send(encode(message));
        let mut answer = sent.map_err(silent)?;
        let status = answer.status();
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER)
            .read_to_vec()
            .map_err(silent)?;
        if status.is_success() {
            return Ok(decode(&body)?);
        }
        let said: Option<String> = serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|problem| problem.get("detail")?.as_str().map(str::to_owned));
        let said = said.unwrap_or_else(|| status.to_string());
        match status.is_client_error() {
            true => Err(FarFault::Refused(said)),
            false => Err(FarFault::Silent(self.url.clone(), said)),
        }
    }
}
