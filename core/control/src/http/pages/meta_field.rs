//! What administrators ask developers for besides an address, as endpoints say it.

use super::answered::answered;

answered! {
    /// A field that is asked for.
    pub(super) struct MetaField {
        pub(super) title: String,
        pub(super) label: String,
        pub(super) is_email: bool,
        pub(super) validator: Validator,
    }

    pub(super) struct Validator {
        pub(super) r#type: String,
        pub(super) required: bool,
    }
}
