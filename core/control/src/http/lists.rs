//! Lists: what a query asks for, and the answer.

use bytes::Bytes;
use http::{Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::body::{ARGUMENTS_MAX, TOO_MANY};
use super::endpoints::Listing;
use super::problem::Refusal;
use super::routing::Matched;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, List, PageRequest, Search, Step, TagPage};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

/// A query, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        let pairs = serde_urlencoded::from_str(query.unwrap_or_default());
        let pairs: Vec<_> = pairs.map_err(|_| Refusal::Malformed("Cannot parse query"))?;
        if pairs.len() > ARGUMENTS_MAX { Err(TOO_MANY) } else { Ok(Query(pairs)) }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Query {
    /// Whether a list is to say how many there are (`?total=true`).
    fn asks_for_total(&self) -> bool {
        self.value("total") == Some("true")
    }

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
        match listing {
            Listing::Of(kind) => {
                let searched = is_found_by_custom_id(kind, matched.steps().len());
                if let Some(custom_id) = query.value("custom_id").filter(|_| searched) {
                    return self.list_by_custom_id(kind, custom_id).await;
                }
                if let Some(client_id) = query.value("client_id").filter(|_| is_found_by_client_id(kind)) {
                    return self.list_by_client_id(matched, client_id).await;
                }
                match Search::parse(kind, |name| query.value(name))? {
                    Some(search) => self.list_found(&search, kind, matched, query).await,
                    None => self.list_of(listing, kind, kind, matched, query).await,
                }
            }
            Listing::ServiceApplications => {
                let (kind, counted) = (EntityKind::Applications, EntityKind::ApplicationInstances);
                self.list_of(listing, kind, counted, matched, query).await
            }
            Listing::Tags => self.list_tags(matched, query).await,
            Listing::Nothing => {
                PageRequest::parse(query.value("size"), query.value("offset"), query.value("tags"))?;
                Ok(answer::json(StatusCode::OK, &json!({"data": [], "next": null})))
            }
            Listing::OfApplicationsConsumer(_) => {
                PageRequest::parse(query.value("size"), query.value("offset"), None)?;
                self.registry.read(&matched.steps()).await?;
                Ok(answer::json(StatusCode::OK, &json!({"data": [], "next": null, "total": 0})))
            }
        }
    }

    async fn list_of(
        &self,
        listing: Listing,
        kind: EntityKind,
        counted: EntityKind,
        matched: &Matched,
        query: &Query,
    ) -> Result<Response<Bytes>, Error> {
        let scope = matched.steps();
        let tags = query.value("tags").filter(|_| kind.schema().field("tags").is_some());
        let page = PageRequest::parse(query.value("size"), query.value("offset"), tags)?;
        let filter = page.tags.clone();
        let mut list = match listing {
            Listing::ServiceApplications => self.registry.list_applications_of_service(&scope, page).await?,
            _ => self.registry.list(kind, &scope, page).await?,
        };
        if kind == EntityKind::ApplicationInstances {
            self.expand_applications(&scope, &mut list.data).await?;
        }
        let mut body = body_of(list, matched, query, tags);
        if has_total(kind) && is_counted(kind, &scope) {
            let total = self.registry.count(counted, &scope, filter.as_ref()).await?;
            body.insert("total".to_owned(), total.into());
        } else if query.asks_for_total() && listing == Listing::Of(kind) {
            let total = self.registry.count_found(&scope, filter.as_ref(), &Search::all(kind)).await?;
            body.extend(total.map(|total| ("total".to_owned(), total.into())));
        }
        Ok(answer::json(StatusCode::OK, &Value::Object(body)))
    }

    /// What is searched for has a total where one is asked for: that takes a look at all of it.
    async fn list_found(
        &self,
        search: &Search,
        kind: EntityKind,
        matched: &Matched,
        query: &Query,
    ) -> Result<Response<Bytes>, Error> {
        let tags = query.value("tags").filter(|_| kind.schema().field("tags").is_some());
        let page = PageRequest::parse(query.value("size"), query.value("offset"), tags)?;
        let scope = matched.steps();
        let mut list = self.registry.search(&scope, &page, search).await?;
        let total = match (page.is_first(), &list.offset) {
            _ if !query.asks_for_total() => None,
            (true, None) => Some(list.data.len()),
            _ => self.registry.count_found(&scope, page.tags.as_ref(), search).await?,
        };
        if kind == EntityKind::ApplicationInstances {
            self.expand_applications(&scope, &mut list.data).await?;
        }
        let data = list.data.into_iter().map(Value::Object).collect();
        let mut body = own_page_body(&matched.path(), query, data, list.offset);
        body.extend(total.map(|total| ("total".to_owned(), total.into())));
        Ok(answer::json(StatusCode::OK, &Value::Object(body)))
    }

    /// Every tag of every entity, or one tag of whoever has it.
    async fn list_tags(&self, matched: &Matched, query: &Query) -> Result<Response<Bytes>, Error> {
        let page = TagPage::parse(query.value("size"), query.value("offset"))?;
        let tag = Some(matched.text("tag")).filter(|tag| !tag.is_empty());
        let list = self.registry.list_tags(tag, &page).await?;
        Ok(answer::json(StatusCode::OK, &Value::Object(body_of(list, matched, query, None))))
    }

    async fn list_by_custom_id(&self, kind: EntityKind, custom_id: &str) -> Result<Response<Bytes>, Error> {
        if custom_id.is_empty() {
            return Ok(answer::message(StatusCode::BAD_REQUEST, "custom_id must be an unempty string"));
        }
        let found = self.registry.find_by(kind, "custom_id", custom_id).await?;
        let data: Vec<Object> = found.into_iter().collect();
        Ok(answer::json(StatusCode::OK, &json!({"data": data, "next": null})))
    }

    async fn list_by_client_id(&self, matched: &Matched, client_id: &str) -> Result<Response<Bytes>, Error> {
        let kind = EntityKind::Oauth2Credentials;
        let mut path = matched.steps();
        let (is_of_all, is_counted) = (path.is_empty(), is_counted(kind, &path));
        // The list of all has none of applications.
        let is_listed = |client: &Object| !is_of_all || client.get("application") == Some(&Value::Null);
        path.push(Step { kind, key: client_id });
        let found = match self.registry.read(&path).await {
            Ok(client) if is_listed(&client) => vec![Value::Object(client)],
            Ok(_) => Vec::new(),
            Err(Error::NotFound) => {
                path.pop();
                // Whether it is the client that is not there, or whose it would be.
                if !is_of_all {
                    self.registry.read(&path).await?;
                }
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let total = is_counted.then_some(found.len());
        let mut body = page_body(found, None, None);
        body.extend(total.map(|total| ("total".to_owned(), total.into())));
        Ok(answer::json(StatusCode::OK, &Value::Object(body)))
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

/// Whether `client_id` in the query asks a list of a kind for the one that has it.
pub(super) fn is_found_by_client_id(kind: EntityKind) -> bool {
    kind == EntityKind::Oauth2Credentials
}

/// Whether contracts below an entity of a kind are listed with their application whole.
pub(super) fn shows_application(kind: EntityKind) -> bool {
    kind == EntityKind::Applications
}

/// Lists of the developer's side say how many there are in all.
fn has_total(kind: EntityKind) -> bool {
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

/// All contracts are counted below what they are between alone, and OAuth2 clients below applications: those of
/// consumers are as keys.
fn is_counted(kind: EntityKind, scope: &[Step<'_>]) -> bool {
    match kind {
        EntityKind::ApplicationInstances => !scope.is_empty(),
        EntityKind::Oauth2Credentials => {
            scope.last().is_some_and(|step| step.kind == EntityKind::Applications)
        }
        _ => true,
    }
}

/// A page of what is no entity, in the form of Kong's lists.
pub(super) fn own_page(
    path: &str,
    query: &Query,
    data: Vec<Value>,
    offset: Option<String>,
) -> Response<Bytes> {
    answer::json(StatusCode::OK, &Value::Object(own_page_body(path, query, data, offset)))
}

/// The same before it is answered: the next page has the query of this one.
fn own_page_body(path: &str, query: &Query, data: Vec<Value>, offset: Option<String>) -> Map<String, Value> {
    let next = offset.as_ref().map(|offset| format!("{path}?{}", query.with_offset(offset)));
    page_body(data, next, offset)
}

/// A page in the form of Kong's lists.
fn page_body(data: Vec<Value>, next: Option<String>, offset: Option<String>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("next".to_owned(), next.into());
    body.extend(offset.map(|offset| ("offset".to_owned(), offset.into())));
    body.insert("data".to_owned(), data.into());
    body
}

fn body_of(list: List, matched: &Matched, query: &Query, tags: Option<&str>) -> Map<String, Value> {
    let next = list.offset.as_deref().map(|offset| next(matched, query, offset, tags));
    page_body(list.data.into_iter().map(Value::Object).collect(), next, list.offset)
}

/// What of a value stays as it is in the path of the next page.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',').remove(b'/');

/// Path of the next page, as Kong gives it: without the size when the list is nested.
fn next(matched: &Matched, query: &Query, offset: &str, tags: Option<&str>) -> String {
    let escaped = |text| utf8_percent_encode(text, ESCAPED);
    let tags = tags.map(|tags| format!("&tags={}", escaped(tags))).unwrap_or_default();
    let size = query.value("size").filter(|_| !matched.is_nested());
    let size = size.map(|size| format!("&size={}", escaped(size))).unwrap_or_default();
    format!("{}?offset={}{tags}{size}", matched.path(), escaped(offset))
}
