//! Telling a partner that its view has moved: where it stands now, and nothing else.
//!
//! What is told goes through the door like any answer: under a permit, and entered before it leaves. A look that finds
//! nothing new tells nothing and makes no entry.

use crate::foresight::Named;
use crate::release::Released;
use crate::{App, Denied, Error};
use model::{AccountId, Action, Field, GrantId};

/// A partner that waits for its view to move.
#[derive(Debug)]
pub struct Watch {
    whose: Whose,
    known: String,
    exact: bool,
}

#[derive(Debug)]
enum Whose {
    Token(String),
    Subscription(AccountId, GrantId),
}

/// A view has moved.
pub struct Moved {
    /// The state it has now.
    pub state: String,
    /// What is told of it.
    pub released: Released,
}

impl Watch {
    /// The state that the partner is taken to know.
    pub fn known(&self) -> &str {
        &self.known
    }

    /// Whether the partner may know when messages were sent, and so when something comes.
    pub const fn is_exact(&self) -> bool {
        self.exact
    }
}

impl App {
    /// Watches the view of who shows this token: from the state that it knows, or from now on.
    pub async fn watch(&self, token: &str, known: Option<&str>) -> Result<Watch, Error> {
        self.watch_from(Whose::Token(token.to_owned()), known).await
    }

    /// Watches the view of who has asked, under this grant, to be told.
    pub async fn watch_subscribed(
        &self,
        account: AccountId,
        grant: GrantId,
        known: Option<&str>,
    ) -> Result<Watch, Error> {
        self.watch_from(Whose::Subscription(account, grant), known).await
    }

    async fn watch_from(&self, whose: Whose, known: Option<&str>) -> Result<Watch, Error> {
        let mut inside = self
            .door_enter(self.begin_named(self.watcher(&whose).await?).await?, &[Action::Read])
            .await?;
        let exact = inside.view.fields().contains(Field::Envelope);
        let known = match known {
            Some(known) => known.to_owned(),
            // Kept here to be compared with, and not told.
            None => inside.view.state().await?,
        };
        Ok(Watch { whose, known, exact })
    }

    async fn watcher(&self, whose: &Whose) -> Result<Named, Error> {
        match whose {
            Whose::Token(token) => self.token_presented(token).await,
            Whose::Subscription(account, grant) => Ok(Named {
                account: *account,
                grant: *grant,
            }),
        }
    }

    /// Whether who watches may still look at all.
    pub async fn watch_stands(&self, watch: &Watch) -> Result<(), Error> {
        let named = self.watcher(&watch.whose).await?;
        let (grant, _) = self.grant_read(named.grant).await?.ok_or(Denied::Token)?;
        self.grant_answers(&grant, &[Action::Read])
    }

    /// Looks whether the view has moved, and if so, has `write` say so from the account's id and the new state.
    pub async fn watch_look<F>(&self, watch: &mut Watch, request_id: String, write: F) -> Result<Option<Moved>, Error>
    where
        F: FnOnce(&str, &str) -> Vec<u8> + Send,
    {
        let mut inside = self
            .door_enter(
                self.begin_named(self.watcher(&watch.whose).await?).await?,
                &[Action::Read],
            )
            .await?;
        let state = inside.view.state().await?;
        if state == watch.known {
            return Ok(None);
        }
        self.ceilings
            .request(&self.ceilings_of(&inside.grant)?, &inside.grant, inside.now)?;
        let body = write(&inside.view.account(), &state);
        let coming = self.sequencer.coming();
        let released = self.door_leave(inside, body, coming, request_id).await?;
        watch.known.clone_from(&state);
        Ok(Some(Moved { state, released }))
    }
}
