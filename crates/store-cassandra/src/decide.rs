//! Conditional writes whose answer may be lost.

use crate::trouble::{Trouble, unwritten};
use std::time::Duration;
use store::{Cas, StoreError};

/// How often the same write is asked for.
const ASKS: u32 = 4;
/// How long to wait before it is asked for again, times how often it was asked for.
const PAUSE: Duration = Duration::from_millis(50);

/// How things stand, by a serial read after an answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Our write took place.
    Ours,
    /// Another's did, and ours cannot any more.
    Theirs,
    /// Neither did: the condition still holds.
    Before,
}

/// Carries out a conditional write. Nothing is repeated blindly: an answer that was lost is settled by a serial read that
/// looks for our attempt's name, and only a write whose condition can hold **once** in the life of its row (a version, a
/// first insertion) is asked for again, under the same name, so that of all the requests one at most takes place.
pub(crate) async fn decide<A, L>(mut ask: impl FnMut() -> A, mut look: impl FnMut() -> L) -> Result<Cas, StoreError>
where
    A: Future<Output = Result<bool, Trouble>>,
    L: Future<Output = Result<Standing, StoreError>>,
{
    let mut lost = None;
    for asked in 1..=ASKS {
        match (ask().await, &lost) {
            (Ok(true), _) => return Ok(Cas::Applied),
            (Ok(false), None) => return Ok(Cas::Conflict),
            (Err(Trouble::Never(why)), None) => return Err(StoreError::Unavailable(why)),
            // The one that was lost may be what stands in this one's way.
            (Ok(false), Some(_)) => {}
            (Err(Trouble::Never(why) | Trouble::Perhaps(why)), _) => lost = Some(why),
        }
        let stands = look().await.map_err(unwritten)?;
        tracing::debug!(?stands, ?lost, "settled a conditional write whose answer was lost");
        match stands {
            Standing::Ours => return Ok(Cas::Applied),
            Standing::Theirs => return Ok(Cas::Conflict),
            Standing::Before => tokio::time::sleep(PAUSE * asked).await,
        }
    }
    Err(StoreError::Unknown(lost.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// Asks with these answers, and looks with these; what came of it, and how often it was asked.
    fn run(answers: Vec<Result<bool, Trouble>>, stands: Vec<Standing>) -> (Result<Cas, StoreError>, usize) {
        let (answers, stands) = (RefCell::new(answers.into_iter()), RefCell::new(stands.into_iter()));
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            std::future::ready(answers.borrow_mut().next().unwrap())
        };
        let look = || std::future::ready(Ok(stands.borrow_mut().next().unwrap()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        (runtime.block_on(decide(ask, look)), asked.get())
    }

    fn lost() -> Result<bool, Trouble> {
        Err(Trouble::Perhaps("late".to_owned()))
    }

    #[test]
    fn an_answer_is_taken_at_its_word() {
        assert_eq!(run(vec![Ok(true)], vec![]), (Ok(Cas::Applied), 1));
        assert_eq!(run(vec![Ok(false)], vec![]), (Ok(Cas::Conflict), 1));
        let never = run(vec![Err(Trouble::Never("down".to_owned()))], vec![]);
        assert_eq!(never, (Err(StoreError::Unavailable("down".to_owned())), 1));
    }

    #[test]
    fn a_lost_answer_is_settled_by_looking() {
        assert_eq!(run(vec![lost()], vec![Standing::Ours]), (Ok(Cas::Applied), 1));
        assert_eq!(run(vec![lost()], vec![Standing::Theirs]), (Ok(Cas::Conflict), 1));
        assert_eq!(
            run(vec![lost(), Ok(true)], vec![Standing::Before]),
            (Ok(Cas::Applied), 2)
        );
    }

    #[test]
    fn a_refusal_after_a_lost_answer_may_be_our_own_doing() {
        let answers = || vec![lost(), Ok(false)];
        assert_eq!(
            run(answers(), vec![Standing::Before, Standing::Ours]),
            (Ok(Cas::Applied), 2)
        );
        assert_eq!(
            run(answers(), vec![Standing::Before, Standing::Theirs]),
            (Ok(Cas::Conflict), 2)
        );
    }

    #[test]
    fn what_cannot_be_settled_is_unknown() {
        let (answer, asked) = run(vec![lost(); 4], vec![Standing::Before; 4]);
        assert_eq!((answer, asked), (Err(StoreError::Unknown("late".to_owned())), 4));
        // Nothing reached a node any more, but the first one may have.
        let down = Err(Trouble::Never("down".to_owned()));
        let (answer, _) = run(
            vec![lost(), down.clone(), down.clone(), down],
            vec![Standing::Before; 4],
        );
        assert!(matches!(answer, Err(StoreError::Unknown(_))));
    }
}
