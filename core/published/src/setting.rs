//! What one plane tells the other, as typed structs.
//!
//! Each field with a default is here once, as a [`Setting`]: the tables of `schema` fill it in when an
//! entity is saved, the gateway takes it where what is stored is from before the field. So they
//! cannot differ, and a program that brings a new setting reads what an older one stored.

/// A field of a stored object, and what its absence means.
#[derive(Clone, Copy, Debug)]
pub struct Setting<T> {
    /// Its name in the stored object.
    pub name: &'static str,
    /// What its absence means.
    pub default: T,
}

impl<T> Setting<T> {
    /// A field and what its absence means.
    pub const fn new(name: &'static str, default: T) -> Self {
        Setting { name, default }
    }
}

impl Setting<Texts> {
    /// The default, to be kept.
    pub fn default_texts(&self) -> Vec<String> {
        self.default.iter().map(|text| (*text).to_owned()).collect()
    }
}

/// Several texts, in order.
pub type Texts = &'static [&'static str];
