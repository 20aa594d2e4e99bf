//! What endpoints say of what was sent, in Japanese: they say it in English, in Kong's words where Kong has
//! any, and forms show it beside fields.

use std::borrow::Cow;

use crate::Language;

/// Sentences as endpoints say them, and in Japanese. `{}` stands for any text, which is taken over: the
/// texts of a sentence stand in Japanese at `{0}`, `{1}`, ….
const SENTENCES: &[(&str, &str)] = &[
    ("required field missing", "必須項目です"),
    ("password is required", "パスワードは必須項目です"),
    ("unknown field", "この項目はありません"),
    ("value must be null", "空にしてください"),
    ("cannot be changed", "変更できません"),
    ("must be in the future", "将来の日時を指定してください"),
    ("must be one line", "1行で入力してください"),
    ("expected a string", "文字列を入力してください"),
    ("expected a number", "数値を入力してください"),
    ("expected an integer", "整数を入力してください"),
    ("expected a boolean", "true または false を指定してください"),
    ("expected an array", "リストを指定してください"),
    ("expected a set", "重複のないリストを指定してください"),
    ("expected a map", "名前と値の組を指定してください"),
    ("expected a record", "項目の組を指定してください"),
    ("expected a valid UUID", "UUID を入力してください"),
    ("expected a valid timestamp", "正しい日時を入力してください"),
    ("expected an e-mail address", "メールアドレスを入力してください"),
    ("expected a JSON object, as a string", "JSON オブジェクトを文字列で入力してください"),
    ("expected one of: {}", "次のいずれかを指定してください: {0}"),
    ("must not be one of: {}", "次のものは指定できません: {0}"),
    ("expected to contain: {}", "次のものを含めてください: {0}"),
    ("value should be between {} and {}", "{0} から {1} までの値を指定してください"),
    ("length must be at most {} bytes", "{0} バイト以内で入力してください"),
    ("length must be at least {} characters", "{0} 文字以上で入力してください"),
    ("length must be at least 1", "空にはできません"),
    ("length must be at least {}", "長さは {0} 以上にしてください"),
    ("length must be at most {}", "長さは {0} 以下にしてください"),
    ("length must be {}", "長さは {0} にしてください"),
    ("must not exceed {} bytes", "{0} バイト以内にしてください"),
    (
        "should start with: {} (fixed path) or {} (regex path)",
        "{0}(固定パス)または {1}(正規表現パス)で始めてください",
    ),
    ("should start with: {}", "{0} で始めてください"),
    ("must not have empty segments", "空のセグメント(//)は使えません"),
    ("must not have a port", "ポート番号は付けられません"),
    ("must not be an IP", "IP アドレスは使えません"),
    ("invalid port number", "ポート番号が正しくありません"),
    ("invalid hostname: {}", "ホスト名が正しくありません: {0}"),
    ("invalid ipv4 address: {}", "IPv4 アドレスが正しくありません: {0}"),
    ("invalid ipv6 address: {}", "IPv6 アドレスが正しくありません: {0}"),
    ("invalid ip or cidr range: '{}'", "IP アドレスまたは CIDR が正しくありません: {0}"),
    ("invalid wildcard: must have at most one wildcard", "ワイルドカードは1つまでです"),
    (
        "invalid wildcard: must be placed at leftmost or rightmost label",
        "ワイルドカードは左端または右端のラベルに置いてください",
    ),
    ("only one wildcard must be specified", "ワイルドカードは1つだけ指定できます"),
    (
        "wildcard must be leftmost or rightmost character",
        "ワイルドカードは先頭または末尾の文字にしてください",
    ),
    (
        "invalid value '{}': the only accepted ascii characters are alphanumerics or ., -, _, and ~",
        "「{0}」は使えません。ASCII 文字では英数字と . - _ ~ だけが使えます",
    ),
    (
        "invalid tag '{}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences",
        "タグ「{0}」は使えません。「,」と「/」を除く表示可能な文字を使ってください",
    ),
    ("invalid value: {}", "値が正しくありません: {0}"),
    (
        "invalid path: '{}' (characters outside of the reserved list of RFC 3986 found)",
        "パス「{0}」に使えない文字があります(RFC 3986)",
    ),
    ("invalid url-encoded value: '{}'", "URL エンコードが正しくありません: {0}"),
    (
        "non-normalized path, consider use '{}' instead",
        "正規化されていないパスです。代わりに「{0}」を使ってください",
    ),
    (
        "invalid regex: '{}' (may take {} steps for each byte that it is compared with, at most {} are allowed)",
        "正規表現「{0}」は1バイトあたり {1} ステップかかることがあります(上限は {2})",
    ),
    (
        "regexes may together take {} steps for each byte that they are compared with, at most {} are allowed",
        "正規表現は合わせて1バイトあたり {0} ステップかかることがあります(上限は {1})",
    ),
    ("invalid regex: '{}' ({})", "正規表現「{0}」が正しくありません({1})"),
    ("no header name provided", "ヘッダー名がありません"),
    (
        "cannot contain 'host' header, which must be specified in the 'hosts' attribute",
        "「host」ヘッダーは指定できません。「hosts」に指定してください",
    ),
    (
        "bad header name '{}', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
        "ヘッダー名「{0}」は使えません。使えるのは A-Z、a-z、0-9、「_」、「-」です",
    ),
    ("'{}' should be like 'name: value'", "「{0}」を「名前: 値」の形にしてください"),
    ("must be a colour as '#rrggbb'", "色は「#rrggbb」の形で指定してください"),
    ("must be a PNG", "PNG 画像を指定してください"),
    ("must be 1 to {} pixels wide and high", "幅と高さは 1 から {0} ピクセルまでです"),
    ("must be a text in UTF-8", "UTF-8 のテキストにしてください"),
    (
        "must not contain quotes, backslashes or control characters",
        "引用符、バックスラッシュ、制御文字は使えません",
    ),
    ("cannot parse '{}'", "「{0}」を URI として読めません"),
    ("fragment not allowed in '{}'", "「{0}」にフラグメント(#)は使えません"),
    (
        "when updating, at least one of these fields must be non-empty: {}",
        "次の項目のうち少なくとも1つを指定してください: {0}",
    ),
    (
        "at least one of these fields must be non-empty: {}",
        "次の項目のうち少なくとも1つを指定してください: {0}",
    ),
    (
        "must set one of {} when 'protocols' is {}",
        "「protocols」が {1} のときは、次のうち少なくとも1つを指定してください: {0}",
    ),
    ("must set snis when 'protocols' is {}", "「protocols」が {0} のときは「snis」を指定してください"),
    (
        "'snis' can only be set when 'protocols' is {}",
        "「snis」を指定できるのは「protocols」が {0} のときだけです",
    ),
    ("values of these fields must be distinct: {}", "次の項目には異なる値を指定してください: {0}"),
    ("failed conditional validation given value of field '{}'", "項目「{0}」の値と合っていません"),
    ("these sets are mutually exclusive: {}", "次の組は同時に指定できません: {0}"),
    (
        "the key before is still good: end its grace first, by DELETE of the same path",
        "旧キーがまだ有効です。先に失効させてください",
    ),
    (
        "an existing '{}' entity references this '{}' entity",
        "{1}を参照する{0}がまだあります。先に削除してください",
    ),
    ("is in use already", "すでに使われています"),
    ("there is none of this id", "指定されたものは存在しません"),
    ("cannot set '{}' when 'protocols' is {}", "「protocols」が {1} のときは「{0}」を指定できません"),
    ("unknown type: {}", "種類「{0}」はありません"),
    ("is not open for registration", "申し込みを受け付けていません"),
    (
        "this password is one of the most common: choose another",
        "よく使われるパスワードです。別のものにしてください",
    ),
    ("must not repeat the same few characters", "同じ文字の繰り返しは使えません"),
    (
        "must not be made of your address or of the names of this portal",
        "メールアドレスやこのポータルの名前から作ったものは使えません",
    ),
    (
        "must not be made of common words and rows of keys alone",
        "よくある単語やキーボードの並びだけのものは使えません",
    ),
    (
        "this text is reserved: bring another, or leave it out to have one made",
        "この文字列は予約されています。別のものを指定するか、空にして自動生成してください",
    ),
    (
        "keys that begin with 'lk_' are made here, and this one was not: \
         leave the key out to have one made, or bring one that begins otherwise",
        "「lk_」で始まるキーはここで発行するもので、これはここで発行されたものではありません。\
         空にして自動生成するか、別の文字で始まるキーを指定してください",
    ),
    (
        "'sha256:' must be followed by 64 hex digits, the SHA-256 of a key",
        "「sha256:」の後にはキーの SHA-256(16進64桁)が必要です",
    ),
    (
        "must not begin with 'sha256:' or 'unknown:', which stand for keys",
        "「sha256:」と「unknown:」で始めることはできません",
    ),
    ("must not be after the end of the token that asks for it", "使用中のトークンの期限より後にはできません"),
    ("Old password is invalid", "現在のパスワードが違います"),
    ("too many changes at once, try again", "変更が重なりました。もう一度お試しください"),
    (
        "too many mails were sent in the last hour, try again later",
        "この1時間のメール送信数が上限に達しました。後でもう一度お試しください",
    ),
];

