//! The audit.

use bytes::Bytes;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::http::answer;
use crate::http::lists::Query;
use crate::http::pages::answered::answered;
use crate::http::pages::answers::html;
use crate::http::pages::desk::Desk;
use crate::http::pages::ends::day;
use crate::http::pages::listing::{Listed, Listing, encoded};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{Audit, AuditFilter, Change, Did, Kind, Record, Who, paths};
use latchkey_pages::parts::{Time, Total, Typed};
use latchkey_pages::{Language, View as _};
use latchkey_store::Store;

const DAY_S: u64 = 86_400;
/// Parts of 1000 records that a file has, at most: the button for it says as much.
const EXPORTED_PARTS_MAX: usize = 10;

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

/// A day as it was typed, and when it begins, where it is one.
type Day<'q> = (&'q str, Option<u64>);

/// Which records are asked for.
struct Wanted<'q> {
    who: &'q str,
    kind: Option<Kind>,
    since: Day<'q>,
    until: Day<'q>,
}

impl<'q> Wanted<'q> {
    fn of(query: &'q Query) -> Self {
        let asked = |name: &str| query.value(name).unwrap_or_default().trim();
        let [since, until] = ["since", "until"].map(|name| (asked(name), day(asked(name))));
        Wanted { who: asked("who"), kind: Kind::parse(asked("entity")), since, until }
    }

    /// As the endpoint takes them, up to the last second of the last day.
    fn filters(&self) -> Vec<(&'static str, String)> {
        let seconds = |(_, day): Day<'_>, more: u64| day.map(|day| (day + more).to_string());
        let filters = [
            ("who", Some(self.who.to_owned())),
            ("entity", self.kind.map(|kind| kind.name().to_owned())),
            ("since", seconds(self.since, 0)),
            ("until", seconds(self.until, DAY_S - 1)),
        ];
        let given = filters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether something was typed that is no day.
    fn has_fault(&self) -> bool {
        [self.since, self.until].iter().any(|(text, day)| !text.is_empty() && day.is_none())
    }

    fn view(&self, language: Language) -> AuditFilter<'q> {
        let typed = |(value, day): Day<'q>| {
            let is_wrong = !value.is_empty() && day.is_none();
            Typed { value, fault: is_wrong.then_some(latchkey_pages::manager::no_day(language)) }
        };
        AuditFilter { who: self.who, kind: self.kind, since: typed(self.since), until: typed(self.until) }
    }
}

/// What of the query stays in links to the same records.
const KEPT: [&str; 4] = ["who", "entity", "since", "until"];

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn audit(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let wanted = Wanted::of(&page.query);
        let listed: Listed<Shown> = self.list(&["audit"], &pairs(&wanted.filters())).await?;
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
        let listing = Listing::of(page, paths::AUDIT, listed.offset.as_deref(), &KEPT);
        let kept = KEPT.iter().filter_map(|name| Some((*name, page.query.value(name)?)));
        let export = format!("{}?{}", paths::AUDIT_EXPORT, encoded(&kept.collect::<Vec<_>>()));
        let path = page.path();
        let frame = page.manager_frame(&path);
        let view = Audit {
            frame: &frame,
            records: &records,
            filter: wanted.view(page.look.language),
            export: &export,
            paging: listing.paging(Total::Unknown),
        };
        let status = if wanted.has_fault() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        Ok(html(status, view.html()))
    }

    /// The records as the endpoint answers them, the newest first, to be kept as a file.
    pub(super) async fn audit_export(&self) -> Result<Response<Bytes>, Refusal> {
        let wanted = Wanted::of(&self.page.query);
        if wanted.has_fault() {
            return self.audit().await;
        }
        let records: Vec<Value> = self.all(&["audit"], &pairs(&wanted.filters()), EXPORTED_PARTS_MAX).await?;
        let mut response = answer::json(StatusCode::OK, &json!({"data": records}));
        let name = HeaderValue::from_static("attachment; filename=\"audit.json\"");
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
        Ok(response)
    }
}

fn pairs<'f>(filters: &'f [(&'static str, String)]) -> Vec<(&'static str, &'f str)> {
    filters.iter().map(|(name, value)| (*name, value.as_str())).collect()
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
