//! Vectors that do not hold behind a trigger because the platform does not let them.

use super::gateway::Way;
use super::trigger::Trigger;

/// Something the platform does to a request or a response.
pub struct Exception {
    /// As docs/platforms.md has it.
    pub name: &'static str,
    pub ways: &'static [Way],
    /// Ids of the vectors that fail for it; each is run, and must fail.
    pub cases: &'static [&'static str],
}

const FUNCTION_URL: Way = Way::Trigger(Trigger::FunctionUrl);
const FUNCTION_URL_STREAM: Way = Way::Trigger(Trigger::FunctionUrlStream);
const HTTP_API: Way = Way::Trigger(Trigger::HttpApi);
const REST_API: Way = Way::Trigger(Trigger::RestApi);
const ALB: Way = Way::Trigger(Trigger::Alb);
const ALB_MULTI_VALUE: Way = Way::Trigger(Trigger::AlbMultiValue);

pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "clients use https",
        ways: &[FUNCTION_URL, FUNCTION_URL_STREAM, HTTP_API, REST_API],
        cases: &["ROUTE-86", "ROUTE-87"],
    },
    Exception { name: "the path arrives decoded", ways: &[HTTP_API], cases: &["ROUTE-82"] },
    Exception {
        name: "the query arrives decoded and in parts",
        ways: &[REST_API],
        cases: &[
            "HC-09", "HC-10", "HC-11", "FIND-24", "FIND-25", "FIND-60", "HIDE-06", "HIDE-07", "HIDE-08",
            "ROUTE-22",
        ],
    },
];

/// Ids of the cases that must fail, each with the names of what makes them fail.
pub fn exceptions_of(way: Way) -> Vec<(&'static str, &'static str)> {
    let of_way = EXCEPTIONS.iter().filter(|exception| exception.ways.contains(&way));
    of_way.flat_map(|exception| exception.cases.iter().map(|case| (*case, exception.name))).collect()
}
