//! `authorization_details` (RFC 9396) between wire and model.

use app::App;
use model::{Action, AgreementRef, Conversations, Field, FieldSet, Grant, Purpose, Terms};
use wire::oauth::{self, AuthorizationDetail, ErrorCode, OAuthError};

/// What is asked for. Exactly one element: a grant has one purpose, under one agreement.
pub fn asked(mut details: Vec<AuthorizationDetail>) -> Result<(AgreementRef, Terms), OAuthError> {
    let invalid = |why: String| OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why);
    let one = details.pop().filter(|_| details.is_empty());
    let detail = one.ok_or_else(|| invalid("ask for one purpose at a time: one element".into()))?;
    if detail.conversations != oauth::Conversations::All {
        // A partner cannot know a conversation before it is let in; the person picks.
        return Err(invalid("`conversations` is not `all`: the person picks them".into()));
    }
    let agreement = detail
        .agreement
        .parse()
        .map_err(|e: model::InvalidId| invalid(e.to_string()))?;
    let terms = Terms {
        purpose: match detail.purpose {
            oauth::Purpose::Recommendations => Purpose::Recommendations,
            oauth::Purpose::Messaging => Purpose::Messaging,
            oauth::Purpose::Ranking => Purpose::Ranking,
            oauth::Purpose::Advertising => Purpose::Advertising,
            oauth::Purpose::Portability => Purpose::Portability,
        },
        actions: detail.actions.iter().map(|a| action_of(*a)).collect(),
        fields: FieldSet::of(&detail.fields.iter().map(|f| field_of(*f)).collect::<Vec<_>>()),
        conversations: Conversations::All,
        until: detail.until.parse().map_err(invalid)?,
    };
    Ok((agreement, terms))
}

/// What was granted, often less than asked (RFC 9396 section 7).
pub fn granted(app: &App, grant: &Grant) -> AuthorizationDetail {
    AuthorizationDetail {
        agreement: grant.agreement.to_string(),
        purpose: match grant.terms.purpose {
            Purpose::Recommendations => oauth::Purpose::Recommendations,
            Purpose::Messaging => oauth::Purpose::Messaging,
            Purpose::Ranking => oauth::Purpose::Ranking,
            Purpose::Advertising => oauth::Purpose::Advertising,
            Purpose::Portability => oauth::Purpose::Portability,
        },
        actions: grant
            .terms
            .actions
            .iter()
            .map(|a| match a {
                Action::Read => oauth::Action::Read,
                Action::Send => oauth::Action::Send,
                Action::Delete => oauth::Action::Delete,
            })
            .collect(),
        fields: grant
            .terms
            .fields
            .iter()
            .map(|f| match f {
                Field::Ranking => oauth::Field::Ranking,
                Field::Mentions => oauth::Field::Mentions,
                Field::Envelope => oauth::Field::Envelope,
                Field::Text => oauth::Field::Text,
            })
            .collect(),
        conversations: match app.conversations_shown(grant) {
            None => oauth::Conversations::All,
            Some(ids) => oauth::Conversations::Only(ids),
        },
        until: grant.terms.until.to_string(),
    }
}

fn action_of(action: oauth::Action) -> Action {
    match action {
        oauth::Action::Read => Action::Read,
        oauth::Action::Send => Action::Send,
        oauth::Action::Delete => Action::Delete,
    }
}

fn field_of(field: oauth::Field) -> Field {
    match field {
        oauth::Field::Ranking => Field::Ranking,
        oauth::Field::Mentions => Field::Mentions,
        oauth::Field::Envelope => Field::Envelope,
        oauth::Field::Text => Field::Text,
    }
}
