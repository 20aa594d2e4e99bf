//! Decisions about many contracts at once.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Decided, Decision, Error};
use crate::schema::{DECISION, Input, Mode, validate_record};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn decide_contracts(&self, input: Input<'_>) -> Result<Response<Bytes>, Error> {
        let asked =
            validate_record(DECISION, Mode::Whole, &input.typed_by(DECISION)).map_err(Error::Schema)?;
        let ids = asked.get("contracts").and_then(Value::as_array).into_iter().flatten();
        let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
        let to = asked.get("status").and_then(Value::as_i64).unwrap_or_default();
        let decision = Decision::new(to, asked.get("reason").cloned().unwrap_or_default());
        let decided = self.registry.decide_contracts(&ids, &decision).await?;
        let data: Vec<Value> = ids.iter().zip(decided).map(|(id, decided)| shown(id, decided, to)).collect();
        Ok(answer::json(StatusCode::OK, &json!({"data": data})))
    }
}

fn shown(id: &str, decided: Decided, to: i64) -> Value {
    let status = match decided {
        Decided::Done | Decided::Already => Some(to),
        Decided::Left(status) => Some(status),
        Decided::Gone | Decided::NotReached => None,
    };
    json!({"id": id, "became": decided.name(), "status": status})
}
