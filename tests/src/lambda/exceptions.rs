//! Vectors that do not hold behind a trigger because the platform does not let them.

use super::trigger::Trigger;
use super::way::Way;

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
        ways: &[FUNCTION_URL, FUNCTION_URL_STREAM, HTTP_API, REST_API, Way::Watch],
        cases: &["ROUTE-86", "ROUTE-87", "ROUTE-89", "ROUTE-90", "ROUTE-91", "PEER-03"],
    },
    Exception { name: "the path arrives decoded", ways: &[HTTP_API], cases: &["ROUTE-82"] },
    Exception {
        name: "cookies arrive in a list",
        ways: &[FUNCTION_URL, FUNCTION_URL_STREAM, HTTP_API],
        cases: &["COOKIE-02"],
    },
    Exception {
        name: "the query arrives decoded and in parts",
        ways: &[REST_API],
        cases: &[
            "HC-09", "HC-10", "HC-11", "FIND-24", "FIND-25", "FIND-60", "HIDE-06", "HIDE-07", "HIDE-08",
            "ROUTE-22",
        ],
    },
    Exception {
        name: "the query arrives in parts",
        ways: &[ALB, ALB_MULTI_VALUE],
        cases: &[
            "HC-09", "HC-10", "HC-11", "FIND-24", "FIND-25", "HIDE-06", "HIDE-07", "HIDE-08", "ROUTE-22",
        ],
    },
    Exception {
        name: "of repeated fields and query parameters the last one arrives",
        ways: &[ALB],
        cases: &[
            "QS-03",
            "FIND-26",
            "FIND-27",
            "FIND-45",
            "FIND-46",
            "FIND-47",
            "FIND-48",
            "FIND-49",
            "FIND-51",
            "FIND-76",
            "REFUSE-15",
            "HIDE-73",
            "HIDE-74",
            "ANON-03",
        ],
    },
    Exception {
        name: "cargo-lambda's emulator: of repeated fields the first one arrives",
        ways: &[Way::Watch],
        cases: &[
            "FIND-45",
            "FIND-46",
            "FIND-47",
            "FIND-48",
            "FIND-76",
            "REFUSE-15",
            "HIDE-12",
            "HIDE-73",
            "HIDE-74",
            "ANON-03",
            "ROUTE-54",
            "COOKIE-03",
        ],
    },
    Exception {
        name: "cargo-lambda's emulator: fails on fields and bodies that are not UTF-8",
        ways: &[Way::Watch],
        cases: &["FIND-84", "HIDE-57"],
    },
];

/// Ids of the cases that must fail, each with the names of what makes them fail.
pub fn exceptions_of(way: Way) -> Vec<(&'static str, &'static str)> {
    let of_way = EXCEPTIONS.iter().filter(|exception| exception.ways.contains(&way));
    of_way.flat_map(|exception| exception.cases.iter().map(|case| (*case, exception.name))).collect()
}