/// Sentences that speak of calls and members, and what people read in their place.
const SAID_TO_PEOPLE: &[(&str, &str)] = &[
    (
        "the key before is still good: end its grace first, by DELETE of the same path",
        "the old key is still good: end it first",
    ),
    ("an existing '{}' entity references this '{}' entity", "there are still {0} here: delete them first"),
    (
        "when updating, at least one of these fields must be non-empty: {}",
        "at least one of these must be filled in: {0}",
    ),
    ("at least one of these fields must be non-empty: {}", "at least one of these must be filled in: {0}"),
    ("must set one of {} when 'protocols' is {}", "at least one of these must be filled in: {0}"),
    ("Old password is invalid", "is not your current password"),
];

/// What an endpoint says is wrong, in a language. What has no translation stays as it is.
pub(crate) fn said_in(language: Language, said: &str) -> Cow<'_, str> {
    match language {
        Language::En => {
            let to_people = |said| said_by(SAID_TO_PEOPLE, said).unwrap_or(said.into());
            said.split("; ").map(to_people).collect::<Vec<_>>().join("; ").into()
        }
        Language::Ja => {
            let sentences = said.split("; ").map(in_japanese);
            sentences.collect::<Vec<_>>().join("。").into()
        }
    }
}

/// One sentence, maybe after the name of a field, which stays.
fn in_japanese(said: &str) -> Cow<'_, str> {
    said_by(SENTENCES, said).unwrap_or(said.into())
}

