//! Back-ups and restores, as callers see them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::endpoints::{BackupCall, RestoreCall};
use super::information::VERSION;
use super::lists::{Query, own_page};
use super::routing::Matched;
use super::shapes::RESTORE_ASKED;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{BACKUP_FORMAT, Backup, Error, RecordPage, RestoreAsked};
use crate::schema::{Input, Mode, Object, parse_uuid, validate_record, whole_number};
use crate::whole_store::{Kept, Restoring, Run};
use latchkey_store::{RecordKey, Store};

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn backups(
        &self,
        call: BackupCall,
        matched: &Matched,
        query: &Query,
    ) -> Result<Response<Bytes>, Error> {
        match call {
            BackupCall::List => {
                let run = self.registry.running_backup().await?;
                Ok(own_page("/backups", query, run.iter().map(shown_run).collect(), None))
            }
            BackupCall::Begin => {
                let backup = self.registry.begin_backup().await?;
                Ok(answer::json(StatusCode::CREATED, &self.shown_backup(&backup)))
            }
            BackupCall::Page => {
                let id = parse_uuid(matched.text("backup")).ok_or(Error::NotFound)?;
                let size = RecordPage::parse(query.value("size"), None)?.size;
                let page = self.registry.backup_page(id, size, query.value("offset")).await?;
                let data = page.records.into_iter().map(|record| json!(Shown::of(record))).collect();
                Ok(own_page(&format!("/backups/{id}/pages"), query, data, page.offset))
            }
            BackupCall::End => {
                if let Some(id) = parse_uuid(matched.text("backup")) {
                    self.registry.end_backup(id).await?;
                }
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
        }
    }

    pub(super) async fn restores(
        &self,
        call: RestoreCall,
        matched: &Matched,
        query: &Query,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let id = parse_uuid(matched.text("restore"));
        match call {
            RestoreCall::List => {
                let found = self.registry.running_restore().await?;
                let data = found.iter().map(|(run, restoring)| shown_restore(run, restoring)).collect();
                Ok(own_page("/restores", query, data, None))
            }
            RestoreCall::Begin => {
                let asked = asked(&input.typed_by(RESTORE_ASKED))?;
                let (run, restoring) = self.registry.begin_restore(&asked).await?;
                Ok(answer::json(StatusCode::CREATED, &shown_restore(&run, &restoring)))
            }
            RestoreCall::Part => {
                let number = matched.text("part").parse().ok();
                let (id, number) = id.zip(number).ok_or(Error::NotFound)?;
                let records = records(&input)?;
                let (run, restoring) = self.registry.restore_part(id, number, records).await?;
                Ok(answer::json(StatusCode::OK, &shown_restore(&run, &restoring)))
            }
            RestoreCall::Finish => {
                let parts = asked_parts(&input.typed_by(super::shapes::RESTORE_FINISHED))?;
                self.registry.finish_restore(id.ok_or(Error::NotFound)?, parts).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            RestoreCall::GiveUp => {
                if let Some(id) = id {
                    self.registry.give_up_restore(id).await?;
                }
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
        }
    }

    fn shown_backup(&self, backup: &Backup) -> Value {
        let Backup { id, at_ms, peppers, published_format, epoch } = backup;
        json!({
            "id": id,
            "created_at": at_ms / 1000,
            "format": BACKUP_FORMAT,
            "version": VERSION,
            "hostname": self.settings.hostname,
            "peppers": peppers,
            "published_format": published_format,
            "epoch": epoch,
        })
    }
}

fn shown_run(run: &Run) -> Value {
    let who = &run.actor.who;
    let who = json!({"kind": who.kind, "id": who.id, "name": who.name});
    json!({"id": run.id, "created_at": run.began_at_ms / 1000, "who": who})
}

fn shown_restore(run: &Run, restoring: &Restoring) -> Value {
    let mut shown = shown_run(run);
    let Restoring { backup, stage, next_part, epoch: _ } = restoring;
    shown["backup"] = json!(backup);
    shown["stage"] = stage.name().into();
    shown["next_part"] = (*next_part).into();
    shown
}

/// A record, in text where its bytes are one, and that is not longer than in base64. With neither, it
/// was not there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    partition: String,
    sort: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Shown {
    fn of(record: Kept) -> Self {
        let Kept { key: RecordKey { partition, sort }, value } = record;
        let (text, base64) = match value.map(String::from_utf8) {
            None => (None, None),
            Some(Ok(text)) if escaped_bytes(&text) <= text.len() + text.len() / 3 => (Some(text), None),
            Some(Ok(text)) => (None, Some(STANDARD.encode(text))),
            Some(Err(bytes)) => (None, Some(STANDARD.encode(bytes.as_bytes()))),
        };
        Shown { partition, sort, text, base64 }
    }

    /// `None`: it says two things, or what is no base64.
    fn kept(self) -> Option<Kept> {
        let Shown { partition, sort, text, base64 } = self;
        let value = match (text, base64) {
            (None, None) => None,
            (Some(text), None) => Some(text.into_bytes()),
            (None, Some(base64)) => Some(STANDARD.decode(base64).ok()?),
            (Some(_), Some(_)) => return None,
        };
        Some(Kept { key: RecordKey::new(partition, sort), value })
    }
}

/// Bytes that a text takes in JSON, at most, without its quotes.
fn escaped_bytes(text: &str) -> usize {
    let escaped = |byte| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

/// The records of a part.
fn records(input: &Input<'_>) -> Result<Vec<Kept>, Error> {
    const SENTENCE: &str =
        "must be a list of records, each with a partition, a sort key, and a text or base64";
    let data = match input {
        Input::Object(object) => object.get("data"),
        Input::Texts(_) => None,
    };
    let shown = data.and_then(|data| Vec::<Shown>::deserialize(data).ok());
    let kept = shown.and_then(|shown| shown.into_iter().map(Shown::kept).collect());
    kept.ok_or_else(|| Error::field("data", SENTENCE))
}

fn asked(input: &Object) -> Result<RestoreAsked, Error> {
    let record = validate_record(RESTORE_ASKED, Mode::Whole, input).map_err(Error::Schema)?;
    let number = |name: &str| record.get(name).and_then(whole_number).and_then(|n| u64::try_from(n).ok());
    let required = |name: &str| number(name).ok_or_else(|| Error::field(name, "required field missing"));
    let peppers = record.get("peppers").map(Vec::deserialize).and_then(Result::ok);
    Ok(RestoreAsked {
        backup: record.get("id").and_then(Value::as_str).and_then(parse_uuid).unwrap_or(Uuid::nil()),
        format: required("format")?,
        peppers: peppers.ok_or_else(|| Error::field("peppers", "expected a list of ids of peppers"))?,
        published_format: required("published_format")?,
        epoch: required("epoch")?,
        replace: record.get("replace").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn asked_parts(input: &Object) -> Result<u64, Error> {
    let record =
        validate_record(super::shapes::RESTORE_FINISHED, Mode::Whole, input).map_err(Error::Schema)?;
    let parts = record.get("parts").and_then(whole_number).and_then(|parts| u64::try_from(parts).ok());
    parts.ok_or_else(|| Error::field("parts", "required field missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back() {
        for value in [
            None,
            Some(vec![]),
            Some(br#"{"a":"b"}"#.to_vec()),
            Some(vec![0xff, 0, 1]),
            Some(vec![0; 100]),
            Some("ü\u{10ffff}\"\\\n".as_bytes().to_vec()),
        ] {
            let kept = Kept { key: RecordKey::new("p", ""), value };
            let text = serde_json::to_string(&Shown::of(kept.clone())).unwrap();
            let bytes = kept.value.as_ref().map_or(0, Vec::len);
            assert!(text.len() <= 64 + bytes + bytes / 3 + 4, "{text}");
            assert_eq!(serde_json::from_str::<Shown>(&text).unwrap().kept(), Some(kept));
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (text, sentence) in [
            (json!({"partition": "p", "sort": "", "text": "a", "base64": "YQ=="}), "two values"),
            (json!({"partition": "p", "sort": "", "base64": "a"}), "no base64"),
            (json!({"partition": "p", "sort": "", "hex": "00"}), "an unknown member"),
            (json!({"partition": "p"}), "no sort key"),
            (json!({"partition": 1, "sort": ""}), "a number"),
        ] {
            let object = Object::from_iter([("data".to_owned(), json!([text]))]);
            assert!(records(&Input::Object(&object)).is_err(), "{sentence}");
        }
        assert_eq!(records(&Input::Object(&Object::from_iter([("data".to_owned(), json!([]))]))), Ok(vec![]));
        assert!(records(&Input::Object(&Object::new())).is_err());
    }
}
