//! Lists: what a query asks for, and the answer.

use bytes::Bytes;
use http::{Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::endpoints::{Listing, Matched};
use super::problem::Refusal;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, List, PageRequest, Step};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

/// A query, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        let pairs = serde_urlencoded::from_str(query.unwrap_or_default());
        pairs.map(Query).map_err(|_| Refusal::Malformed("Cannot parse query"))
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Query {
    /// The same, but for what says which page: as it stands in the path of the next one, behind `?`.
    pub(super) fn with_offset(&self, offset: &str) -> String {
        let rest = self.0.iter().filter(|(name, _)| name != "offset").map(|(n, v)| (n.as_str(), v.as_str()));
        let pairs: Vec<(&str, &str)> = [("offset", offset)].into_iter().chain(rest).collect();
        serde_urlencoded::to_string(pairs).expect("texts can be encoded")
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn list(
        &self,
        listing: Listing,
        matched: &Matched,
        query: &Query,
    ) -> Result<Response<Bytes>, Error> {
        let scope = matched.steps();
        let (kind, counted) = match listing {
            Listing::Of(kind) => (kind, kind),
            Listing::ServiceApplications => (EntityKind::Applications, EntityKind::ApplicationInstances),
        };
        let by_custom_id = is_found_by_custom_id(kind, scope.len());
        if let Some(custom_id) = query.value("custom_id").filter(|_| by_custom_id) {
            return self.list_by_custom_id(kind, custom_id).await;
        }
        let page = PageRequest::parse(query.value("size"), query.value("offset"))?;
        let mut list = match listing {
            Listing::ServiceApplications => self.registry.list_applications_of_service(&scope, page).await?,
            Listing::Of(kind) => self.registry.list(kind, &scope, page).await?,
        };
        if kind == EntityKind::ApplicationInstances {
            self.expand_applications(&scope, &mut list.data).await?;
        }
        let mut body = Map::new();
        if let Some(offset) = &list.offset {
            body.insert("offset".to_owned(), offset.as_str().into());
        }
        body.insert("next".to_owned(), next(matched, query, &list).into());
        if has_total(kind) {
            body.insert("total".to_owned(), self.registry.count(counted, &scope).await?.into());
        }
        body.insert("data".to_owned(), list.data.into_iter().map(Value::Object).collect());
        Ok(answer::json(StatusCode::OK, &Value::Object(body)))
    }

    async fn list_by_custom_id(&self, kind: EntityKind, custom_id: &str) -> Result<Response<Bytes>, Error> {
        if custom_id.is_empty() {
            return Ok(answer::message(StatusCode::BAD_REQUEST, "custom_id must be an unempty string"));
        }
        let found = self.registry.find_by(kind, "custom_id", custom_id).await?;
        let data: Vec<Object> = found.into_iter().collect();
        Ok(answer::json(StatusCode::OK, &json!({"data": data, "next": null})))
    }

    /// Contracts of one application show it whole, with its developer.
    async fn expand_applications(&self, scope: &[Step<'_>], contracts: &mut [Object]) -> Result<(), Error> {
        let Some(step) = scope.last().filter(|step| shows_application(step.kind)) else {
            return Ok(());
        };
        let mut application = self.registry.read(&[*step]).await?;
        let developer = application.get("developer").and_then(|developer| developer.get("id"));
        if let Some(id) = developer.and_then(Value::as_str).map(str::to_owned) {
            let developer = self.registry.read(&[Step { kind: EntityKind::Developers, key: &id }]).await?;
            application.insert("developer".to_owned(), Value::Object(developer));
        }
        for contract in contracts {
            contract.insert("application".to_owned(), Value::Object(application.clone()));
        }
        Ok(())
    }
}

/// Whether `custom_id` in the query asks a list of a kind, below so many entities, for the one that has it.
pub(super) fn is_found_by_custom_id(kind: EntityKind, depth: usize) -> bool {
    matches!(kind, EntityKind::Consumers | EntityKind::Developers) && depth == 0
}

/// Whether contracts below an entity of a kind are listed with their application whole.
pub(super) fn shows_application(kind: EntityKind) -> bool {
    kind == EntityKind::Applications
}

/// Lists of the developer's side say how many there are in all.
pub(super) fn has_total(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Developers
        | EntityKind::Applications
        | EntityKind::ApplicationInstances
        | EntityKind::Oauth2Credentials => true,
        EntityKind::Services
        | EntityKind::Routes
        | EntityKind::Consumers
        | EntityKind::Plugins
        | EntityKind::KeyauthCredentials => false,
    }
}

/// A page of what is no entity, in the form of Kong's lists.
pub(super) fn own_page(
    path: &str,
    query: &Query,
    data: Vec<Value>,
    offset: Option<String>,
) -> Response<Bytes> {
    let next = offset.as_ref().map(|offset| format!("{path}?{}", query.with_offset(offset)));
    let mut body = json!({"data": data, "next": next});
    if let Some(offset) = offset {
        body["offset"] = offset.into();
    }
    answer::json(StatusCode::OK, &body)
}

/// Path of the next page, as Kong gives it: without the size when the list is nested.
fn next(matched: &Matched, query: &Query, list: &List) -> Option<String> {
    let offset = utf8_percent_encode(list.offset.as_ref()?, NON_ALPHANUMERIC).to_string();
    let size = query.value("size").filter(|_| list.parent_id.is_none());
    let size = size.map(|size| format!("&size={}", utf8_percent_encode(size, NON_ALPHANUMERIC)));
    let path = collection_path(matched, list.parent_id);
    Some(format!("{path}?offset={offset}{}", size.unwrap_or_default()))
}

fn collection_path(matched: &Matched, parent_id: Option<Uuid>) -> String {
    let mut path = matched.endpoint.path.to_owned();
    let steps = matched.steps();
    for (at, step) in steps.iter().enumerate() {
        let last = at + 1 == steps.len();
        let key = match parent_id.filter(|_| last) {
            Some(id) => id.to_string(),
            None => utf8_percent_encode(step.key, NON_ALPHANUMERIC).to_string(),
        };
        path = path.replace(&format!("{{{}}}", step.kind.name()), &key);
    }
    path
}
