//! EventBridge, which calls the control plane by a schedule
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>).

use crate::event::Event;

/// Rules of EventBridge, and schedules of EventBridge Scheduler.
const SOURCES: [&str; 2] = ["aws.events", "aws.scheduler"];
const DETAIL_TYPE: &str = "Scheduled Event";

/// Whether an event is in this form. Nobody else can have such a source: names that begin with `aws.`
/// are AWS's own.
pub(super) fn sends(event: &Event<'_>) -> bool {
    let source = event.source.as_ref().is_some_and(|source| SOURCES.contains(&&*source.0));
    source && event.detail_type.as_ref().is_some_and(|detail_type| detail_type.0 == DETAIL_TYPE)
}
