//! What all answers of a client may take together: each is bounded, but many may be read or kept at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::error::ByteSize;
use crate::client::{Error, ErrorKind};

/// The most that all answers may take together.
const LIMIT: usize = 256 * 1024 * 1024;

/// What is left of an answer about one object when it was read. Small ones are not counted, since a wait reads many.
const SMALL: usize = 64 * 1024;

/// The bytes that the answers of a client take now.
#[derive(Clone, Default)]
pub(super) struct AnswerBudget(Arc<AtomicUsize>);

/// The share of one answer, which ends with it.
#[derive(Default)]
pub(crate) struct AnswerShare {
    budget: AnswerBudget,
    bytes: usize,
    /// Whether what is made of the answer is kept, as the interfaces of each of many machines are.
    is_kept: bool,
}

impl AnswerBudget {
    pub(super) fn share(&self, is_kept: bool) -> AnswerShare {
        AnswerShare {
            budget: self.clone(),
            bytes: 0,
            is_kept,
        }
    }
}

impl AnswerShare {
    /// Adds bytes to an answer, if there is room for them.
    pub(super) fn extend(&mut self, body: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
        self.bytes += bytes.len();
        let together = self.budget.0.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        if together > LIMIT {
            let reason = format!(
                "the server's answers are together larger than {}",
                ByteSize(LIMIT as u64)
            );
            return Err(Error::new(ErrorKind::ResponseTooLarge, reason));
        }
        if body.try_reserve(bytes.len()).is_err() {
            let reason = "there is not enough memory for the server's answer";
            return Err(Error::new(ErrorKind::ResponseTooLarge, reason));
        }
        body.extend_from_slice(bytes);
        Ok(())
    }
}

impl Drop for AnswerShare {
    fn drop(&mut self) {
        let kept = match self.is_kept {
            true => self.bytes.saturating_sub(SMALL),
            false => 0,
        };
        self.budget
            .0
            .fetch_sub(self.bytes - kept, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn answers_at_the_same_time_share_one_limit() {
        let budget = AnswerBudget::default();
        let read = |share: &mut AnswerShare, size| share.extend(&mut Vec::new(), &vec![0; size]);
        let mut shares: Vec<_> = (0..5).map(|_| budget.share(false)).collect();
        let results: Vec<_> = shares
            .iter_mut()
            .map(|share| read(share, 60 * MIB))
            .collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4);
        drop(shares);
        assert!(read(&mut budget.share(false), 60 * MIB).is_ok());
    }

    #[test]
    fn what_is_kept_of_large_answers_counts_to_the_end() {
        let budget = AnswerBudget::default();
        let read = |size| budget.share(true).extend(&mut Vec::new(), &vec![0; size]);
        assert!((0..10_000).all(|_| read(100).is_ok()));
        let results: Vec<_> = (0..5).map(|_| read(60 * MIB)).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4);
    }
}
