//! Who is here: in memory, by a cookie that says nothing.

use crate::Shelf;
use crate::client::{Started, Token};
use crate::outside;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

const COOKIE: &str = "marquee";
const MAX_VISITORS: usize = 10_000;
const MAX_AGE: i64 = 86_400;

/// What a visitor is doing.
#[derive(Debug, Clone, Default)]
pub enum Stage {
    /// Looking around.
    #[default]
    Browsing,
    /// Away at the platform, to answer our request.
    Asking(Started),
    /// Connected.
    Connected(Connected),
}

/// A connected inbox, and all we keep of it.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The permission.
    pub token: Arc<Token>,
    /// What was read; `None` if the platform has not answered yet.
    pub shelf: Option<Arc<Shelf>>,
}

/// What to tell a visitor once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// She said no.
    Declined,
    /// The platform refused: her permission is gone.
    TakenBack,
    /// The token's time is over.
    RanOut,
    /// She disconnected here.
    Disconnected,
    /// She disconnected here, and the platform could not be told.
    DisconnectedUntold,
    /// The platform does not answer.
    Busy,
    /// The answer was not to our question, or broke the protocol.
    Broken,
}

struct Visitor {
    stage: Stage,
    notice: Option<Notice>,
    seen: i64,
}

/// All visitors, at most 10,000, each for at most a day. The one not seen for longest makes room.
#[derive(Default)]
pub struct Visitors {
    by_name: HashMap<[u8; 32], Visitor>,
}

/// A visitor's name: the hash of the cookie, so that memory holds nothing that opens a session.
pub type Name = [u8; 32];

impl Visitors {
    /// Lets someone in at a stage; the cookie's text is for the browser only.
    pub fn enter(&mut self, stage: Stage, notice: Option<Notice>, now: i64) -> String {
        self.by_name.retain(|_, v| now.saturating_sub(v.seen) < MAX_AGE);
        if self.by_name.len() >= MAX_VISITORS {
            let oldest = self.by_name.iter().min_by_key(|(_, v)| v.seen).map(|(name, _)| *name);
            oldest.and_then(|name| self.by_name.remove(&name));
        }
        let secret = outside::random_text();
        self.by_name.insert(
            name_of(&secret),
            Visitor {
                stage,
                notice,
                seen: now,
            },
        );
        secret
    }

    /// The stage of a visitor, if we know her.
    pub fn stage(&mut self, name: &Name, now: i64) -> Option<Stage> {
        let visitor = self.by_name.get_mut(name)?;
        if now.saturating_sub(visitor.seen) >= MAX_AGE {
            self.by_name.remove(name);
            return None;
        }
        visitor.seen = now;
        Some(visitor.stage.clone())
    }

    /// What to tell her, once.
    pub fn notice(&mut self, name: &Name) -> Option<Notice> {
        self.by_name.get_mut(name)?.notice.take()
    }

    /// Tells a visitor something.
    pub fn tell(&mut self, name: &Name, notice: Notice) {
        if let Some(visitor) = self.by_name.get_mut(name) {
            visitor.notice = Some(notice);
        }
    }

    /// Takes her out, with everything we have of her.
    pub fn leave(&mut self, name: &Name) -> Option<Stage> {
        self.by_name.remove(name).map(|v| v.stage)
    }

    /// Drops what we have of a connected inbox, if it is still the same permission.
    pub fn forget(&mut self, name: &Name, token: &Arc<Token>, notice: Notice) {
        if let Some(visitor) = self.by_name.get_mut(name)
            && visitor.stage.is_connected_by(token)
        {
            visitor.stage = Stage::Browsing;
            visitor.notice = Some(notice);
        }
    }

    /// Puts what was read on the shelf, if it is still the same permission.
    pub fn fill(&mut self, name: &Name, token: &Arc<Token>, shelf: Shelf) {
        if let Some(visitor) = self.by_name.get_mut(name)
            && visitor.stage.is_connected_by(token)
        {
            visitor.stage = Stage::Connected(Connected {
                token: Arc::clone(token),
                shelf: Some(Arc::new(shelf)),
            });
        }
    }
}

