//! What is done between an answer and the next invocation.
//!
//! The platform hands an answer on when it is posted, and freezes the environment when the next invocation is
//! asked for (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>, "Invoke phase").

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};

use crate::environment::Environment;

/// Lets an environment do so.
pub struct AfterAnswer(pub Rc<Environment>);

/// What answers an invocation and posts the answer, and what comes after.
pub struct AnswerThenMore<S> {
    answering: S,
    environment: Rc<Environment>,
}

impl<S> Layer<S> for AfterAnswer {
    type Service = AnswerThenMore<S>;

    fn layer(&self, answering: S) -> Self::Service {
        AnswerThenMore { answering, environment: Rc::clone(&self.0) }
    }
}

impl<S> Service<LambdaInvocation> for AnswerThenMore<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.answering.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.answering.call(invocation);
        let environment = Rc::clone(&self.environment);
        Box::pin(async move {
            let outcome = answered.await;
            environment.after_answer().await;
            outcome
        })
    }
}
