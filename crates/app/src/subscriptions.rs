//! Where partners want to be told that their view of an inbox has moved.
//!
//! Kept on the person's shelf, so that it goes when she does; each under the grant that it was asked for under. A partner
//! sees and changes its own alone, and nothing else of the shelf.

use crate::mail::{Mail, Object, ObjectKind};
use crate::{App, Error};
use model::{AccountId, Grant, GrantId, Time};
use serde_json::Value;
use store::Id;

/// The member that names the grant.
const GRANT: &str = "grant";

/// What a partner has asked for under one grant.
pub struct Subscriptions<'app> {
    mail: Mail<'app>,
    grant: GrantId,
}

impl App {
    /// The subscriptions under a grant.
    pub async fn subscriptions(&self, grant: &Grant) -> Result<Subscriptions<'_>, Error> {
        Ok(Subscriptions {
            mail: self.mail(grant.account).await?,
            grant: grant.id,
        })
    }

    /// All subscriptions of partners to a person's inbox, by the grants they are under.
    pub async fn subscriptions_of(&self, account: AccountId) -> Result<Vec<(GrantId, Id, Object)>, Error> {
        let all = self.mail(account).await?.objects(ObjectKind::PartnerPush).await?;
        let of_grant = |(id, object): (Id, Object)| {
            let grant = object.get(GRANT).and_then(Value::as_str)?.parse().ok()?;
            Some((grant, id, object))
        };
        Ok(all.into_iter().filter_map(of_grant).collect())
    }

    /// Writes a subscription if it is still as it was, or with `None` removes it; whether it was.
    pub async fn subscription_replace(
        &self,
        account: AccountId,
        id: Id,
        before: &Object,
        after: Option<&Object>,
    ) -> Result<bool, Error> {
        let mail = self.mail(account).await?;
        match after {
            Some(after) => mail.object_replace(ObjectKind::PartnerPush, id, before, after).await,
            None => mail.object_put(ObjectKind::PartnerPush, id, None).await.map(|()| true),
        }
    }
}

impl Subscriptions<'_> {
    fn is_own(&self, object: &Object) -> bool {
        object.get(GRANT).and_then(Value::as_str) == Some(self.grant.to_string().as_str())
    }

    /// All under this grant.
    pub async fn list(&self) -> Result<Vec<(Id, Object)>, Error> {
        let mut all = self.mail.objects(ObjectKind::PartnerPush).await?;
        all.retain(|(_, object)| self.is_own(object));
        Ok(all)
    }

    /// One.
    pub async fn get(&self, id: Id) -> Result<Option<Object>, Error> {
        let object = self.mail.object(ObjectKind::PartnerPush, id).await?;
        Ok(object.filter(|object| self.is_own(object)))
    }

    /// Writes one, or with `None` removes it.
    pub async fn put(&self, id: Id, object: Option<&Object>) -> Result<(), Error> {
        if self
            .mail
            .object(ObjectKind::PartnerPush, id)
            .await?
            .is_some_and(|o| !self.is_own(&o))
        {
            return Err(Error::NotFound);
        }
        let object = object.map(|object| {
            let mut object = object.clone();
            object.insert(GRANT.to_owned(), Value::from(self.grant.to_string()));
            object
        });
        self.mail
            .object_put(ObjectKind::PartnerPush, id, object.as_ref())
            .await?;
        match object {
            Some(_) => self.mail.push_listed().await,
            None => Ok(()),
        }
    }

    /// 16 random bytes.
    pub fn new_id(&self) -> Id {
        self.mail.new_id()
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.mail.now()
    }
}
