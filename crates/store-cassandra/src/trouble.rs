//! What a request that failed has done.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use store::StoreError;

/// What a conditional write that was not answered has done. It was sent once: the driver repeats none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing: no node has taken it up.
    Never(String),
    /// It may have been carried out, or may be yet.
    Perhaps(String),
}

impl Trouble {
    /// Sorts the driver's errors; what is not known to be harmless is not.
    pub(crate) fn of(error: &ExecutionError) -> Self {
        let told = error.to_string();
        match error {
            ExecutionError::EmptyPlan | ExecutionError::BadQuery(_) | ExecutionError::ConnectionPoolError(_) => {
                Self::Never(told)
            }
            ExecutionError::LastAttemptError(RequestAttemptError::DbError(db, _)) if refused(db) => Self::Never(told),
            ExecutionError::LastAttemptError(
                RequestAttemptError::UnableToAllocStreamId
                | RequestAttemptError::SerializationError(_)
                | RequestAttemptError::CqlRequestSerialization(_),
            ) => Self::Never(told),
            _ => Self::Perhaps(told),
        }
    }
}

/// Whether a node says that it has not begun.
fn refused(error: &DbError) -> bool {
    match error {
        // At a serial level Paxos had too few nodes to begin with; at another, to tell them what was decided.
        DbError::Unavailable { consistency, .. } => consistency.is_serial(),
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::IsBootstrapping => true,
        _ => false,
    }
}

/// A read that failed: later it may succeed.
pub(crate) fn unread(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A write that failed. The driver may have sent it more than once, so what the last attempt met says little.
pub(crate) fn unwritten(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unknown(error.to_string())
}

/// What is stored has another shape than we write.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::errors::WriteType;
    use scylla::statement::Consistency;

    fn of(error: DbError) -> Trouble {
        Trouble::of(&ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            error,
            String::new(),
        )))
    }

    #[test]
    fn only_what_no_node_has_begun_never_happened() {
        let unavailable = |consistency| DbError::Unavailable {
            consistency,
            required: 2,
            alive: 1,
        };
        assert!(matches!(of(unavailable(Consistency::LocalSerial)), Trouble::Never(_)));
        assert!(matches!(of(unavailable(Consistency::LocalQuorum)), Trouble::Perhaps(_)));
        let late = DbError::WriteTimeout {
            consistency: Consistency::LocalSerial,
            received: 1,
            required: 2,
            write_type: WriteType::Cas,
        };
        assert!(matches!(of(late), Trouble::Perhaps(_)));
        assert!(matches!(of(DbError::Overloaded), Trouble::Perhaps(_)));
        assert!(matches!(of(DbError::Invalid), Trouble::Never(_)));
        assert!(matches!(Trouble::of(&ExecutionError::EmptyPlan), Trouble::Never(_)));
        let late = ExecutionError::RequestTimeout(std::time::Duration::from_secs(1));
        assert!(matches!(Trouble::of(&late), Trouble::Perhaps(_)));
    }
}
