//! `PushSubscription/get` and `/set` of a person's own apps.

use super::{Arguments, Outcome, Own};
use crate::jmap::subscription::{Keep, Subscribing};

impl<'app> Own<'app> {
    pub(super) async fn push_get(&mut self, arguments: Arguments) -> Outcome {
        let result = self.subscribing().get(arguments).await?;
        Ok(result.map(|result| vec![("PushSubscription/get", result)]))
    }

    pub(super) async fn push_set(&mut self, arguments: Arguments) -> Outcome {
        let result = self.subscribing().set(arguments).await?;
        Ok(result.map(|result| vec![("PushSubscription/set", result)]))
    }

    fn subscribing(&mut self) -> Subscribing<'_, 'app> {
        Subscribing {
            web: self.web,
            keep: Keep::Own(&self.mail),
            created: &mut self.created,
        }
    }
}
