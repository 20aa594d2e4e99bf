//! What one plane tells the other, as typed structs.
//!
//! Each field with a default is here once, as a [`Setting`]: the tables of `schema` fill it in when an
//! entity is saved, the gateway takes it where what is stored is from before the field. So they
//! cannot differ, and a program that brings a new setting reads what an older one stored.

pub(crate) mod plugins;
pub(crate) mod routes;
pub(crate) mod services;

/// A field of a stored object, and what its absence means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) name: &'static str,
    pub(crate) default: T,
}

impl<T> Setting<T> {
    const fn new(name: &'static str, default: T) -> Self {
        Setting { name, default }
    }
}

/// Several texts, in order.
pub(crate) type Texts = &'static [&'static str];
