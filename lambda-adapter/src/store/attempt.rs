//! What an error of DynamoDB means, and when to try again.

use std::error::Error;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use latchkey_store::StoreError;

use super::limits::Patience;

/// Errors of the service that say: not now. Nothing was applied.
const LATER: [&str; 5] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
];

/// What an attempt that failed means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Not applied; another attempt may succeed.
    NotApplied(String),
    /// May have been applied, or may be yet.
    Unclear(String),
    /// Not applied, and no attempt will be.
    Final(String),
}

/// Judges an error, whatever the operation was.
pub(super) fn judge<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            judge_answer(status, answer.err().code().unwrap_or_default(), answer.err().message())
        }
        SdkError::ConstructionFailure(_) => Failure::Final(describe(error)),
        SdkError::DispatchFailure(failure) if failure.is_user() => Failure::Final(describe(error)),
        SdkError::DispatchFailure(failure) => {
            let connector = failure.as_connector_error();
            match connector.is_some_and(|error| is_not_connected(error)) {
                true => Failure::NotApplied(describe(error)),
                false => Failure::Unclear(describe(error)),
            }
        }
        _ => Failure::Unclear(describe(error)),
    }
}

fn judge_answer(status: u16, code: &str, message: Option<&str>) -> Failure {
    let text = format!("DynamoDB answered {status} {code}: {}", message.unwrap_or("no message"));
    match code {
        code if LATER.contains(&code) => Failure::NotApplied(text),
        // An earlier attempt with the same token is under way.
        "TransactionInProgressException" => Failure::Unclear(text),
        _ if status == 429 => Failure::NotApplied(text),
        _ if status >= 500 => Failure::Unclear(text),
        _ => Failure::Final(text),
    }
}

/// Whether there was no connection to send anything over.
fn is_not_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let client = error.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        next = error.source();
    }
    false
}

fn describe<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    DisplayErrorContext(error).to_string()
}

/// The attempts of one call.
pub(super) struct Attempts {
    patience: Patience,
    started: Instant,
    failed: u32,
    unclear: bool,
}

impl Attempts {
    pub(super) fn new(patience: Patience) -> Self {
        Attempts { patience, started: Instant::now(), failed: 0, unclear: false }
    }

    /// Whether an earlier attempt may have been applied, or may be yet.
    pub(super) fn may_be_applied(&self) -> bool {
        self.unclear
    }

    /// Waits before the next attempt at reading; an error when there is to be none.
    pub(super) async fn failed_read<E>(&mut self, error: &SdkError<E, HttpResponse>) -> Result<(), StoreError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match judge(error) {
            Failure::Final(text) => Err(StoreError::Failed(text)),
            // A read applies nothing.
            Failure::NotApplied(text) | Failure::Unclear(text) => {
                self.failed(Failure::NotApplied(text)).await
            }
        }
    }

    /// Waits before the next attempt; an error when there is to be none.
    pub(super) async fn failed(&mut self, failure: Failure) -> Result<(), StoreError> {
        self.unclear |= matches!(failure, Failure::Unclear(_));
        self.failed += 1;
        let text = match failure {
            Failure::Final(text) if self.unclear => return Err(StoreError::Unknown(text)),
            Failure::Final(text) => return Err(StoreError::Failed(text)),
            Failure::NotApplied(text) | Failure::Unclear(text) => text,
        };
        let pause = pause_after(self.failed, self.patience)?;
        if self.failed >= self.patience.attempts_max || self.started.elapsed() + pause > self.patience.total {
            let text = format!("{} attempts, the last: {text}", self.failed);
            return Err(match self.unclear {
                true => StoreError::Unknown(text),
                false => StoreError::Unavailable(text),
            });
        }
        tracing::debug!(attempt = self.failed, cause = text, "trying DynamoDB again");
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Before another attempt, after so many: drawn evenly between nothing and a bound that doubles, so
/// that those who collided spread.
pub(super) fn pause_after(failed: u32, patience: Patience) -> Result<Duration, StoreError> {
    let doubled = patience.pause_first.saturating_mul(1 << failed.saturating_sub(1).min(16));
    let bound = doubled.min(patience.pause_max).as_micros();
    let drawn = u128::from(random_u64()?) * bound / u128::from(u64::MAX);
    Ok(Duration::from_micros(u64::try_from(drawn).unwrap_or(u64::MAX)))
}

/// 64 bits from the system's source.
pub(super) fn random_u64() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Failed(format!("no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: &str, expected: impl Fn(String) -> Failure) {
        let text = format!("DynamoDB answered {status} {code}: no message");
        assert_eq!(judge_answer(status, code, None), expected(text));
    }

    #[test]
    fn answers_are_told_apart() {
        check(400, "ThrottlingException", Failure::NotApplied);
        check(400, "ProvisionedThroughputExceededException", Failure::NotApplied);
        check(400, "RequestLimitExceeded", Failure::NotApplied);
        check(429, "", Failure::NotApplied);
        check(400, "TransactionInProgressException", Failure::Unclear);
        check(500, "InternalServerError", Failure::Unclear);
        check(503, "ServiceUnavailable", Failure::Unclear);
        check(400, "ValidationException", Failure::Final);
        check(400, "AccessDeniedException", Failure::Final);
        check(400, "ResourceNotFoundException", Failure::Final);
    }

    async fn end(failures: &[Failure]) -> StoreError {
        let mut attempts =
            Attempts::new(Patience { attempts_max: failures.len() as u32, ..Patience::default() });
        for failure in failures {
            if let Err(error) = attempts.failed(failure.clone()).await {
                return error;
            }
        }
        panic!("attempts do not end")
    }

    #[tokio::test(start_paused = true)]
    async fn one_unclear_attempt_makes_the_outcome_unknown() {
        let (not, unclear) = (Failure::NotApplied("n".into()), Failure::Unclear("u".into()));
        assert!(matches!(end(&[not.clone(), not.clone()]).await, StoreError::Unavailable(_)));
        assert!(matches!(end(&[not.clone(), unclear.clone()]).await, StoreError::Unknown(_)));
        assert!(matches!(end(&[unclear.clone(), not.clone()]).await, StoreError::Unknown(_)));
        let refused = Failure::Final("f".into());
        assert!(matches!(end(&[not, refused.clone()]).await, StoreError::Failed(_)));
        assert!(matches!(end(&[unclear, refused]).await, StoreError::Unknown(_)));
    }

    #[test]
    fn pauses_stay_within_their_bound() {
        let patience = Patience::default();
        for failed in [1, 2, 5, 40] {
            let bound =
                patience.pause_first.saturating_mul(1 << (failed - 1).min(16)).min(patience.pause_max);
            let pauses: Vec<Duration> = (0..200).map(|_| pause_after(failed, patience).unwrap()).collect();
            assert!(pauses.iter().all(|pause| *pause <= bound));
            assert!(
                pauses.iter().any(|pause| *pause > bound / 2)
                    && pauses.iter().any(|pause| *pause < bound / 2)
            );
        }
    }
}
