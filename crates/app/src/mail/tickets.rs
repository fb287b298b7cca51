//! Tickets to a stream of events: what a browser's `EventSource`, which can send no header, carries in the address instead of
//! the token itself. Good for that and nothing else, for an hour or two, and only as long as the token they stand for.

use super::Mail;
use super::tokens::TokenBody;
use crate::accounts::hash_of;
use crate::{App, Error};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::AccountId;
use store::Read;

/// How often a new one is made, in milliseconds: an hour. Each is good in the hour it was made in and in the next.
const HOUR: i64 = 3_600_000;
/// Account, hash of the token, hour, seal.
const LENGTH: usize = 16 + 32 + 8 + 16;

/// Bytes of a ticket, apart.
struct Ticket {
    account: AccountId,
    token: [u8; 32],
    hour: i64,
    seal: [u8; 16],
}

impl Ticket {
    fn read(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (account, rest) = bytes.split_first_chunk()?;
        let (token, rest) = rest.split_first_chunk()?;
        let (hour, rest) = rest.split_first_chunk()?;
        let (seal, _) = rest.split_first_chunk()?;
        Some(Self {
            account: AccountId(*account),
            token: *token,
            hour: i64::from_be_bytes(*hour),
            seal: *seal,
        })
    }
}

impl Mail<'_> {
    fn ticket_seal(&self, token: [u8; 32], hour: i64) -> [u8; 16] {
        self.derived_id(&["ticket to events", &hex::encode(token), &hour.to_string()])
    }
}

impl App {
    /// Which hour it is: a new ticket is made in each.
    pub fn ticket_hour(&self) -> i64 {
        self.clock.now().0.div_euclid(HOUR)
    }

    /// A ticket for the app that has this token, which must be one that works. The same all through the hour.
    pub async fn events_ticket(&self, owner: AccountId, secret: &str) -> Result<String, Error> {
        let (token, hour) = (hash_of("app token", secret), self.ticket_hour());
        let seal = self.mail(owner).await?.ticket_seal(token, hour);
        let bytes = [&owner.0[..], &token[..], &hour.to_be_bytes()[..], &seal[..]].concat();
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whose ticket this is; `None` if it is none, or too old, or its token is revoked.
    pub async fn events_ticket_owner(&self, text: &str) -> Result<Option<AccountId>, Error> {
        let Some(ticket) = Ticket::read(text) else {
            return Ok(None);
        };
        if !(0..=1).contains(&self.ticket_hour().saturating_sub(ticket.hour)) {
            return Ok(None);
        }
        let mail = match self.mail(ticket.account).await {
            Ok(mail) => mail,
            Err(Error::NotFound) => return Ok(None),
            Err(other) => return Err(other),
        };
        let seal = mail.ticket_seal(ticket.token, ticket.hour);
        let differs = seal.iter().zip(ticket.seal).fold(0, |all, (a, b)| all | (a ^ b));
        if differs != 0 {
            return Ok(None);
        }
        let Some(row) = self.store.token_get(ticket.token, Read::Acknowledged).await? else {
            return Ok(None);
        };
        let body: TokenBody = crate::json_body(&row.body)?;
        let works = body.account == ticket.account && row.expires_at > self.clock.now().0;
        Ok(works.then_some(ticket.account))
    }
}
