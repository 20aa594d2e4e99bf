//! Tags: the index that lists by tags are made of, and the list of all tags.
//!
//! An entity has a record for each of its tags, and one that says that it has any, written in the
//! commit that changes its tags. They hold nothing: what is listed is read from the entity itself.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::client::is_of_application;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::jobs::{Job, ROOM};
use super::pages::{List, decode_offset, encode_offset, parse_size};
use super::records;
use super::selection::{Ids, Selection, before};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, check_tag};
use latchkey_published::limits;
use latchkey_store::Store;

/// Kinds whose tags are indexed, in the order of `/tags`. Credentials of applications are listed below
/// their application alone, and it may have many of them changed in one commit: theirs are not.
const INDEXED: [EntityKind; 6] = [
    EntityKind::Consumers,
    EntityKind::KeyauthCredentials,
    EntityKind::Plugins,
    EntityKind::Routes,
    EntityKind::Services,
    EntityKind::Oauth2Credentials,
];

/// Pages of entities that one commit of the job looks through, at most.
const PAGES_INDEXED_AT_ONCE: usize = 50;

/// Which tags a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    tags: Vec<String>,
    /// Whether an entity must have all of them, or any.
    all: bool,
}

impl TagFilter {
    /// `a,b`: all of them; `a/b`: any.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |sentence| Err(Error::InvalidOption { option: "tags", sentence });
        if text.is_empty() {
            return refuse("cannot be null");
        }
        let Some((separator, tags)) = [',', '/'].into_iter().find_map(|separator| pieces(text, separator))
        else {
            return refuse("invalid filter syntax");
        };
        if tags.len() > limits::TAGS_ASKED_MAX {
            return refuse("cannot query more than 5 tags");
        }
        Ok(TagFilter { tags, all: separator == ',' })
    }

    /// Whether an entity has them.
    pub(super) fn matches(&self, object: &Object) -> bool {
        let tags = tags_of(object);
        let has = |tag: &String| tags.contains(&tag.as_str());
        if self.all { self.tags.iter().all(has) } else { self.tags.iter().any(has) }
    }
}

/// Tags with a separator between them, and maybe one at the end, as in Kong.
fn pieces(text: &str, separator: char) -> Option<(char, Vec<String>)> {
    let tags: Vec<String> = text.split(separator).map(str::to_owned).collect();
    let (last, others) = tags.split_last()?;
    let valid = |tag: &String| !tag.is_empty() && check_tag(tag).is_ok();
    let ends_well = valid(last) || (last.is_empty() && !others.is_empty());
    (ends_well && others.iter().all(valid)).then_some((separator, tags))
}

/// Which page of the list of tags.
#[derive(Clone, Debug)]
pub struct TagPage {
    size: usize,
    after: Option<(EntityKind, Uuid, String)>,
}

impl TagPage {
    /// The page that `size` and `offset` of a query ask for.
    pub fn parse(size: Option<&str>, offset: Option<&str>) -> Result<Self, Error> {
        let size = parse_size(size)?;
        let Some(offset) = offset else { return Ok(TagPage { size, after: None }) };
        let decoded: (String, Uuid, String) = decode_offset(offset)?;
        let (kind, id, tag) = decoded;
        let kind = EntityKind::parse(&kind).ok_or_else(|| Error::InvalidOffset(offset.to_owned()))?;
        Ok(TagPage { size, after: Some((kind, id, tag)) })
    }
}

fn tags_of(object: &Object) -> Vec<&str> {
    let tags = object.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).collect()
}

/// The tags that an entity is indexed under. An entity from before there was a bound may have more.
pub(super) fn indexed_tags(kind: EntityKind, object: &Object) -> Vec<&str> {
    let mut tags = tags_of(object);
    let is_indexed =
        INDEXED.contains(&kind) && !(kind == EntityKind::Oauth2Credentials && is_of_application(object));
    tags.truncate(if is_indexed { limits::TAGS_MAX } else { 0 });
    tags
}

