//! Refusals as `SetError`s (RFC 8620 section 5.3, RFC 8621 section 7.5).

use crate::jmap::own::SetError;
use app::sends::SendRefused;
use model::Reason;
use serde_json::json;

/// Of `Email/set`.
pub(super) fn email(refused: SendRefused) -> SetError {
    match refused {
        SendRefused::Forbidden(reason) => SetError::new("forbidden", why(reason)),
        SendRefused::InvalidRecipients(addresses) => {
            let addresses: Vec<String> = addresses.iter().map(|a| a.chars().take(100).collect()).collect();
            SetError::properties(&["to"], "these lead to nobody she writes with")
                .with("invalidRecipients", json!(addresses))
        }
        SendRefused::TooManyRecipients(most) => {
            SetError::properties(&["to"], "more recipients than `maxRecipients`").with("maxRecipients", json!(most))
        }
        SendRefused::TooLate => SetError::new(
            "forbidden",
            "it was submitted; take that back first, or wait until it has left",
        ),
        other => common(other),
    }
}

/// Of `EmailSubmission/set`.
pub(super) fn submission(refused: SendRefused) -> SetError {
    match refused {
        SendRefused::Forbidden(reason) => SetError::new("forbiddenToSend", why(reason)),
        SendRefused::TooLate => SetError::new("forbiddenToSend", "it was taken back; write it anew"),
        SendRefused::InvalidRecipients(addresses) => {
            SetError::new("invalidRecipients", "").with("invalidRecipients", json!(addresses))
        }
        SendRefused::TooManyRecipients(most) => {
            SetError::new("tooManyRecipients", "").with("maxRecipients", json!(most))
        }
        other => common(other),
    }
}

fn common(refused: SendRefused) -> SetError {
    match refused {
        SendRefused::NotFound => SetError::not_found(),
        SendRefused::Invalid(property, description) => SetError::properties(&[property], &description),
        SendRefused::NoRecipients => SetError::new("noRecipients", "it is to nobody"),
        SendRefused::DayIsFull { most, again_in } => SetError::new(
            "rateLimit",
            &format!("at most {most} recipients a day on one person's behalf; again in {again_in} seconds"),
        )
        .with("retryAfter", json!(again_in)),
        SendRefused::Forbidden(_)
        | SendRefused::InvalidRecipients(_)
        | SendRefused::TooManyRecipients(_)
        | SendRefused::TooLate => SetError::new("forbidden", ""),
    }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Grant => "the grant is not in force",
        Reason::Agreement => "the agreement is not in force",
        Reason::Suspended => "the agreement is suspended until its report is filed",
        Reason::Action => "grant and agreement do not both have this action",
        Reason::Conversation => "there is no such conversation, or the grant does not cover it",
        Reason::Counterparty | Reason::Asked | Reason::Fields => "this is not allowed",
    }
}
