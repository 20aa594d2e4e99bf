//! Pages of consumers, the audit, settings and tokens.

mod audit;
mod consumer;
mod consumers;
mod find_key;
mod keys;
mod settings;
mod tokens;

use bytes::Bytes;
use http::Response;

use crate::http::page_names::HousePage;
use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn house_page(&self, page: HousePage) -> Result<Response<Bytes>, Refusal> {
        match page {
            HousePage::Consumers => self.consumers().await,
            HousePage::ConsumerNew => self.consumer_new().await,
            HousePage::Consumer => self.consumer().await,
            HousePage::ConsumerSuspend => self.consumer_set_enabled(false).await,
            HousePage::ConsumerResume => self.consumer_set_enabled(true).await,
            HousePage::ConsumerDelete => self.consumer_delete().await,
            HousePage::KeyNew => self.consumer_key_new().await,
            HousePage::KeyRotate => self.consumer_key_rotate().await,
            HousePage::KeyEndOld => self.consumer_key_end_old().await,
            HousePage::KeySuspend => self.consumer_key_set_enabled(false).await,
            HousePage::KeyResume => self.consumer_key_set_enabled(true).await,
            HousePage::KeyDelete => self.consumer_key_delete().await,
            HousePage::Audit => self.audit().await,
            HousePage::AuditExport => self.audit_export().await,
            HousePage::Tokens => self.tokens().await,
            HousePage::TokenNew => self.token_new().await,
            HousePage::TokenDelete => self.token_delete().await,
            HousePage::Settings => self.settings().await,
            HousePage::SettingsLook => self.settings_look().await,
            HousePage::SettingsLogo => self.settings_logo().await,
            HousePage::SettingsLogoRemove => self.settings_logo_remove().await,
            HousePage::SettingsTestMail => self.settings_test_mail().await,
            HousePage::SettingsSignUp => self.settings_sign_up().await,
            HousePage::SettingsMail => self.settings_mail().await,
            HousePage::FindKey => self.find_key().await,
        }
    }
}