impl Stage {
    fn is_connected_by(&self, token: &Arc<Token>) -> bool {
        matches!(self, Self::Connected(connected) if Arc::ptr_eq(&connected.token, token))
    }
}

/// The visitor a browser says it is.
pub fn name_in(headers: &HeaderMap) -> Option<Name> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, value)| *name == COOKIE && value.len() == 43)
        .map(|(_, value)| name_of(value))
}

/// The header that gives a browser its cookie. `Lax`, since the answer comes back as a navigation from the platform.
pub fn cookie(secret: &str, own_url: &str) -> String {
    let secure = if own_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={MAX_AGE}{secure}")
}

fn name_of(secret: &str) -> Name {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(line).unwrap());
        headers
    }

    fn connected() -> (Stage, Arc<Token>) {
        let token = Arc::new(Token {
            access_token: "t".to_owned().into(),
            expires_at: 0,
            authorization_details: vec![],
            grant_id: None,
        });
        (
            Stage::Connected(Connected {
                token: Arc::clone(&token),
                shelf: None,
            }),
            token,
        )
    }

    #[test]
    fn a_cookie_leads_to_its_visitor_and_no_other_does() {
        let mut visitors = Visitors::default();
        let secret = visitors.enter(Stage::Browsing, Some(Notice::Busy), 0);
        let name = name_in(&headers(&format!("other=1; marquee={secret}"))).unwrap();
        assert!(matches!(visitors.stage(&name, 1), Some(Stage::Browsing)));
        assert_eq!(visitors.notice(&name), Some(Notice::Busy));
        assert_eq!(visitors.notice(&name), None, "told once");
        let stranger = name_in(&headers(&format!("marquee={}", outside::random_text()))).unwrap();
        assert!(visitors.stage(&stranger, 1).is_none());
        assert!(name_in(&headers("marquee=short")).is_none());
        assert!(name_in(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_visitor_is_forgotten_after_a_day() {
        let mut visitors = Visitors::default();
        let name = name_of(&visitors.enter(Stage::Browsing, None, 0));
        assert!(visitors.stage(&name, MAX_AGE - 1).is_some());
        assert!(visitors.stage(&name, 2 * MAX_AGE).is_none());
    }

    #[test]
    fn the_house_has_a_size_and_the_longest_unseen_makes_room() {
        let mut visitors = Visitors::default();
        let first = name_of(&visitors.enter(Stage::Browsing, None, 1));
        let second = name_of(&visitors.enter(Stage::Browsing, None, 2));
        for _ in 2..=MAX_VISITORS {
            visitors.enter(Stage::Browsing, None, 3);
        }
        assert_eq!(visitors.by_name.len(), MAX_VISITORS);
        assert!(visitors.stage(&first, 3).is_none());
        assert!(visitors.stage(&second, 3).is_some());
    }

    #[test]
    fn what_was_read_under_a_permission_goes_with_it() {
        let mut visitors = Visitors::default();
        let (stage, token) = connected();
        let name = name_of(&visitors.enter(stage, None, 0));
        visitors.fill(&name, &token, Shelf::default());
        let Some(Stage::Connected(Connected { shelf: Some(_), .. })) = visitors.stage(&name, 0) else {
            panic!()
        };
        let (_, other) = connected();
        visitors.forget(&name, &other, Notice::TakenBack);
        assert!(
            matches!(visitors.stage(&name, 0), Some(Stage::Connected(_))),
            "another permission's end changes nothing"
        );
        visitors.forget(&name, &token, Notice::TakenBack);
        assert!(matches!(visitors.stage(&name, 0), Some(Stage::Browsing)));
        // A reading that was on its way when the permission ended is not kept.
        visitors.fill(&name, &token, Shelf::default());
        assert!(matches!(visitors.stage(&name, 0), Some(Stage::Browsing)));
    }
}
