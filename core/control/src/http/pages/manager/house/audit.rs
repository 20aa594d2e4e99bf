//! The audit.

use bytes::Bytes;
use http::Response;

use crate::http::pages::answered::answered;
use crate::http::pages::desk::Desk;
use crate::http::pages::ends::day;
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{Audit, AuditFilter, Change, Did, Kind, Record, Who, paths};
use latchkey_pages::parts::{Time, Total, Typed};
use latchkey_store::Store;

const DAY_S: u64 = 86_400;

answered! {
    /// A record, as the Admin API shows it.
    struct Shown {
        created_at: u64,
        who: Actor,
        address: Option<String>,
        changes: Vec<Line>,
    }

    struct Actor {
        kind: String,
        id: Option<String>,
        name: Option<String>,
    }

    struct Line {
        entity: String,
        entity_id: Option<String>,
        did: String,
        fields: Vec<String>,
        count: Option<u64>,
    }
}

impl Actor {
    fn view(&self) -> Who<'_> {
        let called = self.name.as_deref().or(self.id.as_deref()).unwrap_or_default();
        match self.kind.as_str() {
            "program" => Who::Program,
            "gateway" => Who::Gateway,
            "admin_token" => Who::AdminToken,
            "named_token" => Who::NamedToken(called),
            "developer" => Who::Developer(called),
            "visitor" => Who::Visitor,
            kind => Who::Other(kind),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn audit(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let asked = |name: &str| page.query.value(name).unwrap_or_default().trim();
        let [since, until] = ["since", "until"].map(|name| (asked(name), day(asked(name))));
        let seconds =
            |day: Option<u64>, more: u64| day.map(|day| (day + more).to_string()).unwrap_or_default();
        // Up to the last second of the day.
        let (from, to) = (seconds(since.1, 0), seconds(until.1, DAY_S - 1));
        let kind = Kind::parse(asked("entity"));
        let filters = [
            ("who", asked("who")),
            ("entity", kind.map_or("", Kind::name)),
            ("since", from.as_str()),
            ("until", to.as_str()),
        ];
        let listed: Listed<Shown> = self.list(&["audit"], &filters).await?;
        let fields: Vec<Vec<Vec<&str>>> = listed.data.iter().map(fields).collect();
        let changes: Vec<Vec<Change<'_>>> =
            listed.data.iter().zip(&fields).map(|(record, fields)| changes(record, fields)).collect();
        let records: Vec<Record<'_>> = listed
            .data
            .iter()
            .zip(&changes)
            .map(|(record, changes)| Record {
                at: Time(record.created_at),
                who: record.who.view(),
                address: record.address.as_deref(),
                changes,
            })
            .collect();
        let listing =
            Listing::of(page, paths::AUDIT, listed.offset.as_deref(), &["who", "entity", "since", "until"]);
        let path = page.path();
        let frame = page.manager_frame(&path);
        let sentence = latchkey_pages::manager::no_day(page.look.language);
        let typed =
            |(text, day): (&'_ str, Option<u64>)| (!text.is_empty() && day.is_none()).then_some(sentence);
        let filter = AuditFilter {
            who: asked("who"),
            kind,
            since: Typed { value: since.0, fault: typed(since) },
            until: Typed { value: until.0, fault: typed(until) },
        };
        let faults = match typed(since).or(typed(until)) {
            Some(sentence) => Faults::one("since", sentence),
            None => Faults::default(),
        };
        let paging = listing.paging(Total::Unknown);
        Ok(self.form(&faults, &Audit { frame: &frame, records: &records, filter, paging }))
    }
}

fn fields(record: &Shown) -> Vec<Vec<&str>> {
    record.changes.iter().map(|line| line.fields.iter().map(String::as_str).collect()).collect()
}

fn changes<'r>(record: &'r Shown, fields: &'r [Vec<&'r str>]) -> Vec<Change<'r>> {
    let change = |(line, fields): (&'r Line, &'r Vec<&'r str>)| Change {
        kind: Kind::parse(&line.entity).ok_or(line.entity.as_str()),
        did: Did::parse(&line.did).ok_or(line.did.as_str()),
        id: line.entity_id.as_deref(),
        fields,
        count: line.count,
    };
    record.changes.iter().zip(fields).map(change).collect()
}
