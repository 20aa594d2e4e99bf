//! What many pages say.

use std::borrow::Cow;

use crate::Language;
use crate::parts::State;
use crate::sentences;

/// Gives an area's words of a language.
macro_rules! of_language {
    ($area:ident) => {
        impl $area {
            /// Those of a language.
            pub(crate) fn of(language: crate::Language) -> &'static Self {
                match language {
                    crate::Language::En => &EN,
                    crate::Language::Ja => &JA,
                }
            }
        }
    };
}
pub(crate) use of_language;

/// Words of buttons, columns and states.
#[derive(Debug)]
pub(crate) struct Common {
    language: Language,
    pub optional: &'static str,
    /// Above what is wrong in a form.
    pub faults: &'static str,
    pub cancel: &'static str,
    pub save: &'static str,
    pub create: &'static str,
    pub delete: &'static str,
    pub suspend: &'static str,
    pub resume: &'static str,
    pub approve: &'static str,
    pub reject: &'static str,
    pub revoke: &'static str,
    pub approve_again: &'static str,
    pub search: &'static str,
    pub filter: &'static str,
    pub all: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub service: &'static str,
    pub route: &'static str,
    pub application: &'static str,
    pub developer: &'static str,
    pub consumer: &'static str,
    pub key: &'static str,
    pub state: &'static str,
    pub since: &'static str,
    pub created: &'static str,
    pub reason: &'static str,
    pub actions: &'static str,
    pub details: &'static str,
    /// Of a section with what takes access away.
    pub danger: &'static str,
    pub what_stops: &'static str,
    pub active: &'static str,
    pub suspended: &'static str,
    pub expired: &'static str,
    pub expires: &'static str,
    pub never: &'static str,
    pub none: &'static str,
    pub start_of_key: &'static str,
    pub select_and_copy: &'static str,
    pub shown_once: &'static str,
    pub first_page: &'static str,
    pub next_page: &'static str,
    pub total: fn(u64) -> String,
    pub found: fn(u64) -> String,
    pub found_of: fn(u64, u64) -> String,
    approved: &'static str,
    requested: &'static str,
    rejected: &'static str,
    revoked: &'static str,
    no_contract: &'static str,
}

of_language!(Common);

impl Common {
    /// What an endpoint says is wrong.
    pub(crate) fn fault<'s>(&self, said: &'s str) -> Cow<'s, str> {
        sentences::said_in(self.language, said)
    }

    /// The word for a state that administrators read; developers read another for some.
    pub(crate) fn state(&self, state: State) -> &'static str {
        match state {
            State::Active => self.approved,
            State::Waiting => self.requested,
            State::Rejected => self.rejected,
            State::Revoked => self.revoked,
            State::None => self.no_contract,
        }
    }
}

const EN: Common = Common {
    language: Language::En,
    optional: "optional",
    faults: "This has to be put right",
    cancel: "Cancel",
    save: "Save",
    create: "Create",
    delete: "Delete",
    suspend: "Suspend",
    resume: "Resume",
    approve: "Approve",
    reject: "Reject",
    revoke: "Revoke",
    approve_again: "Approve again",
    search: "Search",
    filter: "Filter",
    all: "All",
    name: "Name",
    description: "Description",
    service: "Service",
    route: "Route",
    application: "Application",
    developer: "Developer",
    consumer: "Consumer",
    key: "Key",
    state: "State",
    since: "Since",
    created: "Created",
    reason: "Reason",
    actions: "Actions",
    details: "Details",
    danger: "Take access away",
    what_stops: "What stops",
    active: "Active",
    suspended: "Suspended",
    expired: "Expired",
    expires: "Expires",
    never: "Never",
    none: "None",
    start_of_key: "Begins with",
    select_and_copy: "Select the whole line and copy it.",
    shown_once: "Shown once: store it now.",
    first_page: "First page",
    next_page: "Next page",
    total: |total| format!("{total} in all"),
    found: |found| format!("{found} found"),
    found_of: |found, all| format!("{found} of {all}"),
    approved: "Approved",
    requested: "Requested access",
    rejected: "Rejected",
    revoked: "Revoked",
    no_contract: "None",
};

const JA: Common = Common {
    language: Language::Ja,
    optional: "任意",
    faults: "修正が必要な項目があります",
    cancel: "キャンセルする",
    save: "保存する",
    create: "作成する",
    delete: "削除する",
    suspend: "一時停止する",
    resume: "再開する",
    approve: "承認する",
    reject: "却下する",
    revoke: "取り消す",
    approve_again: "再承認する",
    search: "検索する",
    filter: "絞り込む",
    all: "すべて",
    name: "名前",
    description: "説明",
    service: "サービス",
    route: "ルート",
    application: "アプリケーション",
    developer: "開発者",
    consumer: "コンシューマー",
    key: "キー",
    state: "状態",
    since: "開始日時",
    created: "作成日時",
    reason: "理由",
    actions: "操作",
    details: "詳細",
    danger: "アクセスの停止",
    what_stops: "影響",
    active: "有効",
    suspended: "一時停止中",
    expired: "期限切れ",
    expires: "有効期限",
    never: "無期限",
    none: "なし",
    start_of_key: "先頭の文字",
    select_and_copy: "行全体を選択してコピーしてください。",
    shown_once: "この画面でのみ表示されます。今すぐ保存してください。",
    first_page: "最初のページ",
    next_page: "次のページ",
    total: |total| format!("全{total}件"),
    found: |found| format!("{found}件見つかりました"),
    found_of: |found, all| format!("{all}件中{found}件"),
    approved: "承認済み",
    requested: "承認待ち",
    rejected: "却下",
    revoked: "取り消し済み",
    no_contract: "未申請",
};
