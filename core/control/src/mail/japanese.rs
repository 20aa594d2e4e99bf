//! What letters say in Japanese.

use super::Letter;
use super::date::utc;
use super::facts::Facts;

pub(super) fn subject(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => "メールアドレスの確認",
        Letter::AlreadyRegistered => "アカウントは登録済みです",
        Letter::Reset { .. } => "パスワードの再設定",
        Letter::LogInLink { .. } => "ログイン用リンク",
        Letter::Invitation { .. } => "ご招待",
        Letter::ConfirmAddress { .. } => "新しいメールアドレスの確認",
        Letter::AddressChanges { .. } => "メールアドレスが変更されます",
        Letter::PasswordChanged => "パスワードが変更されました",
        Letter::NewBrowser => "新しいブラウザーからのログイン",
        Letter::AfterFailures { .. } => "失敗が続いた後のログイン",
        Letter::Waiting => "アカウントは承認待ちです",
        Letter::Approved => "アカウントが承認されました",
        Letter::Rejected => "アカウントが却下されました",
        Letter::Revoked => "アカウントが取り消されました",
        Letter::TransferOffered { .. } => "アプリケーションの譲渡のお知らせ",
        Letter::AccessRequested { .. } => "サービス利用の申請は承認待ちです",
        Letter::AccessApproved { .. } => "サービス利用の申請が承認されました",
        Letter::AccessRejected { .. } => "サービス利用の申請が却下されました",
        Letter::AccessRevoked { .. } => "サービス利用が取り消されました",
        Letter::KeyEnds { .. } => "APIキーの有効期限が1週間後に切れます",
        Letter::DeveloperWaits { .. } => "開発者が承認待ちです",
        Letter::ContractWaits { .. } => "サービス利用の申請があります",
        Letter::Digest { .. } => "承認待ちのお知らせ",
        Letter::Test => "テスト",
    }
}

/// What stands before the link.
#[expect(clippy::too_many_lines, reason = "a table: a letter, and its words")]
pub(super) fn paragraph(letter: &Letter, facts: &Facts) -> String {
    let Facts { portal, service, key_start, ends_ms, developers, contracts, .. } = facts;
    match letter {
        Letter::Verify { .. } => format!(
            "このメールアドレスで {portal} への新規登録がありました。お心当たりがある場合は、メールアドレスを確認してください。"
        ),
        Letter::AlreadyRegistered => format!(
            "このメールアドレスで {portal} への新規登録がありましたが、すでにアカウントがあります。変更は行われていません。お心当たりがある場合は、ログインしてください。パスワードをお忘れの場合は、ログイン画面から再設定できます。"
        ),
        Letter::Reset { .. } => {
            format!("{portal} のアカウントについて、パスワードの再設定が申し込まれました。")
        }
        Letter::LogInLink { .. } => format!(
            "{portal} へのログイン用リンクが申し込まれました。申し込みに使ったブラウザーで開いてください。"
        ),
        Letter::Invitation { .. } => format!(
            "管理者が {portal} にあなたのアカウントを作成しました。利用するにはパスワードを設定してください。"
        ),
        Letter::ConfirmAddress { .. } => format!(
            "このメールアドレスを {portal} のアカウントに使用する申し込みがありました。ご自身のものであれば確認してください。"
        ),
        Letter::AddressChanges { .. } => format!(
            "{portal} のアカウントのメールアドレスを変更する申し込みがありました。ご自身によるものであれば、何もする必要はありません。"
        ),
        Letter::PasswordChanged => format!(
            "{portal} のアカウントのパスワードが変更されました。お心当たりがない場合は、すぐに新しいパスワードを設定してください。"
        ),
        Letter::NewBrowser => format!(
            "これまで使われていないブラウザーから、{portal} のアカウントにログインがありました。お心当たりがない場合は、すぐに新しいパスワードを設定してください。"
        ),
        Letter::AfterFailures { failures } => format!(
            "{failures} 回の失敗の後に、{portal} のアカウントにログインがありました。お心当たりがない場合は、すぐに新しいパスワードを設定してください。"
        ),
        Letter::Waiting => {
            format!("{portal} のアカウントは管理者の承認待ちです。結果はメールでお知らせします。")
        }
        Letter::Approved => format!(
            "{portal} のアカウントが承認されました。アプリケーションを作成し、サービスの利用を申請できます。"
        ),
        Letter::Rejected => format!("{portal} のアカウントは管理者により却下されました。"),
        Letter::Revoked => format!(
            "{portal} のアカウントは管理者により取り消されました。アプリケーションのAPIキーは使えなくなりました。"
        ),
        Letter::TransferOffered { .. } => format!(
            "{portal} の開発者が、APIキーとサービス利用を含めてアプリケーションの譲渡を申し出ています。承諾すると、あなたのものになります。"
        ),
        Letter::AccessRequested { .. } => {
            format!("{portal} での {service} の利用申請は、管理者の承認待ちです。")
        }
        Letter::AccessApproved { .. } => format!(
            "{portal} での {service} の利用申請が承認されました。アプリケーションのAPIキーで利用できます。"
        ),
        Letter::AccessRejected { .. } => format!(
            "{portal} での {service} の利用申請は却下されました。理由がある場合は、アプリケーションの画面に表示されます。"
        ),
        Letter::AccessRevoked { .. } => format!(
            "{portal} での {service} の利用は取り消されました。理由がある場合は、アプリケーションの画面に表示されます。"
        ),
        Letter::KeyEnds { .. } => format!(
            "{portal} のAPIキー（{key_start} で始まるもの）の有効期限は {} です。それまでに新しい認証情報を発行し、切り替えてください。",
            utc(*ends_ms)
        ),
        Letter::DeveloperWaits { .. } => format!("{portal} の開発者が承認待ちです。"),
        Letter::ContractWaits { .. } => format!("{portal} で {service} の利用申請がありました。"),
        Letter::Digest { .. } => format!(
            "前回のお知らせ以降の {portal} の承認待ち：開発者 {developers} 件、サービス利用の申請 {contracts} 件。"
        ),
        Letter::Test => format!("{portal} からのメールはこのアドレスに届きます。"),
    }
}

