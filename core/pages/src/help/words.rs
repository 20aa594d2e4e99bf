//! Words and what they mean.

use crate::parts::State;
use crate::words::of_language;

/// A word and what it means.
#[derive(Debug)]
pub(super) struct Term(pub(super) &'static str, pub(super) &'static str);

/// The help of both fronts.
#[derive(Debug)]
pub(super) struct Words {
    pub title: &'static str,
    pub portal_lead: &'static str,
    pub manager_lead: &'static str,
    pub terms_title: &'static str,
    pub portal: [Term; 6],
    pub manager: [Term; 10],
    pub states_title: &'static str,
    pub states: [(State, &'static str); 5],
}

of_language!(Words);

const EN: Words = Words {
    title: "Help",
    portal_lead: "Make an application, request access to a service, generate a credential, and call the service with it.",
    manager_lead: "Add a service and a route to it, ask for keys, and open it in the portal.",
    terms_title: "Words",
    portal: [
        Term("Service", "An API that an application can be given access to."),
        Term("Application", "What calls services for you. Access and credentials belong to it."),
        Term("Request access", "Asks an administrator to let an application call a service."),
        Term(
            "Credential",
            "An API key (Client ID) that goes along with each call, and where a service asks for it a client secret. It is shown once: store it as you store a password.",
        ),
        Term("Rotate", "Makes a new key. The old key stays good until the end that you choose."),
        Term("Expires", "From then on calls with the key are refused."),
    ],
    manager: [
        Term("Service", "Where requests go: a name and a URL."),
        Term("Route", "Which requests go to a service."),
        Term("key-auth", "A plugin: a service with it asks for a key with each call."),
        Term(
            "application-registration",
            "A plugin: a service with it is shown in the portal, and developers request access there.",
        ),
        Term("Developer", "Has an account in the portal, and applications."),
        Term("Application", "What calls services for a developer. Access and keys belong to it."),
        Term("Contract", "Access of one application to one service, with its state."),
        Term("Consumer", "Calls services without an account in the portal. Its keys are made here."),
        Term("Rotate", "Makes a new key. The old key stays good until the end that you choose."),
        Term("Admin token", "Logs in here, and calls the Admin API."),
    ],
    states_title: "States of access to a service",
    states: [
        (State::Active, "Calls with keys of the application pass."),
        (State::Waiting, "An administrator has to decide. Calls are refused until then."),
        (State::Rejected, "Access was not given. It can be requested again."),
        (State::Revoked, "Access was taken away, and calls are refused."),
        (State::None, "Access has not been requested."),
    ],
};

const JA: Words = Words {
    title: "ヘルプ",
    portal_lead: "アプリケーションを作成し、サービスの利用を申請し、認証情報を発行して、サービスを呼び出します。",
    manager_lead: "サービスとルートを追加し、キーを必須にして、ポータルで公開します。",
    terms_title: "用語",
    portal: [
        Term("サービス", "アプリケーションが利用できるAPIです。"),
        Term(
            "アプリケーション",
            "サービスを呼び出すプログラムです。利用の権限と認証情報はアプリケーションごとに管理されます。",
        ),
        Term("利用を申請する", "アプリケーションによるサービスの利用を管理者に申請します。"),
        Term(
            "認証情報",
            "呼び出しのたびに送信するAPIキー (クライアントID) です。サービスによってはクライアントシークレットも必要です。一度しか表示されないため、パスワードと同じように保管してください。",
        ),
        Term("ローテーションする", "新しいキーに切り替えます。旧キーは、選択した時刻まで使用できます。"),
        Term("有効期限", "期限を過ぎると、キーによる呼び出しは拒否されます。"),
    ],
    manager: [
        Term("サービス", "リクエストの送信先です。名前とURLがあります。"),
        Term("ルート", "どのリクエストをサービスに送るかを決めます。"),
        Term("key-auth", "呼び出しのたびにキーを必須にするプラグインです。"),
        Term(
            "application-registration",
            "サービスをポータルに表示し、開発者が利用を申請できるようにするプラグインです。",
        ),
        Term("開発者", "ポータルのアカウントとアプリケーションを持つ利用者です。"),
        Term(
            "アプリケーション",
            "開発者のためにサービスを呼び出すプログラムです。利用の権限とキーはアプリケーションごとに管理されます。",
        ),
        Term("サービス契約", "1つのアプリケーションによる1つのサービスの利用と、その状態です。"),
        Term(
            "コンシューマー",
            "ポータルのアカウントなしでサービスを呼び出します。キーはこの管理画面で発行します。",
        ),
        Term("ローテーションする", "新しいキーに切り替えます。旧キーは、選択した時刻まで使用できます。"),
        Term("管理トークン", "この管理画面へのログインと、Admin APIの呼び出しに使用します。"),
    ],
    states_title: "サービス利用の状態",
    states: [
        (State::Active, "アプリケーションのキーによる呼び出しが許可されます。"),
        (State::Waiting, "管理者の判断を待っています。承認されるまで、呼び出しは拒否されます。"),
        (State::Rejected, "利用は承認されませんでした。もう一度申請できます。"),
        (State::Revoked, "利用の承認が取り消され、呼び出しは拒否されます。"),
        (State::None, "利用はまだ申請されていません。"),
    ],
};
