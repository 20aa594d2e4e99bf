//! When a key ends: one of a few choices, or a time of one's own.

use serde_json::Value;

use super::faults::Faults;
use super::form::Form;
use latchkey_pages::Language;
use latchkey_published::limits::GRACE_SECONDS_MAX;

const DAY_S: u64 = 86_400;
const HOUR_S: u64 = 3600;

/// Seconds from now that a choice of `ends` stands for.
fn seconds_of(choice: &str) -> Option<u64> {
    match choice {
        "now" => Some(0),
        "1h" => Some(HOUR_S),
        "24h" => Some(DAY_S),
        "7d" => Some(7 * DAY_S),
        "30d" => Some(30 * DAY_S),
        "90d" => Some(90 * DAY_S),
        "1y" => Some(365 * DAY_S),
        _ => None,
    }
}

/// `expires_at` of a form's `ends` and `own`: null is never. `now_s` is in seconds since the Unix epoch.
pub(super) fn expires_at(form: &Form, now_s: u64, language: Language) -> Result<Value, Faults> {
    match form.text("ends") {
        "" | "never" => Ok(Value::Null),
        "own" => own_time(form, language).map(Value::from),
        choice => {
            let seconds = seconds_of(choice).filter(|seconds| *seconds >= DAY_S);
            seconds
                .map(|seconds| Value::from(now_s + seconds))
                .ok_or_else(|| Faults::one("ends", in_language(NO_TIME, language)))
        }
    }
}

/// `grace_seconds` of a form's `ends` and `own`.
pub(super) fn grace_seconds(form: &Form, now_s: u64, language: Language) -> Result<Value, Faults> {
    match form.text("ends") {
        "own" => match own_time(form, language)?.checked_sub(now_s) {
            Some(seconds) if seconds > GRACE_SECONDS_MAX.unsigned_abs() => {
                Err(Faults::one("own", in_language(TOO_LATE, language)))
            }
            Some(seconds) if seconds > 0 => Ok(seconds.into()),
            _ => Err(Faults::one("own", in_language(PAST, language))),
        },
        choice => seconds_of(choice)
            .map(Value::from)
            .ok_or_else(|| Faults::one("ends", in_language(NO_TIME, language))),
    }
}

const NO_TIME: [&str; 2] =
    ["Choose a day and a time, as 2026-12-31T23:59.", "日時を2026-12-31T23:59の形式で指定してください。"];

const TOO_LATE: [&str; 2] =
    ["Choose a time within the next 30 days.", "今から30日以内の日時を指定してください。"];

const PAST: [&str; 2] = ["Choose a time in the future.", "今後の日時を指定してください。"];

fn in_language(sentences: [&'static str; 2], language: Language) -> &'static str {
    match language {
        Language::En => sentences[0],
        Language::Ja => sentences[1],
    }
}

/// The time of `own`, in seconds since the Unix epoch.
fn own_time(form: &Form, language: Language) -> Result<u64, Faults> {
    local_time(form.text("own")).ok_or_else(|| Faults::one("own", in_language(NO_TIME, language)))
}

/// `2026-11-27T09:05`, maybe with seconds (HTML, "valid local date and time string"), taken as UTC.
pub(super) fn local_time(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let day = day(date)?;
    let mut parts = time.split(':').map(|part| number(part, 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let is_time = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    is_time.then(|| day + hour * HOUR_S + minute * 60 + second)
}

/// When a day begins (`2026-11-27`), in UTC, in seconds since the Unix epoch.
pub(super) fn day(text: &str) -> Option<u64> {
    const DAYS_TO_EPOCH: u64 = 719_468;
    let mut parts = text.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || day == 0 || day > days || year < 1970 {
        return None;
    }
    // Counted from 1 March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days - DAYS_TO_EPOCH) * DAY_S)
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_for_the_old_key_that_is_too_late_is_refused_where_it_was_typed() {
        assert_eq!(GRACE_SECONDS_MAX, 30 * 86_400, "as the sentence has it");
        for (own, is_good) in [("1970-01-31T00:00", true), ("1970-01-31T00:01", false)] {
            let form = Form::of(&[("ends", "own"), ("own", own)]);
            let found = grace_seconds(&form, 0, Language::En);
            assert_eq!(found.is_ok(), is_good, "{own}");
            let fault = found.err().and_then(|faults| faults.of_field("own").map(str::to_owned));
            assert_eq!(fault.is_none(), is_good, "{own}");
        }
    }

    #[test]
    fn times_are_read_as_utc() {
        for (text, expected) in [
            ("1970-01-01T00:00", Some(0)),
            ("2000-02-29T00:00", Some(951_782_400)),
            ("2000-03-01T00:00:59", Some(951_868_859)),
            ("2026-11-27T09:05", Some(1_795_770_300)),
            ("9999-12-31 23:59", Some(253_402_300_740)),
            ("2026-02-29T00:00", None),
            ("2026-13-01T00:00", None),
            ("2026-11-31T00:00", None),
            ("2026-11-27T24:00", None),
            ("2026-11-27T9:05", None),
            ("2026-11-27", None),
            ("+026-11-27T09:05", None),
            ("1969-12-31T00:00", None),
            ("", None),
        ] {
            assert_eq!(local_time(text), expected, "{text}");
        }
    }
}