/// What the link does.
pub(super) fn button(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => "メールアドレスを確認する",
        Letter::AlreadyRegistered | Letter::LogInLink { .. } | Letter::Approved => "ログイン",
        Letter::Reset { .. }
        | Letter::PasswordChanged
        | Letter::NewBrowser
        | Letter::AfterFailures { .. } => "新しいパスワードを設定する",
        Letter::Invitation { .. } => "パスワードを設定する",
        Letter::ConfirmAddress { .. } => "メールアドレスを確認する",
        Letter::AddressChanges { .. } => "心当たりがないので元のアドレスに戻す",
        Letter::Waiting | Letter::Rejected | Letter::Revoked => "開発者ポータル",
        Letter::TransferOffered { .. }
        | Letter::AccessRequested { .. }
        | Letter::AccessApproved { .. }
        | Letter::AccessRejected { .. }
        | Letter::AccessRevoked { .. }
        | Letter::KeyEnds { .. } => "マイアプリ",
        Letter::DeveloperWaits { .. } => "開発者の一覧",
        Letter::ContractWaits { .. } => "申請の一覧",
        Letter::Digest { .. } | Letter::Test => "管理画面",
    }
}

/// What stands after the link; empty: nothing.
pub(super) fn closing(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => {
            "リンクは24時間以内に1回だけ使えます。お心当たりがない場合は、何もしないでください。確認されるまで、誰もログインできません。"
        }
        Letter::Reset { .. } => {
            "リンクは30分以内に1回だけ使えます。お心当たりがない場合は、何もしないでください。パスワードは変わりません。"
        }
        Letter::LogInLink { .. } => {
            "リンクは10分以内に1回だけ使えます。お心当たりがない場合は、何もせず、表示されるコードを誰にも教えないでください。"
        }
        Letter::Invitation { .. } => "リンクは3日以内に1回だけ使えます。",
        Letter::ConfirmAddress { .. } => {
            "リンクは24時間以内に1回だけ使えます。ご自身のアカウントでない場合は、何もしないでください。"
        }
        Letter::AddressChanges { .. } => {
            "リンクは7日以内に1回だけ使えます。使うと、アカウントのすべてのセッションが終了します。"
        }
        _ => "",
    }
}