/// The same, as a table has it; `None`: it has it not.
fn said_by<'s>(table: &[(&str, &str)], said: &'s str) -> Option<Cow<'s, str>> {
    if let Some(found) = found_in(table, said) {
        return Some(found.into());
    }
    let (name, rest) = said.split_once(": ")?;
    Some(format!("{name}: {}", found_in(table, rest)?).into())
}

/// What stands beside a sentence in a table.
fn found_in(table: &[(&str, &str)], said: &str) -> Option<String> {
    table.iter().find_map(|(sentence, other)| {
        let texts = texts(sentence, said)?;
        Some(filled(other, &texts))
    })
}

/// A sentence with texts at their places.
fn filled(sentence: &str, texts: &[&str]) -> String {
    let mut pieces = sentence.split('{');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (place, rest) = piece.split_once('}').unwrap_or(("", piece));
        let text = place.parse().ok().and_then(|place: usize| texts.get(place));
        filled += text.copied().unwrap_or_default();
        filled += rest;
    }
    filled
}

/// The texts of what was said that stand for the `{}` of a sentence; `None`: it is another sentence.
fn texts<'s>(sentence: &str, said: &'s str) -> Option<Vec<&'s str>> {
    let mut pieces = sentence.split("{}");
    let mut rest = said.strip_prefix(pieces.next()?)?;
    let mut texts = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let at = match (piece.is_empty(), pieces.peek().is_none()) {
            (true, true) => rest.len(),
            (false, true) => rest.len().checked_sub(piece.len()).filter(|_| rest.ends_with(piece))?,
            (_, false) => rest.find(piece)?,
        };
        let (text, after) = rest.split_at(at);
        texts.push(text);
        rest = after.strip_prefix(piece)?;
    }
    rest.is_empty().then_some(texts)
}

