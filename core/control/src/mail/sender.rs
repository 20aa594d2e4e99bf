//! Whom mails come from, as a setting of an installation says it.

/// Longest address (RFC 5321 §4.5.3.1.3, without its angle brackets), in bytes.
const ADDRESS_BYTES_MAX: usize = 254;
/// What a name cannot have without quotation marks (RFC 5322 §3.2.3, but for the space between words), and
/// an address not at all.
const SPECIAL: &str = "()<>[]:;@\\,\"";

/// Checks the setting: an address, or a name and an address in angle brackets. The error says what is
/// wrong, without the variable's name.
///
/// `has_control_origin`: whether it is set where the control door is.
pub fn admit_sender(text: &str, has_control_origin: bool) -> Result<String, String> {
    let is_sender = match text.strip_suffix('>').and_then(|text| text.split_once(" <")) {
        Some((name, address)) => is_name(name) && is_address(address),
        None => is_address(text),
    };
    if !is_sender {
        return Err(
            "must be an address, such as portal@example.com or Portal <portal@example.com>".to_owned()
        );
    }
    if !has_control_origin {
        return Err("needs LATCHKEY_CONTROL_ORIGIN: links in mails begin with it".to_owned());
    }
    Ok(text.to_owned())
}

fn is_name(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte == b' ' || byte.is_ascii_graphic() && !SPECIAL.contains(char::from(byte));
    !text.trim().is_empty() && text.bytes().all(is_allowed)
}

fn is_address(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !SPECIAL.contains(char::from(byte));
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_allowed);
    is_part(local) && is_part(domain) && text.len() <= ADDRESS_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_with_a_name_and_without() {
        for good in ["a@b.example", "a+b@c", "Our Portal <portal@example.com>", "Portal.1 <a@b>"] {
            assert_eq!(admit_sender(good, true).as_deref(), Ok(good));
        }
        let long = format!("{}@b", "a".repeat(253));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b@c",
            "a@b\r\nBcc: c@d",
            "Portal<a@b>",
            " <a@b>",
            "P <a@b> ",
            "P <a@b",
            "P, Q <a@b>",
            "Ü <a@b>",
            "a@b,c@d",
            &long,
        ] {
            let error = admit_sender(bad, true).unwrap_err();
            assert!(error.starts_with("must be an address"), "{bad}: {error}");
        }
    }

    #[test]
    fn links_need_an_origin() {
        assert!(admit_sender("a@b", false).unwrap_err().contains("LATCHKEY_CONTROL_ORIGIN"));
    }
}