impl<S: Store> EntityTransaction<'_, S> {
    /// Brings the index of tags from an entity as it was to what becomes of it.
    pub(super) fn index_tags(
        &mut self,
        kind: EntityKind,
        id: Uuid,
        old: Option<&Object>,
        new: Option<&Object>,
    ) {
        let indexed = |object: Option<&'_ Object>| -> Vec<String> {
            let tags = object.map(|object| indexed_tags(kind, object)).unwrap_or_default();
            tags.into_iter().map(str::to_owned).collect()
        };
        let (before, after) = (indexed(old), indexed(new));
        for tag in before.iter().filter(|tag| !after.contains(tag)) {
            self.delete(records::tagged(kind, tag, id));
        }
        for tag in after.iter().filter(|tag| !before.contains(tag)) {
            self.put(records::tagged(kind, tag, id), Vec::new());
        }
        match (before.is_empty(), after.is_empty()) {
            (true, false) => self.put(records::with_tags(kind, id), Vec::new()),
            (false, true) => self.delete(records::with_tags(kind, id)),
            (true, true) | (false, false) => {}
        }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The ids of the entities of a kind that are indexed under the tags asked for, after `after`.
    pub(super) fn select_tagged(
        &self,
        kind: EntityKind,
        filter: &TagFilter,
        after: Option<Uuid>,
    ) -> Selection<'_, S> {
        let index =
            |tag: &String| Ids::new(&self.store, records::tagged_partition(kind, tag), String::new(), after);
        Selection { indexes: filter.tags.iter().map(index).collect(), in_all: filter.all }
    }

    /// A page of all tags of all entities, or of those that are `tag`.
    pub async fn list_tags(&self, tag: Option<&str>, page: &TagPage) -> Result<List, Error> {
        if let Some(Err(sentence)) = tag.map(check_tag) {
            return Err(Error::InvalidUnique { field: "tag", sentence });
        }
        let mut found = Vec::new();
        let resumed = page.after.as_ref().map(|(kind, ..)| *kind);
        for kind in INDEXED.into_iter().skip_while(|kind| resumed.is_some_and(|resumed| resumed != *kind)) {
            let after = page.after.as_ref().filter(|(resumed, ..)| *resumed == kind);
            self.list_tags_of(
                kind,
                tag,
                after.map(|(_, id, tag)| (*id, tag.as_str())),
                page.size,
                &mut found,
            )
            .await?;
        }
        let more = found.len() > page.size;
        found.truncate(page.size);
        let offset = found.last().filter(|_| more).map(encode_offset);
        let shown = |(kind, id, tag): &(&str, Uuid, String)| {
            Object::from_iter([
                ("entity_name".to_owned(), (*kind).into()),
                ("entity_id".to_owned(), id.to_string().into()),
                ("tag".to_owned(), tag.as_str().into()),
            ])
        };
        Ok(List { data: found.iter().map(shown).collect(), offset })
    }

    /// Adds the tags of the entities of a kind after a tag of one of them, until there are more than
    /// `size` in all.
    async fn list_tags_of(
        &self,
        kind: EntityKind,
        tag: Option<&str>,
        after: Option<(Uuid, &str)>,
        size: usize,
        found: &mut Vec<(&'static str, Uuid, String)>,
    ) -> Result<(), Error> {
        let (partition, prefix) = match tag {
            Some(tag) => (records::tagged_partition(kind, tag), String::new()),
            None => (records::WITH_TAGS.to_owned(), records::child_prefix(kind)),
        };
        // The entity itself may have more of them.
        let index = Ids::new(&self.store, partition, prefix, after.and_then(|(id, _)| before(id)));
        let mut selection = Selection { indexes: vec![index], in_all: false };
        while found.len() <= size {
            let wanted = size + 1 - found.len();
            let ids = selection.next(wanted).await?;
            for object in self.load_all(kind, &ids, self.clock.unix_ms()).await? {
                let id = id_of(&object)?;
                let mut tags = tags_of(&object);
                tags.sort_unstable();
                tags.retain(|own| tag.is_none_or(|tag| tag == *own));
                tags.retain(|own| after.is_none_or(|(after, last)| after != id || *own > last));
                found.extend(tags.into_iter().map(|tag| (kind.name(), id, tag.to_owned())));
            }
            if ids.len() < wanted {
                break;
            }
        }
        Ok(())
    }

    /// Leaves a job, once, that indexes what was stored before there was an index. A new store needs none.
    pub(super) async fn leave_tags_to_index(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        is_new: bool,
    ) -> Result<(), Error> {
        if transaction.read_json::<bool>(&records::tags_indexed()).await?.is_none() {
            transaction.put_json(records::tags_indexed(), &true);
            if !is_new {
                self.leave_job(transaction, Job::IndexTags { kind: INDEXED[0], after: None });
            }
        }
        Ok(())
    }

    /// Indexes the tags of the next entities, as many as a commit has room for. Answers where to go on.
    pub(super) async fn index_next_tags(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        mut after: Option<Uuid>,
    ) -> Result<Option<(EntityKind, Option<Uuid>)>, Error> {
        for _ in 0..PAGES_INDEXED_AT_ONCE {
            let page = transaction.entities_page(kind, after, limits::PAGE_SIZE_DEFAULT).await?;
            for object in &page.objects {
                let id = id_of(object)?;
                if !tags_of(object).is_empty() {
                    if transaction.size() + limits::TAGS_MAX + 2 > ROOM {
                        return Ok(Some((kind, after)));
                    }
                    // Read again, so that the commit is refused if it changes meanwhile.
                    let object = transaction.load(kind, id).await?;
                    transaction.index_tags(kind, id, None, object.as_ref());
                }
                after = Some(id);
            }
            if !page.more {
                let next = INDEXED.into_iter().skip_while(|indexed| *indexed != kind).nth(1);
                return Ok(next.map(|kind| (kind, None)));
            }
        }
        Ok(Some((kind, after)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_of_two_kinds() {
        let filter = |text| TagFilter::parse(text).map(|filter| (filter.tags.join("|"), filter.all));
        for (text, tags, all) in [
            ("a", "a", true),
            ("a,b", "a|b", true),
            ("a/b", "a|b", false),
            ("a,", "a|", true),
            ("a/", "a|", false),
            ("a b,🦍", "a b|🦍", true),
            ("a,b,c,d,e", "a|b|c|d|e", true),
        ] {
            assert_eq!(filter(text), Ok((tags.to_owned(), all)), "{text}");
        }
        for (text, sentence) in [
            ("", "cannot be null"),
            (",", "invalid filter syntax"),
            ("/", "invalid filter syntax"),
            (",a", "invalid filter syntax"),
            ("a,,b", "invalid filter syntax"),
            ("a,b/c", "invalid filter syntax"),
            ("a\n", "invalid filter syntax"),
            ("a,b,c,d,e,f", "cannot query more than 5 tags"),
            ("a/b/c/d/e/f", "cannot query more than 5 tags"),
        ] {
            assert_eq!(filter(text), Err(Error::InvalidOption { option: "tags", sentence }), "{text}");
        }
    }

    #[test]
    fn an_entity_has_all_of_the_tags_or_any() {
        let object = json!({"tags": ["a", "b"]});
        let Value::Object(object) = object else { unreachable!("it is written so") };
        for (text, matches) in [
            ("a", true),
            ("a,b", true),
            ("a,c", false),
            ("a/c", true),
            ("c/d", false),
            ("a,", false),
            ("c/a/", true),
        ] {
            assert_eq!(TagFilter::parse(text).unwrap().matches(&object), matches, "{text}");
        }
        assert!(!TagFilter::parse("a").unwrap().matches(&Object::new()));
    }
}
