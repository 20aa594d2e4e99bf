//! Words around every page, and those of the script.

use crate::words::of_language;

/// Words of header, navigation and footer.
#[derive(Debug)]
pub(crate) struct Words {
    pub skip: &'static str,
    /// Names the navigation.
    pub navigation: &'static str,
    /// Opens and closes it where the page is narrow.
    pub menu: &'static str,
    pub close_menu: &'static str,
    pub services: &'static str,
    pub my_apps: &'static str,
    pub account: &'static str,
    pub log_in: &'static str,
    pub sign_up: &'static str,
    pub log_out: &'static str,
    pub requests: &'static str,
    /// Behind the number of those that wait, for screen readers.
    pub waiting: &'static str,
    pub routes: &'static str,
    pub developers: &'static str,
    pub applications: &'static str,
    pub contracts: &'static str,
    pub consumers: &'static str,
    pub audit: &'static str,
    pub settings: &'static str,
    /// Beside the name, on pages of administrators.
    pub manager: &'static str,
    pub help: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    /// Told where a filter leaves no row, or so many.
    pub rows: &'static str,
}

of_language!(Words);

const EN: Words = Words {
    skip: "Skip to the content",
    navigation: "Main",
    menu: "Menu",
    close_menu: "Close menu",
    services: "Services",
    my_apps: "My apps",
    account: "Account",
    log_in: "Log in",
    sign_up: "Sign up",
    log_out: "Log out",
    requests: "Requests",
    waiting: "waiting",
    routes: "Routes",
    developers: "Developers",
    applications: "Applications",
    contracts: "Contracts",
    consumers: "Consumers",
    audit: "Audit log",
    settings: "Settings",
    manager: "Manager",
    help: "Help",
    copy: "Copy",
    copied: "Copied",
    rows: "Shown on this page: ",
};

const JA: Words = Words {
    skip: "本文へ移動する",
    navigation: "メイン",
    menu: "メニュー",
    close_menu: "メニューを閉じる",
    services: "サービス",
    my_apps: "マイアプリ",
    account: "アカウント",
    log_in: "ログイン",
    sign_up: "新規登録",
    log_out: "ログアウト",
    requests: "利用申請",
    waiting: "件の承認待ち",
    routes: "ルート",
    developers: "開発者",
    applications: "アプリケーション",
    contracts: "サービス契約",
    consumers: "コンシューマー",
    audit: "監査ログ",
    settings: "設定",
    manager: "管理画面",
    help: "ヘルプ",
    copy: "コピーする",
    copied: "コピーしました",
    rows: "このページの表示件数: ",
};