/// Whether an endpoint's sentence has a translation.
pub fn is_translated(said: &str) -> bool {
    found_in(SENTENCES, said).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_said_in_the_language_of_the_page() {
        for (said, expected) in [
            ("required field missing", "必須項目です"),
            ("length must be at least 1", "空にはできません"),
            ("length must be at least 12 characters", "12 文字以上で入力してください"),
            ("length must be at most 128", "長さは 128 以下にしてください"),
            ("value should be between 0 and 65535", "0 から 65535 までの値を指定してください"),
            ("should start with: /", "/ で始めてください"),
            (
                "should start with: / (fixed path) or ~/ (regex path)",
                "/(固定パス)または ~/(正規表現パス)で始めてください",
            ),
            (
                "host: required field missing; port: expected an integer",
                "host: 必須項目です。port: 整数を入力してください",
            ),
            (
                "invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~",
                "「a b」は使えません。ASCII 文字では英数字と . - _ ~ だけが使えます",
            ),
            (
                "must set one of 'methods', 'hosts' when 'protocols' is 'http'",
                "「protocols」が 'http' のときは、次のうち少なくとも1つを指定してください: 'methods', 'hosts'",
            ),
            ("is in use already", "すでに使われています"),
            ("something that nobody has said before", "something that nobody has said before"),
            ("アドレスが多すぎます", "アドレスが多すぎます"),
            ("", ""),
        ] {
            assert_eq!(said_in(Language::Ja, said), expected, "{said}");
            let is_said_otherwise = said.starts_with("must set one of");
            assert_eq!(said_in(Language::En, said) != said, is_said_otherwise, "{said}");
        }
    }

    #[test]
    fn what_speaks_of_calls_is_said_otherwise_to_people() {
        for (said, expected) in [
            (
                "the key before is still good: end its grace first, by DELETE of the same path",
                "the old key is still good: end it first",
            ),
            (
                "at least one of these fields must be non-empty: 'a', 'b'; c: is in use already",
                "at least one of these must be filled in: 'a', 'b'; c: is in use already",
            ),
            ("when 'a' is b: must be one line", "when 'a' is b: must be one line"),
        ] {
            assert_eq!(said_in(Language::En, said), expected);
        }
    }

    #[test]
    fn what_was_typed_is_taken_over_whole() {
        let said = "invalid regex: '(a' (unclosed group at character 1)";
        assert_eq!(
            said_in(Language::Ja, said),
            "正規表現「(a」が正しくありません(unclosed group at character 1)"
        );
        assert_eq!(texts("a {} b {} c", "a 1 b 2 b 3 c"), Some(vec!["1", "2 b 3"]));
        assert_eq!(texts("a {}", "b 1"), None);
        assert_eq!(texts("a {} c", "a 1 b"), None);
        assert_eq!(texts("a", "ab"), None);
        assert_eq!(texts("{}ab", "a"), None);
    }

    /// A sentence above that is met first would hide one below.
    #[test]
    fn no_sentence_hides_another() {
        for (at, (english, japanese)) in SENTENCES.iter().enumerate() {
            let example = english.replace("{}", "7");
            let found = SENTENCES.iter().position(|(sentence, _)| texts(sentence, &example).is_some());
            assert_eq!(found, Some(at), "{example}");
            for place in 0..english.matches("{}").count() {
                assert!(japanese.contains(&format!("{{{place}}}")), "{english}: text {place} is lost");
            }
        }
    }
}
