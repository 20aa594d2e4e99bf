//! What endpoints answer, read member by member.
//!
//! What serde derives visits each kind of struct in code of its own, which for the fifty or so of pages was
//! a large part of the Worker's script.

use std::collections::BTreeMap;

use latchkey_pages::Language;
use serde_json::Value;

use crate::schema::Object;

/// What can be read of an answer. Its default stands where something is wrong, until all is read.
pub(super) trait Answered: Default {
    /// What a value says; `None`: it is none of this kind. What an object has not is null.
    fn of(value: Value) -> Option<Self>;
}

/// The members of an object, while they are read.
pub(super) struct Members {
    left: Object,
    is_wrong: bool,
}

impl Members {
    /// Those of a value that is an object.
    pub(super) fn of(value: Value) -> Self {
        match value {
            Value::Object(left) => Members { left, is_wrong: false },
            _ => Members { left: Object::new(), is_wrong: true },
        }
    }

    /// Reads one, by the name of its field.
    #[inline(never)]
    pub(super) fn take<T: Answered>(&mut self, field: &str) -> T {
        let read = T::of(self.left.remove(field.trim_start_matches("r#")).unwrap_or_default());
        self.is_wrong |= read.is_none();
        read.unwrap_or_default()
    }

    /// Those that are left.
    pub(super) fn rest(&mut self) -> Value {
        Value::Object(std::mem::take(&mut self.left))
    }

    /// What was read, if all was there.
    pub(super) fn whole<T>(self, read: T) -> Option<T> {
        (!self.is_wrong).then_some(read)
    }
}

/// `answered! { struct Service { id: String, name: Option<String> } }`: structs with a member for each field.
macro_rules! answered {
    ($(
        $(#[$meta:meta])* $vis:vis struct $name:ident {
            $($(#[$doc:meta])* $of:vis $field:ident: $kind:ty),* $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Default)]
        $vis struct $name {
            $($(#[$doc])* $of $field: $kind,)*
        }

        impl $crate::http::pages::answered::Answered for $name {
            fn of(value: ::serde_json::Value) -> Option<Self> {
                let mut members = $crate::http::pages::answered::Members::of(value);
                let read = $name { $($field: members.take(stringify!($field)),)* };
                members.whole(read)
            }
        }
    )*};
}
pub(super) use answered;

impl Answered for String {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Answered for bool {
    /// Settings of forms leave out what is not so.
    fn of(value: Value) -> Option<Self> {
        if value.is_null() { Some(false) } else { value.as_bool() }
    }
}

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Answered for $number {
            fn of(value: Value) -> Option<Self> {
                value.as_u64()?.try_into().ok()
            }
        }
    )*};
}
numbers!(u8 u16 u64);

impl<T: Answered> Answered for Option<T> {
    fn of(value: Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::of(value).map(Some) }
    }
}

impl<T: Answered> Answered for Vec<T> {
    /// A list that was not asked for is left out.
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(Vec::new()),
            Value::Array(values) => values.into_iter().map(T::of).collect(),
            _ => None,
        }
    }
}

impl<T: Answered> Answered for BTreeMap<String, T> {
    fn of(value: Value) -> Option<Self> {
        let Value::Object(members) = value else { return None };
        members.into_iter().map(|(name, value)| Some((name, T::of(value)?))).collect()
    }
}

impl Answered for Object {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Answered for Value {
    fn of(value: Value) -> Option<Self> {
        Some(value)
    }
}

/// That there is something.
impl Answered for () {
    fn of(_: Value) -> Option<Self> {
        Some(())
    }
}

impl Answered for Language {
    fn of(value: Value) -> Option<Self> {
        Language::parse(value.as_str()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    answered! {
        struct Whole {
            id: String,
            r#type: Option<String>,
            ports: Vec<u16>,
            is_set: bool,
            part: Option<Part>,
        }

        struct Part {
            count: u64,
        }
    }

    #[test]
    fn members_are_read_by_name_and_others_are_not_looked_at() {
        let read = Whole::of(json!({"id": "a", "type": "b", "ports": [1, 65535], "other": 1,
            "is_set": true, "part": {"count": 7}}));
        let read = read.unwrap();
        assert_eq!((read.id.as_str(), read.r#type.as_deref(), read.ports), ("a", Some("b"), vec![1, 65535]));
        assert!(read.is_set && read.part.is_some_and(|part| part.count == 7));
    }

    #[test]
    fn what_may_be_left_out_has_its_default_and_all_else_must_be_there() {
        let read = Whole::of(json!({"id": "a", "type": null})).unwrap();
        assert!(read.r#type.is_none() && read.ports.is_empty() && !read.is_set && read.part.is_none());
        for wrong in [
            json!({}),
            json!([]),
            json!({"id": null}),
            json!({"id": 1}),
            json!({"id": "a", "type": 1}),
            json!({"id": "a", "ports": [65536]}),
            json!({"id": "a", "ports": {}}),
            json!({"id": "a", "is_set": "true"}),
            json!({"id": "a", "part": {}}),
            json!({"id": "a", "part": {"count": -1}}),
        ] {
            assert!(Whole::of(wrong.clone()).is_none(), "{wrong}");
        }
    }
}
