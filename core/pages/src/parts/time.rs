//! How an instant is written: UTC, with the zone.

use crate::parts::Time;

const SECONDS_OF_DAY: u64 = 86_400;

/// An instant as `<time>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, askama::Template)]
#[template(ext = "html", source = r#"<time datetime="{{ self.machine() }}">{{ self.text() }}</time>"#)]
pub(crate) struct Instant(pub(crate) Time);

impl Instant {
    /// `2026-11-27T09:05Z` (HTML's `datetime`).
    fn machine(self) -> String {
        let ([year, month, day], [hour, minute]) = self.parts();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}Z")
    }

    /// `2026-11-27 09:05 UTC`.
    pub(crate) fn text(self) -> String {
        let ([year, month, day], [hour, minute]) = self.parts();
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }

    fn parts(self) -> ([u64; 3], [u64; 2]) {
        let Time(seconds) = self.0;
        let of_day = seconds % SECONDS_OF_DAY;
        (date(seconds / SECONDS_OF_DAY), [of_day / 3600, of_day % 3600 / 60])
    }
}

/// Year, month and day of a day since the Unix epoch, by counting from 1 March of the year 0, so that the
/// leap day is the last of its year.
fn date(day: u64) -> [u64; 3] {
    const DAYS_TO_EPOCH: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let day = day + DAYS_TO_EPOCH;
    let (era, of_era) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { [year, month + 3, of_month] } else { [year + 1, month - 9, of_month] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_795_770_300, "2026-11-27 09:05 UTC"),
            (253_402_300_799, "9999-12-31 23:59 UTC"),
        ] {
            assert_eq!(Instant(Time(seconds)).text(), text);
        }
    }

    #[test]
    fn a_time_has_a_form_for_machines() {
        let html = Instant(Time(1_795_770_300)).to_string();
        assert_eq!(html, "<time datetime=\"2026-11-27T09:05Z\">2026-11-27 09:05 UTC</time>");
    }
}
